//! What `policy check` prints, and its exit status.

use serde_json::{Value, json};

use super::{folder, policy};
use crate::tool::tool;

const POLICY: &str = r#"package agent_policy

default SetPolicyRequest := false

StartContainerRequest := {"allowed": true, "ops": [{"op": "add", "path": "/pstate/id", "value": input.container_id}]} if {
    not data.pstate.id
}

StartContainerRequest if data.pstate.id == input.container_id

default ExecProcessRequest := false

ExecProcessRequest if {
    print("exec of", input.process.Args)
    input.process.Args == ["ls"]
}

default CopyFileRequest := false

CopyFileRequest if {
    input.file_type == "Regular"
    not input.data
}

default ReadStreamRequest := false
"#;

#[test]
fn each_request_has_a_line_and_state_is_kept() {
    let folder = folder(&[("p.rego", POLICY)]);
    policy(&folder, &["check", "-p", "p.rego", "-c"])
        .arguments(["StartContainer cid=web", "StartContainer", "Check"])
        .stdout(
            "1  allowed  StartContainer\n\
             2  allowed  StartContainer\n\
             3  allowed  Check  (no policy is asked)\n",
        )
        .test();
    policy(&folder, &["check", "-p", "p.rego", "-c"])
        .arguments(["StartContainer cid=web", "StartContainer cid=db"])
        .arguments(["ExecProcess process.Args=sh", "ReadStdout", "GetMetrics"])
        .stdout(
            "1  allowed  StartContainer\n\
             2  denied   StartContainer  code: INTERNAL: StartContainerRequest: internal error policy \
             check: unexpected eval_query result len QueryResults { result: [] }\n\
             3  denied   ExecProcess  code: PERMISSION_DENIED: ExecProcessRequest is blocked by \
             policy: agent_policy:14: exec of [\"sh\"]\n\
             4  denied   ReadStdout  code: OK, without data: ReadStreamRequest is blocked by policy:\n\
             5  denied   GetMetrics  code: INTERNAL: GetMetricsRequest: internal error policy check: \
             unexpected eval_query result len QueryResults { result: [] }\n",
        )
        .status(1)
        .test();
}

#[test]
fn scripts_have_all_of_the_agents_words() {
    let folder = folder(&[("p.rego", POLICY)]);
    let output = policy(&folder, &["check", "-p", "p.rego", "--json", "-c"])
        .arguments([
            "ExecProcess process.Args=sh",
            "ReadStderr",
            "ExecProcess process.Args=ls",
        ])
        .start()
        .wait();
    let lines = output.text();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<_> = lines.collect();
    let expected = [
        json!({
            "number": 1,
            "request": "ExecProcess",
            "verdict": "denied",
            "code": 7,
            "code_name": "PERMISSION_DENIED",
            "message": "\"ExecProcessRequest is blocked by policy: agent_policy:14: exec of [\\\"sh\\\"]\"",
        }),
        json!({
            "number": 2,
            "request": "ReadStderr",
            "verdict": "denied",
            "code": 0,
            "code_name": "OK",
            "message": "\"ReadStreamRequest is blocked by policy: \"",
        }),
        json!({"number": 3, "request": "ExecProcess", "verdict": "allowed"}),
    ];
    assert_eq!(lines, expected);
    assert_eq!((output.status, output.stderr.as_str()), (1, ""));
}

#[test]
fn a_copy_is_asked_piece_by_piece_and_without_its_content() {
    let folder = folder(&[("p.rego", POLICY), ("large", &"x".repeat(5 << 20))]);
    policy(&folder, &["check", "-p", "p.rego", "-c"])
        .arguments(["CopyFile src=large dest=/run/kata-containers/shared/containers/x"])
        .stdout(
            "1  allowed  CopyFile\n2  allowed  CopyFile\n3  allowed  CopyFile\n4  allowed  CopyFile\n\
             5  allowed  CopyFile\n",
        )
        .test();
    policy(&folder, &["check", "-p", "p.rego", "-c"])
        .arguments(["CopyFile path=/x file_mode=0o120777 data=target"])
        .arguments(["CopyFile path=/x file_mode=0o120777 data=hex:ff"])
        .stdout(
            "1  denied   CopyFile  code: PERMISSION_DENIED: CopyFileRequest is blocked by policy:\n\
             2  denied   CopyFile  code: INTERNAL: parsing CopyFileRequest for policy Caused by: \
             invalid symlink content\n",
        )
        .status(1)
        .test();
}

const CASES: &str = r#"[
  {"description": "lists", "allowed": true, "kind": "ExecProcessRequest",
   "request": {"container_id": "web", "process": {"Args": ["ls"]}, "not_a_field": 1}},
  {"description": "a shell", "allowed": false, "kind": "ExecProcessRequest",
   "request": {"container_id": "web", "process": {"Args": ["sh"]}}, "state": {}},
  {"description": "as they once were", "allowed": false,
   "request": {"type": "CopyFile", "path": "/x", "file_type": "Symlink", "symlink_target": "y"}}
]"#;

#[test]
fn test_cases_are_compared_with_what_they_expect() {
    let wrong = CASES.replacen("\"allowed\": true", "\"allowed\": false", 1);
    let folder = folder(&[
        ("p.rego", POLICY),
        ("cases.json", CASES),
        ("wrong.json", &wrong),
    ]);
    let lines = "1  allowed  ExecProcessRequest  \"lists\"\n\
         2  denied   ExecProcessRequest  \"a shell\"  code: PERMISSION_DENIED: ExecProcessRequest is \
         blocked by policy: agent_policy:14: exec of [\"sh\"]\n\
         3  denied   CopyFileRequest  \"as they once were\"  code: PERMISSION_DENIED: CopyFileRequest \
         is blocked by policy:\n";
    let check = |file: &str| {
        policy(&folder, &["check", "-p", "p.rego", file]).stderr(format!(
            "warn: \"{file}\": request 1: ExecProcessRequest: not_a_field: this build has no such \
             field; it is passed over\n"
        ))
    };
    check("cases.json").stdout(lines).status(1).test();
    check("cases.json")
        .arguments(["--expected"])
        .stdout(lines)
        .test();
    check("wrong.json")
        .arguments(["--expected"])
        .stdout(lines.replacen("\"lists\"", "\"lists\"  (expected to be denied)", 1))
        .status(1)
        .test();
}

#[test]
fn a_guests_log_is_read() {
    // An agent logs the results of rules among the requests.
    let log = r#"{"kind":"AllowRequestsFailingPolicy","request":{}}
{"kind":"StartContainerRequest","request":{"container_id":"web"}}
{"kind":"StartContainerRequest","request":{"allowed":true,"ops":[]}}
{"kind":"CopyFileRequest","data":{"path":"/x","file_type":"Regular","symlink_target":null,"file_size":1}}
{"kind":"UpdateInterfaceRequest","request":{"interface":{"device":"e","type_":"x","raw_flags":0}}}
"#;
    let folder = folder(&[("p.rego", POLICY), ("policy.jsonl", log)]);
    policy(&folder, &["check", "-p", "p.rego", "policy.jsonl"])
        .stdout(
            "1  allowed  StartContainerRequest\n\
             2  allowed  CopyFileRequest\n\
             3  denied   UpdateInterfaceRequest  code: INTERNAL: UpdateInterfaceRequest: internal \
             error policy check: unexpected eval_query result len QueryResults { result: [] }\n",
        )
        .status(1)
        .test();
}

#[test]
fn requests_are_asked_in_the_order_given() {
    let case = r#"[{"kind": "StartContainer", "request": {"container_id": "db"}}]"#;
    let folder = folder(&[
        ("p.rego", POLICY),
        ("cases.json", case),
        ("script", "# first\nStartContainer cid=web\n"),
    ]);
    let denied = "code: INTERNAL: StartContainerRequest: internal error policy check: unexpected \
                  eval_query result len QueryResults { result: [] }";
    policy(
        &folder,
        &["check", "-p", "p.rego", "--script", "script", "cases.json"],
    )
    .stdout(format!(
        "1  allowed  StartContainer\n2  denied   StartContainerRequest  {denied}\n"
    ))
    .status(1)
    .test();
    policy(
        &folder,
        &["check", "-p", "p.rego", "cases.json", "--script", "script"],
    )
    .stdout(format!(
        "1  allowed  StartContainerRequest\n2  denied   StartContainer  {denied}\n"
    ))
    .status(1)
    .test();
}

#[test]
fn mistakes_are_told_in_one_line() {
    let case = r#"[{"kind": "StartContainers", "request": {}}]"#;
    let old = "package agent_policy\nStartContainerRequest { true }\n";
    let folder = folder(&[
        ("p.rego", POLICY),
        ("cases.json", case),
        ("wrong.rego", "package agent_policy\n\nx := [1,\n"),
        ("old.rego", old),
        ("bad.json", "[{\"request\": {}}]"),
    ]);
    let fails = |arguments: &[&str], message: &str| {
        policy(&folder, arguments)
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    };
    fails(
        &["check", "-p", "p.rego"],
        "no requests: give commands with -c or --script, or a file of requests",
    );
    fails(
        &["check", "-p", "p.rego", "cases.json"],
        "\"cases.json\": case 1: \"StartContainers\" is not the name of a request; did you mean \
         \"StartContainerRequest\" or \"StatsContainerRequest\"?",
    );
    fails(
        &["check", "-p", "p.rego", "bad.json"],
        "\"bad.json\": case 1: it has no \"kind\", which says the type of the request",
    );
    fails(
        &["check", "-p", "p.rego", "p.rego"],
        "\"p.rego\": it is not a file of requests: neither a recording, nor a guest's policy.jsonl, \
         nor test cases of genpolicy",
    );
    fails(
        &[
            "check",
            "-p",
            "p.rego",
            "--policy-timeout",
            "0",
            "-c",
            "GetMetrics",
        ],
        "invalid value '0' for '--policy-timeout <TIME>': \"0\" is not a time to answer in: it must \
         be more than 0",
    );
    fails(
        &["check", "-p", "p.rego", "-c", "echo x"],
        "echo: a built-in command is not a call that a policy is asked about",
    );
    fails(
        &["check", "-p", "wrong.rego", "-c", "GetMetrics"],
        "wrong.rego:4:1: the agent does not take this policy: expecting `]` while parsing \
         array",
    );
    fails(
        &["check", "-p", "old.rego", "-c", "GetMetrics"],
        "old.rego:2:23: the agent does not take this policy: `if` keyword is required before rule \
         body; agents to 3.28 take it, and --rego-v0 reads it as they do",
    );
    policy(
        &folder,
        &[
            "check",
            "-p",
            "old.rego",
            "--rego-v0",
            "-c",
            "StartContainer",
        ],
    )
    .stdout("1  allowed  StartContainer\n")
    .test();
    fails(
        &["check", "-p", "missing.rego", "-c", "GetMetrics"],
        "\"missing.rego\": no such file or directory",
    );
}

#[test]
fn a_policy_that_allows_failures_says_so() {
    let failing = "package agent_policy\nAllowRequestsFailingPolicy := true\n";
    let folder = folder(&[("p.rego", failing)]);
    policy(&folder, &["check", "-p", "p.rego", "-c", "GetMetrics"])
        .stdout("1  allowed  GetMetrics\n")
        .stderr(
            "warn: \"p.rego\": AllowRequestsFailingPolicy is true: an agent allows every request\n",
        )
        .test();
}

#[cfg(feature = "tap")]
#[test]
fn a_recording_is_asked_and_compared_with_what_the_agent_answered() {
    let line = |kind: &str, stream: u32, more: Value| {
        let mut line = json!({
            "time": "2026-01-01T00:00:00.000000000Z",
            "kind": kind,
            "connection": 1,
            "stream": stream,
        });
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        line.to_string() + "\n"
    };
    let request = |stream, method: &str| {
        let payload =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, b"\x0a\x03web");
        line(
            "request",
            stream,
            json!({
                "direction": "to_agent",
                "service": "grpc.AgentService",
                "method": method,
                "payload": payload,
            }),
        )
    };
    let blocked = json!({"status": {"code": 7, "message": "\"StatsContainerRequest is blocked by policy: \""}});
    let mut recording = json!({
        "time": "2026-01-01T00:00:00.000000000Z",
        "kind": "recording",
        "format": "kata-agent-ctl recording",
        "version": 1,
    })
    .to_string()
        + "\n";
    recording += &request(1, "StartContainer");
    recording += &request(3, "StatsContainer");
    recording += &line("response", 3, blocked.clone());
    recording += &line("response", 1, json!({"status": {"code": 0, "message": ""}}));
    // An error of the policy is a refusal too, and nothing to read may be one.
    let failed = "StatsContainerRequest: internal error policy check: no such rule";
    recording += &request(7, "StatsContainer");
    recording += &line(
        "response",
        7,
        json!({"status": {"code": 13, "message": failed}}),
    );
    recording += &request(9, "ReadStdout");
    recording += &line("response", 9, json!({"status": {"code": 0, "message": ""}}));
    // What a rule of the proxy answered is not expected of the policy, and the last line is cut off.
    let mut by_rule = blocked;
    by_rule["faults"] = json!(["fail"]);
    recording += &request(5, "StartContainer");
    recording += &line("response", 5, by_rule);
    let with_gap = recording.clone() + &line("lost", 5, json!({"lost": {"frames": 2, "bytes": 9}}));
    recording += "{\"time\":";
    let folder = folder(&[
        (
            "p.rego",
            "package agent_policy\ndefault StartContainerRequest := true\n",
        ),
        ("life.jsonl", &recording),
        ("cut.jsonl", &(with_gap + "{\"time\"")),
    ]);
    policy(
        &folder,
        &["check", "-p", "p.rego", "--expected", "life.jsonl"],
    )
    .stdout(
        "1  allowed  StartContainer\n\
             2  denied   StatsContainer  code: INTERNAL: StatsContainerRequest: internal error \
             policy check: unexpected eval_query result len QueryResults { result: [] }\n\
             3  denied   StatsContainer  code: INTERNAL: StatsContainerRequest: internal error \
             policy check: unexpected eval_query result len QueryResults { result: [] }\n\
             4  denied   ReadStdout  code: OK, without data: ReadStreamRequest: internal error \
             policy check: unexpected eval_query result len QueryResults { result: [] }\n\
             5  allowed  StartContainer\n",
    )
    .stderr(
        "warn: \"life.jsonl\": the last line is not whole, and is left out\n\
         warn: --expected: 2 of 5 requests do not say what is expected: 4, 5\n",
    )
    .test();
    let cut = policy(&folder, &["export", "cut.jsonl"]).start().wait();
    assert_eq!(
        cut.stderr,
        "warn: \"cut.jsonl\": frames are missing in the recording\n\
         warn: \"cut.jsonl\": the last line is not whole, and is left out\n\
         warn: 2 of 5 requests are left out, as it is not said whether they are allowed: 4, 5; -p asks a policy\n"
    );
    let output = policy(&folder, &["export", "life.jsonl"]).run();
    let cases = output.json();
    assert_eq!(cases.as_array().map(Vec::len), Some(3));
    assert_eq!(cases[0]["request"], json!({"container_id": "web"}));
    assert_eq!(
        (
            &cases[0]["allowed"],
            &cases[1]["allowed"],
            &cases[2]["allowed"]
        ),
        (&json!(true), &json!(false), &json!(false))
    );
}

#[test]
fn what_a_request_has_no_field_for_is_told() {
    let folder = folder(&[(
        "p.rego",
        "package agent_policy\ndefault StartContainerRequest := true\ndefault CopyFileRequest := true\n",
    )]);
    let cases = r#"[
        {"kind": "StartContainerRequest", "request": {"type": "StartContainer", "containr": "a"}},
        {"kind": "CopyFileRequest", "request": {"path": "/a", "pathh": "/b"}}
    ]"#;
    policy(&folder, &["check", "-p", "p.rego", "-"])
        .stdin(cases)
        .stdout("1  allowed  StartContainerRequest\n2  allowed  CopyFileRequest\n")
        .stderr(
            "warn: standard input: request 1: StartContainerRequest: containr: this build has no \
             such field; it is passed over\n\
             warn: standard input: request 2: CopyFileRequest: pathh: this build has no such field; \
             it is passed over\n",
        )
        .test();
}

#[test]
fn an_input_without_requests_is_an_error() {
    let folder = folder(&[
        ("p.rego", POLICY),
        ("empty", ""),
        ("cases.json", "[]"),
        (
            "log.jsonl",
            "{\"kind\": \"AllowRequestsFailingPolicy\", \"request\": {}}\n",
        ),
        ("script", "# nothing yet\n"),
    ]);
    for command in ["check", "why", "audit", "export"] {
        for (option, file) in [
            (None, "empty"),
            (None, "cases.json"),
            (None, "log.jsonl"),
            (Some("--script"), "script"),
        ] {
            policy(&folder, &[command, "-p", "p.rego", "-c=GetMetrics"])
                .arguments(option)
                .arguments([file])
                .stderr(format!("error: \"{file}\": there are no requests in it\n"))
                .status(2)
                .test();
        }
        let input = tool(["policy", command, "-p", "p.rego", "-"]).folder(folder.path());
        input
            .stdin("\n")
            .stderr("error: standard input: there are no requests in it\n")
            .status(2)
            .test();
    }
}

#[test]
fn calls_that_no_policy_is_asked_about_are_told() {
    let folder = folder(&[("p.rego", POLICY)]);
    for command in ["check", "why"] {
        policy(&folder, &[command, "-p", "p.rego", "-c", "Check"])
            .stdout("1  allowed  Check  (no policy is asked)\n")
            .test();
    }
    policy(&folder, &["export", "-c", "Check", "Version"])
        .stderr("error: an agent does not ask its policy about any of these calls\n")
        .status(2)
        .test();
}

#[test]
fn what_is_wrong_with_a_case_is_told_with_its_place() {
    let folder = folder(&[
        ("p.rego", POLICY),
        (
            "list.json",
            r#"[{"kind": "ExecProcessRequest", "request": {}}, 1]"#,
        ),
        ("none.json", r#"[{"kind": "ExecProcessRequest"}]"#),
        ("log.jsonl", "\n{\"kind\": 5, \"request\": {}}\n"),
    ]);
    for (file, message) in [
        (
            "list.json",
            "case 2: invalid type: integer `1`, expected an object with a \"request\" at column 1",
        ),
        ("none.json", "case 1: missing field `request` at column 30"),
        (
            "log.jsonl",
            "line 2: invalid type: integer `5`, expected a string at column 10",
        ),
    ] {
        policy(&folder, &["check", "-p", "p.rego", file])
            .stderr(format!("error: \"{file}\": {message}\n"))
            .status(2)
            .test();
    }
}

/// Signs that turn the direction of what comes after them are not control characters to JSON.
#[test]
fn nothing_in_json_acts_on_a_terminal() {
    let cases = CASES.replace("a shell", "\u{202e}\\u001b[2J");
    let cases = cases.replace(r#"["sh"]"#, "[\"\u{202e}\u{9b}sh\"]");
    let folder = folder(&[("p.rego", POLICY), ("cases.json", &cases)]);
    for arguments in [
        &["check", "-p", "p.rego", "--json"][..],
        &["why", "-p", "p.rego", "--json"],
        &["audit", "-p", "p.rego", "--json"],
        &["export"],
    ] {
        let output = policy(&folder, arguments)
            .arguments(["cases.json"])
            .start()
            .wait();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("\\u202e"), "{text:?}");
        let bad = text
            .chars()
            .find(|char| *char != '\n' && kata_agent_ctl::text::escape::is_unprintable(*char));
        assert_eq!(bad, None, "{text:?}");
    }
}
