use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A simulated agent, stopped when the test ends.
struct Agent {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Agent {
    /// Starts it with flags of `serve`, and waits until it listens.
    fn start(flags: &[&str]) -> Agent {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("unix://{}/agent.sock", folder.path().display());
        let mut process = Command::new(program())
            .args(["serve", "--address", &address])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let mut lines = stderr.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("listening on ")));
        Agent {
            process,
            address,
            _folder: folder,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn check_is_tried_again() {
    let agent = Agent::start(&["--fail", "Check[1] UNAVAILABLE 'still booting'"]);
    let client = ttrpc::Client::connect(&agent.address).unwrap();
    // The runtime has stubs for this, which ttrpc-codegen makes.
    let check = || {
        let mut request = ttrpc::Request::new();
        request.service = "grpc.Health".to_owned();
        request.method = "Check".to_owned();
        client.request(request)
    };
    let refused = check().unwrap_err();
    assert!(refused.to_string().contains("still booting"));
    // The field `status`, 1, is SERVING.
    assert_eq!(check().unwrap().payload, [8, 1]);
}
