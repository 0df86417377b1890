//! A container's whole life with the simulated agent, as a user sees it: in one
//! run, and in several at a time on one served agent.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::tool::{Running, Tool, connect, tool};

/// A folder with a bundle whose container runs a program.
fn bundle(args: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let config = format!(
        r#"{{"root":{{"path":"rootfs"}},
            "process":{{"user":{{}},"cwd":"/","args":{args},"env":["PATH=/bin"]}},
            "mounts":[{{"destination":"/proc"}},{{"destination":"/dev"}}]}}"#
    );
    fs::write(folder.path().join("config.json"), config).unwrap();
    folder
}

/// `connect` with the bundle and these commands.
fn calls(address: &str, bundle: &Path, commands: &[&str]) -> Tool {
    connect(address, ["-o", "jsonl"])
        .arguments(["--bundle-dir".as_ref(), bundle.as_os_str()])
        .arguments(["-c"])
        .arguments(commands)
}

#[test]
fn from_the_sandbox_to_its_end() {
    let program = r#"["sh","-c","echo out; sleep; cat; echo closed"]"#;
    let bundle = bundle(program);
    let commands = [
        "CreateSandbox hostname=guest sandbox_id=sb",
        "CreateContainer cid=web",
        "StartContainer",
        "ReadStdout len=4096",
        "ReadStderr len=4096",
        "WriteStdin data=\"hello\\n\"",
        "ReadStdout len=4096",
        "ExecProcess exec_id=e1 process.Args=[\"sh\",\"-c\",\"cat; exit 3\"]",
        "WriteStdin exec_id=e1 data=abc",
        "ReadStdout exec_id=e1 len=2",
        "ReadStdout exec_id=e1 len=2",
        "CloseStdin exec_id=e1",
        "ReadStdout exec_id=e1 len=2",
        "WaitProcess exec_id=e1",
        "PauseContainer",
        "ResumeContainer",
        "UpdateContainer resources.Memory.Limit=8192",
        "CloseStdin exec_id=",
        "ReadStdout len=4096",
        "ReadStdout len=4096",
        "WaitProcess",
        "RemoveContainer",
        "DestroySandbox",
    ];
    let answers = [
        "{}",
        "{}",
        "{}",
        r#"{"data":"b3V0Cg=="}"#,
        r#"{"data":"c2xlZXA6IG1pc3Npbmcgb3BlcmFuZAo="}"#,
        r#"{"len":6}"#,
        r#"{"data":"aGVsbG8K"}"#,
        "{}",
        r#"{"len":3}"#,
        r#"{"data":"YWI="}"#,
        r#"{"data":"Yw=="}"#,
        "{}",
        "{}",
        r#"{"status":3}"#,
        "{}",
        "{}",
        "{}",
        "{}",
        r#"{"data":"Y2xvc2VkCg=="}"#,
        "{}",
        "{}",
        "{}",
        "{}",
    ];
    calls("sim://", bundle.path(), &commands)
        .stdout(answers.join("\n") + "\n")
        .test();
}

#[test]
fn statistics_tell_what_runs() {
    let bundle = bundle(r#"["sleep","1000"]"#);
    let commands = [
        "CreateContainer cid=web",
        "StartContainer",
        "ExecProcess exec_id=e1 process.Args=[\"sleep\",\"1000\"]",
        "StatsContainer",
        "SignalProcess exec_id=e1",
        "WaitProcess exec_id=e1",
        "StatsContainer",
    ];
    let output = calls("sim://", bundle.path(), &commands).run().succeeded();
    let stats = |line: usize| -> serde_json::Value {
        let line = output.text().lines().nth(line).unwrap().to_owned();
        let stats: serde_json::Value = serde_json::from_str(&line).unwrap();
        let stats = &stats["cgroup_stats"];
        let usage = &stats["memory_stats"]["usage"];
        serde_json::json!([stats["pids_stats"]["current"], usage["usage"]])
    };
    // Each has a page.
    assert_eq!(stats(3), serde_json::json!(["2", "8192"]));
    assert_eq!(stats(6), serde_json::json!(["1", "4096"]));
}

#[test]
fn an_error_ends_a_run_with_the_status_of_the_real_agent() {
    let bundle = bundle(r#"["sleep","1000"]"#);
    for (commands, status, error) in [
        (
            &["StartContainer cid=web"][..],
            77,
            "StartContainer: the agent answered code: INTERNAL (13): Invalid container id",
        ),
        (
            &["WaitProcess cid=web"],
            67,
            "WaitProcess: the agent answered code: INVALID_ARGUMENT (3): InvalidContainerId",
        ),
        (
            &["CreateContainer cid=web", "TtyWinResize row=1"],
            78,
            "TtyWinResize: the agent answered code: UNAVAILABLE (14): \"no tty\"",
        ),
        (
            &["CreateContainer cid=web", "ReadStdout exec_id=x len=1"],
            69,
            "ReadStdout: the agent answered code: NOT_FOUND (5): InvalidExecId",
        ),
        (
            &["CreateContainer cid=web", "CreateContainer"],
            77,
            "CreateContainer: the agent answered code: INTERNAL (13): exec fifo exists",
        ),
    ] {
        calls("sim://", bundle.path(), commands)
            .status(status)
            .stdout("{}\n".repeat(commands.len() - 1))
            .stderr(format!("error: {error}\n"))
            .test();
    }
}

#[test]
fn a_call_that_blocks_ends_at_its_timeout() {
    let bundle = bundle(r#"["sleep","1000"]"#);
    for call in ["WaitProcess", "ReadStdout len=1", "GetOOMEvent"] {
        let commands = ["CreateContainer cid=web", "StartContainer", call];
        let output = calls("sim://", bundle.path(), &commands)
            .arguments(["--timeout", "300ms"])
            .run();
        // Whether the tool or the agent is first to say so is a matter of luck.
        assert_eq!(output.status, 4, "{}", output.stderr);
        assert_eq!(output.text(), "{}\n{}\n");
    }
}

/// A served agent.
struct Served {
    address: String,
    server: Running,
    _folder: TempDir,
}

impl Served {
    fn start() -> Served {
        let folder = TempDir::new().unwrap();
        let socket = folder.path().join("agent.sock");
        let address = format!("unix://{}", socket.display());
        let server = tool(["serve", "--address", &address]).start();
        Served {
            address,
            server,
            _folder: folder,
        }
    }

    /// Ends it, and gives the log of its requests.
    fn stop(self) -> String {
        self.server.interrupt();
        let output = self.server.wait();
        assert_eq!(output.status, 0, "{}", output.stderr);
        output.text()
    }
}

#[test]
fn connections_share_an_agent_and_one_is_not_held_up_by_another() {
    let bundle = bundle(r#"["cat"]"#);
    let served = Served::start();
    let address = served.address.clone();
    let run = |commands: &[&str]| calls(&address, bundle.path(), commands);
    run(&["CreateContainer cid=web", "StartContainer"])
        .stdout("{}\n{}\n")
        .test();

    let read = run(&["ReadStdout cid=web len=9"]).start();
    let waits = ["WaitProcess cid=web", "WaitProcess cid=web"].map(|call| run(&[call]).start());
    run(&["WriteStdin cid=web data=abc"])
        .stdout("{\"len\":3}\n")
        .test();
    let read = read.wait().succeeded();
    assert_eq!(read.text(), "{\"data\":\"YWJj\"}\n");

    // Executing in a paused container keeps the sandbox until it is given up.
    run(&["PauseContainer cid=web"]).stdout("{}\n").test();
    let exec = "ExecProcess cid=web exec_id=e1 process.Args=[\"sleep\",\"1000\"]";
    let exec = run(&[exec]).arguments(["--timeout", "3s"]).start();
    let stats = || run(&["StatsContainer cid=web"]).arguments(["--timeout", "200ms"]);
    while stats().run().status == 0 {}
    run(&["Check"]).stdout("{\"status\":\"SERVING\"}\n").test();
    run(&["ResumeContainer cid=web"])
        .arguments(["--timeout", "200ms"])
        .status(4)
        .stderr("error: ResumeContainer: no answer within 200ms\n")
        .test();
    assert_eq!(exec.wait().status, 4);
    run(&["ResumeContainer cid=web"]).stdout("{}\n").test();

    run(&["SignalProcess cid=web signal=kill"])
        .stdout("{}\n")
        .test();
    // Whoever asked before the end is told; who came later finds nothing.
    let ends = waits.map(Running::wait);
    assert!(ends.iter().any(|end| end.status == 0));
    for end in ends {
        match end.status {
            0 => assert_eq!(end.text(), "{\"status\":137}\n"),
            _ => assert_eq!(
                end.stderr,
                "error: WaitProcess: the agent answered code: NOT_FOUND (5): InvalidExecId\n"
            ),
        }
    }
    served.stop();
}

#[test]
fn containers_that_are_gone_leave_nothing() {
    let bundle = bundle(r#"["sleep","1000"]"#);
    let served = Served::start();
    let id = served.server.id();
    let life = |times: usize| {
        let commands = [
            "CreateContainer cid=web",
            "StartContainer",
            "ExecProcess exec_id=e1 process.Args=[\"yes\"]",
            "RemoveContainer",
        ];
        let output = calls(&served.address, bundle.path(), &commands.repeat(times)).run();
        assert_eq!(output.status, 0, "{}", output.stderr);
    };
    life(100);
    let before = resident_kib(id);
    life(1000);
    let after = resident_kib(id);
    // Each of them fills a pipe of 64 KiB while it is there.
    assert!(after < before + 16 * 1024, "{before} KiB, then {after} KiB");
    served.stop();
}

/// The memory that a process has of this machine.
fn resident_kib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mut lines = status.lines();
    let line = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
