//! Calls of a simulated agent that go wrong because they are asked to.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use tempfile::TempDir;

use crate::served::serve;
use crate::terminal::program_at_terminal;
use crate::tool::{program, tool};

#[test]
fn every_kind_as_a_client_sees_it() {
    let closed = "error: Check: the agent closed the connection before it answered\n";
    for (rule, status, stdout, stderr) in [
        (
            ["--reply", "Check status=NOT_SERVING"],
            0,
            "{\"status\":\"NOT_SERVING\"}\n",
            "",
        ),
        (
            ["--reply", "Check json://{\"status\": \"UNKNOWN\"} status=2"],
            0,
            "{\"status\":\"NOT_SERVING\"}\n",
            "",
        ),
        (["--reply", "Check"], 0, "{}\n", ""),
        (
            ["--reply-with", "Check status=NOT_SERVING"],
            0,
            "{\"status\":\"NOT_SERVING\"}\n",
            "",
        ),
        (
            ["--fail", "Check NOT_FOUND \"no such image\""],
            69,
            "",
            "error: Check: the agent answered code: NOT_FOUND (5): no such image\n",
        ),
        (
            ["--fail", "Check 999"],
            192,
            "",
            "error: Check: the agent answered code: 999: a failure that was asked for\n",
        ),
        (
            ["--delay", "Check 50ms"],
            0,
            "{\"status\":\"SERVING\"}\n",
            "",
        ),
        (["--close", "Check"], 3, "", closed),
        (["--close", "*"], 3, "", closed),
        (["--die", "Check"], 3, "", closed),
        (["--reply", "*"], 0, "{}\n", ""),
        (
            ["--garbage", "Check hex:ffffffff00000001020000"],
            3,
            "",
            "error: Check: the agent broke the ttRPC protocol: a frame header announces \
             4294967295 bytes, and at most 4194304 are allowed: ff ff ff ff 00 00 00 01 02 00\n",
        ),
        (
            ["--truncate", "Check"],
            3,
            "",
            "error: Check: the agent closed the connection inside a frame header, after 8 of 10 \
             bytes: 00 00 00 06 00 00 00 01\n",
        ),
        (["--truncate", "Check 0"], 3, "", closed),
        (
            ["--truncate", "Check 12"],
            3,
            "",
            "error: Check: the agent closed the connection inside the data of a frame, after 2 of 6 \
             bytes\n",
        ),
    ] {
        let served = serve(&rule);
        served.listening();
        let call = served.call(&["Check"]);
        let hybrid = served.address().replace("unix:", "hvsock:");
        let hint =
            format!("; if this is a hypervisor's hybrid vsock socket, write \"{hybrid}:1024\"\n");
        let stderr = match status {
            // Nothing has come that only an agent sends.
            3 => stderr.replace("before it answered\n", &format!("before it answered{hint}")),
            _ => stderr.to_owned(),
        };
        call.status(status).stdout(stdout).stderr(stderr).test();
        let (ended, lines, said) = served.end(Signal::SIGTERM);
        assert_eq!((ended, said), (Some(0), Vec::new()));
        let kind = rule[0].trim_start_matches("--");
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["faults"], json!([kind]));
    }
}

#[test]
fn a_delay_is_waited_for_in_full() {
    let served = serve(&["--delay", "Check 1s"]);
    served.listening();
    let output = served.call(&["Check"]).run().succeeded();
    assert!(output.time >= Duration::from_secs(1), "{:?}", output.time);
    let (_, lines, _) = served.end(Signal::SIGTERM);
    assert!(lines[0]["duration_us"].as_u64().unwrap() >= 1_000_000);
}

#[test]
fn a_dropped_call_is_never_answered() {
    let served = serve(&["--drop", "Check"]);
    served.listening();
    let call = served.call(&["Check"]).arguments(["--timeout", "100ms"]);
    call.status(4)
        .stderr("error: Check: no answer within 100ms\n")
        .test();
}

#[test]
fn some_calls_by_their_number() {
    let served = serve(&["--fail", "Check[2..3] 14 later", "--close", "Check[5]"]);
    served.listening();
    let failed = "error: Check: the agent answered code: UNAVAILABLE (14): later\n";
    let call = served.call(&["Check", "--repeat", "6", "--ignore-errors"]);
    call.status(78)
        .stdout("{\"status\":\"SERVING\"}\n".repeat(3))
        .stderr(format!(
            "{failed}{failed}error: Check: the agent closed the connection before it answered\n"
        ))
        .test();
}

#[test]
fn some_calls_by_a_field_of_their_request() {
    let served = serve(&["--fail", "StartContainer[container_id=web] 14 \"not yet\""]);
    served.listening();
    let call = |id: &str| served.call(&[&format!("StartContainer container_id={id}")]);
    call("web")
        .status(78)
        .stderr("error: StartContainer: the agent answered code: UNAVAILABLE (14): not yet\n")
        .test();
    assert_eq!(call("web2").run().status, 77);
}

#[test]
fn other_fields_of_an_answer_stay_as_the_agent_has_them() {
    let served = serve(&["--reply-with", "Version agent_version=9.9.9"]);
    served.listening();
    served
        .call(&["Version"])
        .stdout("{\"grpc_version\":\"0.0.1\",\"agent_version\":\"9.9.9\"}\n")
        .test();
}

#[test]
fn an_element_of_a_list_is_changed_and_others_stay() {
    let rules = [
        "--reply-with",
        "ListInterfaces Interfaces[0].mtu=9000 Interfaces={\"name\":\"net1\"}",
        "--reply-with",
        "ListRoutes Routes[3].device=eth9",
    ];
    let served = serve(&rules);
    served.listening();
    served
        .call(&["ListInterfaces", "ListRoutes"])
        .stdout(
            "{\"Interfaces\":[{\"name\":\"lo\",\"IPAddresses\":[{\"family\":\"v6\",\"address\":\"127.0.0.1\",\
             \"mask\":\"8\"},{\"address\":\"::1\",\"mask\":\"128\"}],\"mtu\":\"9000\",\
             \"hwAddr\":\"00:00:00:00:00:00\"},{\"name\":\"net1\"}]}\n{}\n",
        )
        .test();
}

#[test]
fn chance_comes_again_with_its_seed() {
    let calls = |arguments: &[&str]| {
        let rule = ["--fail", "Check[50%] 5"];
        let served = serve(&[&rule, arguments].concat());
        let said = served.listening();
        let call = served.call(&["Check", "--repeat", "40", "--ignore-errors"]);
        let output = call.run();
        assert_eq!(output.status, 69, "{}", output.stderr);
        let (_, lines, _) = served.end(Signal::SIGTERM);
        let codes: Vec<_> = lines
            .iter()
            .map(|line| line["status"]["code"].as_u64().unwrap())
            .collect();
        assert_eq!(codes.len(), 40);
        (said, codes)
    };
    let (said, seven) = calls(&["--seed", "7"]);
    assert_eq!(said, ["seed 7"]);
    assert_eq!(calls(&["--seed", "7"]).1, seven);
    assert_ne!(calls(&["--seed", "8"]).1, seven);

    let (said, first) = calls(&[]);
    let seed = said[0].strip_prefix("seed ").unwrap();
    assert_eq!(calls(&["--seed", seed]), (said.clone(), first));
}

#[test]
fn rules_from_files_and_flags_stand_in_their_order() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("rules");
    let rules = "# rules\n\nfail Check[2] 7 file # the second\n  close Version\r\n";
    std::fs::write(&file, rules).unwrap();
    let file = file.display().to_string();
    let flags = [
        "--fail",
        "Check[1] 5 one",
        "--faults",
        &file,
        "--fail",
        "Check 6 all",
    ];
    let served = serve(&flags);
    served.listening();
    let call = served.call(&["Check", "Check", "Check", "Version", "--ignore-errors"]);
    call.status(69)
        .stderr(
            "error: Check: the agent answered code: NOT_FOUND (5): one\n\
             error: Check: the agent answered code: PERMISSION_DENIED (7): file\n\
             error: Check: the agent answered code: ALREADY_EXISTS (6): all\n\
             error: Version: the agent closed the connection before it answered\n",
        )
        .test();
}

#[test]
fn standard_input_changes_rules_while_it_runs() {
    let mut served = serve(&["--fail", "Check 5"]);
    served.listening();
    let call = |served: &crate::served::Served| served.call(&["Check"]).run().status;
    assert_eq!(call(&served), 69);
    served.obeys("clear Check\n");
    assert_eq!(call(&served), 0);
    served.obeys("# a comment\n\nfail Check[2..] UNAVAILABLE\n");
    assert_eq!((call(&served), call(&served)), (0, 78));

    served.tell("list\n");
    assert_eq!(served.says(), "fail Check[2..] UNAVAILABLE  # 1 of 2 calls");
    served.tell("fial Check 5\n");
    let error = "error: standard input: there is no command \"fial\"; did you mean \"fail\"?";
    assert_eq!(served.says(), error);
    served.tell("fail Check[0] 5\nreply Version file://-\n");
    let error = "error: standard input: [0]: calls are counted from 1";
    assert_eq!(served.says(), error);
    let error =
        "error: standard input: standard input can be read only once, and it is read already";
    assert_eq!(served.says(), error);
    served.tell("list\n");
    assert_eq!(served.says(), "fail Check[2..] UNAVAILABLE  # 1 of 2 calls");
    served.tell("close Version[50%]\n");
    assert!(served.says().starts_with("seed "));

    // The last line needs no end, and the end of the input ends nothing.
    served.tell("clear\n\u{7f}");
    served.close_stdin();
    let error = "error: standard input: there is no command \"\\x7f\"; help lists them";
    assert_eq!(served.says(), error);
    assert_eq!(call(&served), 0);
    assert_eq!(served.end(Signal::SIGINT).0, Some(0));
}

#[test]
fn a_container_runs_out_of_memory_when_standard_input_says_so() {
    let mut served = serve(&[]);
    served.listening();
    let waiting = served.call(&["GetOOMEvent", "GetOOMEvent"]).start();
    // Whether it waits by now or not, it gets both; mostly it does.
    thread::sleep(Duration::from_millis(200));
    served.tell("oom web\noom\noom 'a container' # it need not be there\n");
    let error = "error: standard input: the ID of a container is missing; write oom CONTAINER_ID";
    assert_eq!(served.says(), error);
    let output = waiting.wait().succeeded();
    assert_eq!(
        output.text(),
        "{\"container_id\":\"web\"}\n{\"container_id\":\"a container\"}\n"
    );
    // Events wait for a caller too, up to what the agent's queue holds.
    served.tell(&"oom x\n".repeat(101));
    let error = "error: standard input: too many events are waiting; call GetOOMEvent to take one";
    assert_eq!(served.says(), error);
    let call = served.call(&["GetOOMEvent", "--repeat", "100"]);
    call.stdout("{\"container_id\":\"x\"}\n".repeat(100)).test();
}

/// A container `web` whose program waits, and a process `one` in it.
const RUNNING: [&str; 4] = [
    r#"CreateContainer json://{"OCI":{"Process":{"Args":["/bin/sleep","1000"],"Cwd":"/","Capabilities":{}},"Root":{"Path":"/r"},"Mounts":[{"destination":"/proc"}],"Linux":{"Namespaces":[{"Type":"mount"}]}}} container_id=web"#,
    "StartContainer container_id=web",
    r#"ExecProcess container_id=web exec_id=one process.Args=["sleep","1000"]"#,
    "CreateSandbox",
];

#[test]
fn standard_input_ends_processes() {
    let mut served = serve(&[]);
    served.listening();
    served.call(&RUNNING).run().succeeded();
    served.obeys("exit web one 7\n");
    let wait = |served: &crate::served::Served, exec_id: &str| {
        let call = format!("WaitProcess container_id=web exec_id={exec_id}");
        served.call(&[&call]).run().succeeded().text()
    };
    assert_eq!(wait(&served, "one"), "{\"status\":7}\n");
    served.tell("exit web one 7\n");
    let error = "error: standard input: Process not found: invalid exec id";
    assert_eq!(served.says(), error);
    // As the kernel kills it.
    served.obeys("oom web\n");
    assert_eq!(wait(&served, "web"), "{\"status\":137}\n");
    served
        .call(&["GetOOMEvent"])
        .stdout("{\"container_id\":\"web\"}\n")
        .test();
}

#[test]
fn an_agent_that_dies_ends_all_calls_and_begins_anew() {
    let mut served = serve(&[]);
    served.listening();
    served.call(&RUNNING).run().succeeded();
    let open = served.call(&["WaitProcess container_id=web"]).start();
    // Answered after it: the call that waits has come in.
    thread::sleep(Duration::from_millis(300));
    served.obeys("die Check[1]\n");
    assert_eq!(served.call(&["Check"]).run().status, 3);
    let open = open.wait();
    assert_eq!(
        (open.status, open.text()),
        (3, String::new()),
        "{}",
        open.stderr
    );
    // Nothing is left of what was.
    served.call(&["CreateSandbox"]).stdout("{}\n").test();
    let gone = served.call(&["StartContainer container_id=web"]).run();
    assert_eq!(gone.status, 77, "{}", gone.stderr);
}

#[test]
fn a_job_in_a_terminals_background_is_not_stopped() {
    let script = "set -m\n\
        \"$0\" serve --address unix://./s --fail 'Check 5 no' > log &\n\
        \"$0\" connect --server-address unix://./s -c Check\n\
        echo \"status $?, $(jobs -s | wc -l) stopped\"\n\
        fg > fg.log; echo \"over with $?\"";
    let mut terminal = program_at_terminal("bash", ["-c", script, program()]).start();
    terminal.sees_line("status 69, 0 stopped");
    // It is in the foreground now, and reads.
    terminal.keys("list\r");
    terminal.sees("fail Check 5 no  # 1 of 1 calls");
    terminal.keys("\u{3}");
    terminal.sees("over with 0");
}

#[test]
fn mistakes_are_told_before_it_listens() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("rules");
    std::fs::write(&file, "drop Check\ndrop Chek\n").unwrap();
    let socket = folder.path().join("s");
    let address = format!("unix://{}", socket.display());
    let place = format!("{}:2", file.display());
    let file = file.display().to_string();
    for (arguments, error) in [
        (
            ["--drop", "Chek"],
            "--drop: there is no RPC \"Chek\"; did you mean \"Check\"?".to_owned(),
        ),
        (
            ["--fail", "Check NOTFOUND"],
            "--fail: \"NOTFOUND\" is neither the name of a status, such as NOT_FOUND, nor a \
             number; did you mean \"NOT_FOUND\"?"
                .to_owned(),
        ),
        (
            ["--reply", "Check stat=1"],
            "--reply: grpc.HealthCheckResponse has no field \"stat\"; did you mean \"status\"?"
                .to_owned(),
        ),
        (
            ["--faults", &file],
            format!("{place}: there is no RPC \"Chek\"; did you mean \"Check\"?"),
        ),
        (
            ["--faults", "/none"],
            "\"/none\": no such file or directory".to_owned(),
        ),
        (
            ["--seed", "x"],
            "invalid value 'x' for '--seed <NUMBER>': invalid digit found in string".to_owned(),
        ),
    ] {
        tool(["serve", "--address", &address])
            .arguments(arguments)
            .status(2)
            .stderr(format!("error: {error}\n"))
            .test();
        assert!(!socket.exists());
    }
}

#[test]
fn a_log_line_for_each_call_with_its_answer() {
    let served = serve(&["--delay", "Check 20ms", "--fail", "Check[2] 5 no"]);
    served.listening();
    let metadata = ["--metadata", "a=1", "--ignore-errors"];
    let call = served.call(&["Check service=x", "Check"]);
    assert_eq!(call.arguments(metadata).run().status, 69);
    served.call(&["Version"]).run().succeeded();
    let (_, mut lines, _) = served.end(Signal::SIGTERM);
    for (line, least) in lines.iter_mut().zip([20_000, 20_000, 0]) {
        let fields = line.as_object_mut().unwrap();
        assert!(fields.remove("time").unwrap().is_string());
        let duration = fields.remove("duration_us").unwrap().as_u64().unwrap();
        assert!((least..20_000_000).contains(&duration), "{duration}");
    }
    let version = "4.1.0";
    assert_eq!(
        lines,
        [
            json!({
                "version": 1, "connection": 1, "stream": 1, "service": "grpc.Health", "method": "Check",
                "request": {"service": "x"}, "metadata": {"a": ["1"]},
                "status": {"code": 0, "name": "OK"}, "response": {"status": "SERVING"},
                "faults": ["delay"],
            }),
            json!({
                "version": 1, "connection": 1, "stream": 3, "service": "grpc.Health", "method": "Check",
                "request": {}, "metadata": {"a": ["1"]},
                "status": {"code": 5, "name": "NOT_FOUND", "message": "no"},
                "faults": ["delay", "fail"],
            }),
            json!({
                "version": 1, "connection": 2, "stream": 1, "service": "grpc.Health", "method": "Version",
                "request": {}, "metadata": {},
                "status": {"code": 0, "name": "OK"},
                "response": {"grpc_version": "0.0.1", "agent_version": version},
            }),
        ]
    );
}
