//! `exec` in pipes: on the simulated agent that runs real processes, and on agents that do what
//! few of them do.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use super::agent::{Says, agent, serving};
use super::host::{CONTAINERD, Host, ok};
use crate::served::{Served, serve};
use crate::tool::{Tool, connect, program, tool};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

/// A pod on a made-up host, whose agent runs real processes.
pub(super) struct Pod {
    pub host: Host,
    pub served: Served,
}

pub(super) const SANDBOX: &str = "5a0dbox";
pub(super) const CONTAINER: &str = "c0ffee0123";

impl Pod {
    pub(super) fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with more options of the agent.
    pub(super) fn with(options: &[&str]) -> Self {
        let mut arguments = vec!["--run-processes", "--allow-root"];
        arguments.extend(options);
        let served = serve(&arguments);
        served.listening();
        let host = Host::new();
        // As the host's own processes write it: the agent is not below the host's root.
        fs::create_dir_all(host.path("run")).unwrap();
        let socket = served.address().replace("unix://", "");
        fs::hard_link(socket, host.path("run/agent")).unwrap();
        host.shim(&format!("run/kata/{SANDBOX}"), ok("remote:///run/agent"));
        host.pod(CONTAINERD, SANDBOX, ("shop", "till"), ("unused", "log"));
        fs::remove_dir_all(host.path(&format!("{CONTAINERD}/unused"))).unwrap();
        host.container(
            CONTAINERD,
            SANDBOX,
            ("shop", "till"),
            (CONTAINER, "cash"),
            json!({
                "root": {"path": "rootfs"},
                "process": {
                    "user": {"uid": 0, "gid": 0, "additionalGids": [3]},
                    "cwd": "/usr",
                    "capabilities": {},
                    "env": ["PATH=/usr/bin:/bin", "OWN=container", "BOTH=container"],
                    "args": ["sleep", "1000"],
                    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 900, "soft": 800}],
                    "noNewPrivileges": true,
                },
                "mounts": [
                    {"destination": "/proc", "type": "proc", "source": "proc"},
                    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
                ],
                "linux": {"namespaces": [{"type": "mount"}]},
            }),
        );
        let rootfs = format!("{CONTAINERD}/{CONTAINER}/rootfs");
        host.write(
            &format!("{rootfs}/etc/passwd"),
            "root:x:0:0:::\nweb:x:33:34:::\n",
        );
        host.write(&format!("{rootfs}/etc/group"), "web:x:34:\nlog:x:4:web\n");
        let bundle = host.path(&format!("{CONTAINERD}/{CONTAINER}"));
        connect(
            &served.address(),
            ["--bundle-dir".as_ref(), bundle.as_os_str()],
        )
        .arguments(["-o", "jsonl", "-c", "CreateSandbox"])
        .arguments([
            format!("CreateContainer cid={CONTAINER}"),
            format!("StartContainer cid={CONTAINER}"),
        ])
        .stdout("{}\n{}\n{}\n")
        .test();
        Self { host, served }
    }

    /// `exec` with these options in the container, found by its pod.
    pub(super) fn exec(&self, options: &[&str], command: &[&str]) -> Tool {
        tool(["exec", &self.host.option()])
            .arguments(options)
            .arguments(["shop/till", "--"])
            .arguments(command)
            .variable("TERM", "dumb")
    }

    /// The requests of an RPC that the agent got, when it ends.
    fn requests(self, method: &str) -> Vec<Value> {
        let (_, log, _) = self.served.end(Signal::SIGTERM);
        let of_method = log.into_iter().filter(|line| line["method"] == method);
        of_method.map(|line| line["request"].clone()).collect()
    }
}

/// Waits for a file.
#[track_caller]
pub(super) fn appears(path: &std::path::Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{path:?} did not appear"
        );
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn streams_and_exit_statuses() {
    let pod = Pod::start();
    pod.exec(&[], &["sh", "-c", "echo out; echo err >&2; exit 7"])
        .status(7)
        .stdout("out\n")
        .stderr("err\n")
        .test();
    pod.exec(&["-i"], &["cat"])
        .stdin("in\0put")
        .stdout("in\0put")
        .test();
    // Without -i there is nothing to read.
    pod.exec(&[], &["cat"]).stdin("ignored").test();
    pod.exec(&[], &["sh", "-c", "kill -9 $$"])
        .status(137)
        .test();
    pod.exec(&["-i"], &["true"])
        .stdin(vec![b'x'; 1 << 20])
        .test();
    pod.exec(&[], &["sh", "-c", "sleep 0.2; echo late"])
        .stdout("late\n")
        .test();
    // As docker exec takes a command, and as kubectl exec does.
    for command in [
        &["echo", "-n", "--", "x"][..],
        &["--", "echo", "-n", "--", "x"],
    ] {
        tool(["exec", &pod.host.option(), "shop/till", "-e", "A=1"])
            .arguments(command)
            .stdout("-- x")
            .test();
    }
}

#[test]
fn what_cannot_be_run() {
    let pod = Pod::start();
    pod.exec(&[], &["frobnicate"])
        .status(127)
        .stderr(
            "error: ExecProcess: the agent answered code: INTERNAL (13): the file frobnicate was \
             not found\n",
        )
        .test();
    let option = pod.host.option();
    let address = pod.served.address();
    tool(["exec", "-a", &address, "nothing", "--", "true"])
        .status(125)
        .stderr(
            "error: ExecProcess: the agent answered code: INTERNAL (13): Invalid container id\n",
        )
        .test();
    for (arguments, error) in [
        (
            &["nothing"][..],
            "no container of a Kata sandbox on this host matches \"nothing\", by its ID or \
             namespace/pod/container; \"kata-agent-ctl sandboxes\" lists what there is",
        ),
        (
            &["shop/till/none"],
            "no container of a Kata sandbox on this host matches \"shop/till/none\", by its ID \
             or namespace/pod/container; \"kata-agent-ctl sandboxes\" lists what there is",
        ),
        (
            &["shop/none"],
            "no sandbox of this host matches \"shop/none\", by its ID, a container's ID or \
             namespace/pod; \"kata-agent-ctl sandboxes\" lists what there is",
        ),
        (
            &["--exec-id", CONTAINER, "c0f"],
            "--exec-id: \"c0ffee0123\" is the container's own ID, and stands for its first \
             process; give another one",
        ),
        (
            &["--exec-id", "", "c0f"],
            "--exec-id: \"\" stands for its first process; give another one",
        ),
        (
            &["-u", "nobody", "c0f"],
            "--user: the container has no user \"nobody\"",
        ),
        (
            &["-w", "tmp", "c0f"],
            "--workdir: \"tmp\" is not an absolute path",
        ),
        (
            &["-e", "=x", "c0f"],
            "--env: \"=x\" has no name; write NAME=VALUE",
        ),
    ] {
        tool(["exec", &option])
            .arguments(arguments)
            .arguments(["--", "true"])
            .status(125)
            .stderr(format!("error: {error}\n"))
            .test();
    }
    tool([
        "exec",
        "-a",
        "unix://./none.sock",
        "--connect-timeout",
        "0",
        "web",
        "--",
        "true",
    ])
    .status(125)
    .stderr("error: cannot connect to \"unix://./none.sock\": there is no such socket file\n")
    .test();
    // A mistake that is found before anything else is not the process's own status either.
    for (arguments, error) in [
        (
            &["-a", "sim://", "--frobnicate", "web", "--", "true"][..],
            "unexpected argument '--frobnicate' found",
        ),
        (
            &["-a", "sim://", "web"],
            "the following required arguments were not provided: <COMMAND>...",
        ),
        (
            &["-a", "sim://", "--sandbox", "5a0", "web", "--", "true"],
            "give --server-address or --sandbox, not both",
        ),
    ] {
        let output = tool(["-l", "error", "exec"]).arguments(arguments).run();
        assert_eq!(output.status, 125, "{arguments:?}");
        let expected = format!("error: {error}");
        assert!(output.error().starts_with(&expected), "{}", output.stderr);
    }
    tool(["exec", "web", "--detach-keys", "ctrl-1", "--", "true"])
        .status(125)
        .stderr(
            "error: invalid value 'ctrl-1' for '--detach-keys <KEYS>': \"ctrl-1\" is not a key: \
             write keys separated by commas, each a character or ctrl-X, where X is a letter or \
             one of @ [ \\ ] ^ _\n",
        )
        .test();
}

#[test]
fn a_process_is_as_its_container_says_and_the_options_change() {
    let pod = Pod::start();
    let show = "echo $OWN $BOTH $GIVEN $HERE; pwd";
    pod.exec(&[], &["sh", "-c", show])
        .stdout("container container\n/usr\n")
        .test();
    let options = [
        "-e",
        "BOTH=given",
        "-e",
        "GIVEN=a b=c",
        "-e",
        "HERE",
        "-e",
        "NOT",
        "-w",
        "/",
    ];
    pod.exec(&options, &["sh", "-c", show])
        .variable("HERE", "there")
        .stdout("container given a b=c there\n/\n")
        .test();
    pod.exec(&["-u", "web"], &["true"]).test();
    // Another container of this agent, of which nothing is known here.
    let address = pod.served.address();
    tool([
        "exec",
        "-a",
        &address,
        CONTAINER,
        "--",
        "sh",
        "-c",
        "echo $OWN$PATH; pwd",
    ])
    .stdout("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/\n")
    .test();
    let sandbox = [
        "exec",
        "--sandbox",
        "5a0",
        &pod.host.option(),
        "cash",
        "--",
        "pwd",
    ];
    tool(sandbox).stdout("/usr\n").test();
    let by_prefix = ["exec", &pod.host.option(), "c0f", "--", "pwd"];
    tool(by_prefix).stdout("/usr\n").test();
    let by_name = ["exec", &pod.host.option(), "shop/till/cash", "--", "pwd"];
    tool(by_name).stdout("/usr\n").test();

    let requests = pod.requests("ExecProcess");
    let own = &requests[0]["process"];
    assert_eq!(requests[0]["container_id"], CONTAINER);
    assert_eq!(requests[0]["exec_id"].as_str().unwrap().len(), 64);
    assert_ne!(requests[0]["exec_id"], requests[1]["exec_id"]);
    assert_eq!(own["User"]["AdditionalGids"], json!([3]));
    assert_eq!(own["NoNewPrivileges"], true);
    assert_eq!(
        own["Rlimits"],
        json!([{"Type": "RLIMIT_NOFILE", "Hard": "900", "Soft": "800"}])
    );
    assert_eq!(own["Capabilities"], Value::Null);
    let user = &requests[2]["process"]["User"];
    assert_eq!(*user, json!({"UID": 33, "GID": 34, "AdditionalGids": [4]}));
}

/// Bytes without a pattern that a mistake could hide in.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn ten_megabytes_both_ways_while_both_outputs_flow() {
    let pod = Pod::start();
    let folder = tempfile::TempDir::new().unwrap();
    let input = bytes(10_000_000);
    let errors = folder.path().join("errors");
    fs::write(folder.path().join("input"), &input).unwrap();
    let output = Command::new(program())
        .args([
            "exec",
            &pod.host.option(),
            "-i",
            "shop/till",
            "--",
            "tee",
            "/dev/stderr",
        ])
        .stdin(fs::File::open(folder.path().join("input")).unwrap())
        .stderr(fs::File::create(&errors).unwrap())
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout == input, "{} bytes came", output.stdout.len());
    assert!(fs::read(errors).unwrap() == input);
}

#[test]
fn a_process_that_ends_before_it_is_read_loses_nothing() {
    let pod = Pod::with(&["--delay", "ReadStdout 300ms", "--delay", "ReadStderr 400ms"]);
    pod.exec(&[], &["sh", "-c", "echo out; echo err >&2"])
        .stdout("out\n")
        .stderr("err\n")
        .test();
}

#[test]
fn a_reader_that_has_gone_ends_the_process() {
    let pod = Pod::start();
    let script = format!(
        "{} exec {} shop/till -- yes | head -1; echo ${{PIPESTATUS[0]}}",
        program(),
        pod.host.option()
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "y\n141\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let signals = pod.requests("SignalProcess");
    assert_eq!(signals.len(), 1);
    assert_eq!(signals[0]["signal"], 13);
}

#[test]
fn signals_go_to_the_process() {
    let pod = Pod::start();
    let folder = tempfile::TempDir::new().unwrap();
    for (signal, status) in [
        (Signal::SIGINT, 41),
        (Signal::SIGTERM, 42),
        (Signal::SIGUSR1, 43),
        (Signal::SIGHUP, 44),
    ] {
        let ready = folder.path().join(signal.as_str());
        let script = format!(
            "trap 'exit 41' INT; trap 'exit 42' TERM; trap 'exit 43' USR1; trap 'exit 44' HUP; \
             touch {}; while :; do sleep 0.05; done",
            ready.display()
        );
        let run = pod
            .exec(&[], &["bash", "-c", &script])
            .heeds_signals()
            .start();
        appears(&ready);
        run.signal(signal);
        let output = run.wait();
        assert_eq!(
            (output.status, output.stderr.as_str()),
            (status, ""),
            "{signal}"
        );
    }
}

#[test]
fn a_signal_while_the_process_is_started_reaches_it() {
    let (tool_id, id) = std::sync::mpsc::channel();
    let id = Mutex::new(id);
    let signals = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&signals);
    let agent = agent(move |method, payload| match method {
        "ExecProcess" => {
            let id: i32 = id.lock().unwrap().recv().unwrap();
            kill(Pid::from_raw(id), Signal::SIGTERM).unwrap();
            thread::sleep(Duration::from_millis(100));
            Says::Payload(Vec::new())
        }
        "SignalProcess" => {
            // Field 3 is 15.
            seen.fetch_add(usize::from(payload.ends_with(&[24, 15])), Ordering::SeqCst);
            Says::Payload(Vec::new())
        }
        "WaitProcess" => Says::Payload(vec![8, 0x8f, 1]),
        _ => Says::Payload(Vec::new()),
    });
    let run = tool(["exec", "-a", &agent.address(), "web", "--", "x"]).start();
    tool_id.send(i32::try_from(run.id()).unwrap()).unwrap();
    let output = run.wait();
    assert_eq!((output.status, output.stderr.as_str()), (143, ""));
    assert_eq!(signals.load(Ordering::SeqCst), 1);
}

#[test]
fn a_second_signal_ends_a_run_whose_agent_does_not_take_the_first() {
    let pod = Pod::with(&["--drop", "SignalProcess"]);
    let folder = tempfile::TempDir::new().unwrap();
    let ready = folder.path().join("ready");
    let script = format!("touch {}; sleep 1000", ready.display());
    let run = pod.exec(&[], &["sh", "-c", &script]).start();
    appears(&ready);
    run.interrupt();
    thread::sleep(Duration::from_millis(200));
    run.interrupt();
    let output = run.wait();
    assert_eq!(
        (output.status, output.stderr.as_str()),
        (130, "error: interrupted\n")
    );
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one() {
    // timeout sends it to the tool and to the tool's group.
    let pod = Pod::start();
    let folder = tempfile::TempDir::new().unwrap();
    let ready = folder.path().join("ready");
    let script = format!(
        "trap 'echo got; exit 5' TERM; touch {}; while :; do sleep 0.05; done",
        ready.display()
    );
    let run = pod.exec(&[], &["bash", "-c", &script]).start();
    appears(&ready);
    for _ in 0..20 {
        run.signal(Signal::SIGTERM);
        thread::sleep(Duration::from_millis(1));
    }
    let output = run.wait();
    assert_eq!((output.status, output.text().as_str()), (5, "got\n"));
    assert_eq!(pod.requests("SignalProcess").len(), 1);
}

#[test]
fn a_limit_of_time_kills_the_process() {
    let pod = Pod::start();
    pod.exec(&["--timeout", "300ms"], &["sleep", "1000"])
        .status(125)
        .stderr("error: the process did not end within 300ms, and was killed\n")
        .test();
    let signals = pod.requests("SignalProcess");
    assert_eq!(signals[0]["signal"], 9);

    // A start that blocks, as on a paused container.
    let pod = Pod::with(&["--drop", "ExecProcess"]);
    pod.exec(&["--timeout", "300ms"], &["true"])
        .status(125)
        .stderr("error: ExecProcess: no answer within 300ms\n")
        .test();
    let run = pod.exec(&[], &["true"]).start();
    thread::sleep(Duration::from_millis(500));
    run.interrupt();
    let output = run.wait();
    assert_eq!(
        (output.status, output.stderr.as_str()),
        (130, "error: interrupted\n")
    );
}

#[test]
fn an_agent_that_is_lost() {
    let pod = Pod::with(&["--close", "WaitProcess"]);
    let output = pod.exec(&[], &["echo", "out"]).run();
    assert_eq!(output.status, 125);
    assert_eq!(output.text(), "out\n");
    assert_eq!(
        output.error(),
        "error: the agent closed the connection before it answered"
    );
}

#[test]
fn programs_that_cannot_be_run_have_the_statuses_of_a_shell() {
    for (status, message, expected) in [
        (13, "EACCES: Permission denied", 126),
        (13, "ENOENT: No such file or directory", 127),
        (13, "the file x was not found", 127),
        (13, "failed to join pidns", 125),
        (
            13,
            "failed to join pidns\n\nStack backtrace:\n 1: no such file or directory",
            125,
        ),
        (
            7,
            "ExecProcessRequest is blocked by policy: /x: no such file",
            125,
        ),
        (7, "ExecProcessRequest is blocked by policy", 125),
    ] {
        let agent = agent(move |_, _| Says::Status(status, message));
        let output = tool(["exec", "-a", &agent.address(), "web", "--", "x"]).run();
        assert_eq!(output.status, expected, "{message}");
        let line = message.lines().next().unwrap();
        assert!(output.error().contains(line), "{}", output.stderr);
    }
}

#[test]
fn a_program_that_the_guest_cannot_run_is_told() {
    let note = "warn: no output came, and 13 is also how a process ends whose program the guest \
                cannot run: permission denied\n";
    let pod = Pod::start();
    pod.exec(&[], &["/etc/passwd"])
        .status(13)
        .stderr(note)
        .test();
    pod.exec(&[], &["sh", "-c", "echo; exit 13"])
        .status(13)
        .stdout("\n")
        .test();
}

/// What GetGuestDetails answers where the agent has a policy.
fn with_policy() -> Says {
    let feature = b"agent-policy";
    let mut details = vec![0x32, u8::try_from(feature.len()).unwrap()];
    details.extend(feature);
    let mut answer = vec![0x12, u8::try_from(details.len()).unwrap()];
    answer.extend(details);
    Says::Payload(answer)
}

#[test]
fn output_that_a_policy_may_withhold() {
    let note = "warn: no output came, and the agent has a policy, which may withhold output \
                (ReadStreamRequest)\n";
    for has_policy in [true, false] {
        let agent = agent(move |method, _| match method {
            "GetGuestDetails" if has_policy => with_policy(),
            _ => Says::Payload(Vec::new()),
        });
        tool(["exec", "-a", &agent.address(), "web", "--", "x"])
            .stderr(if has_policy { note } else { "" })
            .test();
    }
}

#[test]
fn output_that_is_withheld_is_read_all_the_same() {
    // The process ends once it was read for a third time after the two empty answers that look
    // like an end.
    let agent = Listener::start(|_, mut stream| {
        let (mut reads, mut waiting) = (0, None);
        while let Ok((stream_id, data)) = read_frame(&mut stream) {
            let method = String::from_utf8_lossy(&data).into_owned();
            let mut answered = vec![stream_id];
            if method.contains("WaitProcess") {
                waiting = answered.pop();
            }
            reads += usize::from(method.contains("ReadStdout"));
            if reads >= 5 {
                answered.extend(waiting.take());
            }
            for stream_id in answered {
                let _ = stream.write_all(&frame(stream_id, RESPONSE, 0, &[]));
            }
        }
    });
    tool(["exec", "-a", &agent.address(), "web", "--", "x"]).test();
}

/// An agent with a process whose standard output comes in these pieces.
fn reader(pieces: &'static [&'static str]) -> (Listener, Arc<Mutex<Vec<String>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let read = AtomicUsize::new(0);
    let bytes = |text: &str| {
        let mut payload = vec![0x0a, u8::try_from(text.len()).unwrap()];
        payload.extend(text.as_bytes());
        Says::Payload(payload)
    };
    let agent = agent(move |method, _| {
        seen.lock().unwrap().push(method.to_owned());
        match method {
            "ReadStdout" => {
                let index = read.fetch_add(1, Ordering::SeqCst);
                bytes(pieces.get(index).copied().unwrap_or_default())
            }
            "ReadStderr" => bytes(""),
            // A status in the upper bits does not reach the shell.
            "WaitProcess" => Says::Payload(vec![8, 0x85, 2]),
            "Check" => serving(),
            _ => Says::Payload(Vec::new()),
        }
    });
    (agent, calls)
}

#[test]
fn one_empty_answer_is_not_the_end() {
    let (agent, calls) = reader(&["early ", "", "late ", "", "later", "", ""]);
    tool(["exec", "-a", &agent.address(), "web", "--", "x"])
        .status(5)
        .stdout("early late later")
        .test();
    let calls = calls.lock().unwrap();
    let position = |method: &str| calls.iter().rposition(|call| call == method).unwrap();
    assert!(position("WaitProcess") > position("ReadStdout"));
    assert_eq!(calls.iter().filter(|call| *call == "ReadStdout").count(), 7);
    assert_eq!(calls.iter().filter(|call| *call == "ReadStderr").count(), 2);
    assert_eq!(calls[0], "ExecProcess");
}

#[test]
fn what_an_agent_refuses_in_between_is_told() {
    let was_written = AtomicBool::new(false);
    let agent = agent(move |method, _| match method {
        "ReadStdout" => Says::Status(7, "ReadStreamRequest is blocked by policy: \u{1b}[2J"),
        "WriteStdin" => {
            was_written.store(true, Ordering::SeqCst);
            Says::Status(7, "WriteStreamRequest is blocked by policy: ")
        }
        // The process does not end before it is given the input.
        "ReadStderr" if !was_written.load(Ordering::SeqCst) => {
            thread::sleep(Duration::from_millis(5));
            Says::Payload(vec![0x0a, 1, b'\n'])
        }
        _ => Says::Payload(Vec::new()),
    });
    let output = tool(["exec", "-a", &agent.address(), "-i", "web", "--", "x"])
        .stdin("input")
        .run();
    assert_eq!(output.status, 0);
    let lines = output.stderr.lines().filter(|line| !line.is_empty());
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "warn: standard input is not passed on: the agent answered code: PERMISSION_DENIED \
             (7): WriteStreamRequest is blocked by policy: ",
            r"warn: standard output is not read: the agent answered code: PERMISSION_DENIED (7): ReadStreamRequest is blocked by policy: \x1b[2J",
        ]
    );
}
