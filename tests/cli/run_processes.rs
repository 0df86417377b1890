//! `serve --run-processes`: programs of this machine behind the processes of
//! containers.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::sys::signal::Signal;
use tempfile::TempDir;
use test_support::skip_even_if_required;

use crate::tool::{Output, Running, connect, tool};

const CONFIG: &str = r#"{"root":{"path":"rootfs"},
    "mounts":[{"destination":"/proc"},{"destination":"/dev"}],
    "process":{"user":{},"cwd":"/","capabilities":{},"env":["PATH=/usr/bin:/bin","NAME=value"],
        "args":["sh","-c","echo $$; sleep 1000 & echo $!; read line; echo $NAME $line; wait"]},
    "linux":{"namespaces":[{"type":"mount"}]}}"#;

/// How long a process may take to end.
const LIMIT: Duration = Duration::from_secs(20);

struct Served {
    folder: TempDir,
    server: Running,
}

impl Served {
    fn start() -> Served {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("config.json"), CONFIG).unwrap();
        let address = address(folder.path());
        let server = tool(["serve", "--address", &address]);
        let server = server
            .arguments(["--run-processes", "--allow-root"])
            .start();
        Served { folder, server }
    }

    fn call(&self, format: &str, commands: &[&str]) -> Output {
        connect(&address(self.folder.path()), ["-o", format])
            .arguments(["--bundle-dir".as_ref(), self.folder.path().as_os_str()])
            .arguments(["-c"])
            .arguments(commands)
            .run()
    }

    /// One line that the container's program writes.
    fn line(&self) -> String {
        let mut line = String::new();
        while !line.ends_with('\n') {
            let read = self.call("raw", &["ReadStdout cid=web exec_id=web len=1"]);
            line.push_str(&read.succeeded().text());
        }
        line.trim().to_owned()
    }
}

fn address(folder: &Path) -> String {
    format!("unix://{}/agent.sock", folder.display())
}

fn runs(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| !state.starts_with('Z'))
}

/// Waits for the end of a process.
#[track_caller]
fn ends(id: &str) {
    let started = Instant::now();
    while runs(id) {
        assert!(started.elapsed() < LIMIT, "process {id} still runs");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn programs_run_for_real_and_end_with_the_agent() {
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let served = Served::start();
        let created = [
            "CreateSandbox",
            "CreateContainer cid=web",
            "StartContainer cid=web",
        ];
        served.call("jsonl", &created).succeeded();
        let (first, second) = (served.line(), served.line());
        assert!(runs(&first) && runs(&second));
        served
            .call("jsonl", &[r#"WriteStdin cid=web data="more\n""#])
            .succeeded();
        assert_eq!(served.line(), "value more");

        let exec = [
            r#"ExecProcess cid=web exec_id=e process.Args=["sh","-c","cat; exit 7"]"#,
            "WriteStdin cid=web exec_id=e data=abc",
            "CloseStdin cid=web exec_id=e",
            "ReadStdout cid=web exec_id=e len=10",
            "WaitProcess cid=web exec_id=e",
        ];
        let answers = served.call("jsonl", &exec).succeeded().text();
        assert_eq!(
            answers,
            "{}\n{\"len\":3}\n{}\n{\"data\":\"YWJj\"}\n{\"status\":7}\n"
        );
        let missing = served.call(
            "jsonl",
            &[r#"ExecProcess cid=web exec_id=f process.Args=["frobnicate"]"#],
        );
        assert_eq!(missing.status, 77);
        let text = "code: INTERNAL (13): the file frobnicate was not found";
        assert!(missing.stderr.contains(text), "{}", missing.stderr);

        served.server.signal(signal);
        if signal == Signal::SIGINT {
            assert_eq!(served.server.wait().status, 0);
            ends(&second);
        }
        ends(&first);
        if let (Signal::SIGKILL, Ok(id)) = (signal, second.parse()) {
            // Whom nobody could kill any more: it is not a child of the agent's.
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal);
        }
    }
}

#[test]
fn the_superuser_must_mean_it() {
    tool(["serve", "--address", "unix://./agent.sock", "--allow-root"])
        .status(2)
        .stderr("error: the following required arguments were not provided: --run-processes\n")
        .test();
    if !nix::unistd::geteuid().is_root() {
        skip_even_if_required("only the superuser is warned");
    } else {
        tool([
            "serve",
            "--address",
            "unix://./agent.sock",
            "--run-processes",
        ])
        .status(2)
        .stderr(
            "error: --run-processes would let whoever calls the agent run programs as root on \
                 this machine: serve as another user, or add --allow-root if that is meant\n",
        )
        .test();
    }
}
