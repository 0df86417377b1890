//! Denials as people have them.

use super::{folder, policy};

const EVENT: &str = "  Warning  Failed  2s (x3 over 20s)  kubelet  Error: failed to create containerd \
     task: failed to create shim task: rpc error: code = PermissionDenied desc = \
     \"CreateContainerRequest is blocked by policy: agent_policy:70: CreateContainerRequest: trying \
     {\\\"a\\\":\\\"b\\\"} agent_policy:1201: allow_env: A=1\\nB=2\": unknown\n";

#[test]
fn a_denial_is_made_readable() {
    let folder = folder(&[]);
    policy(&folder, &["explain"])
        .stdin(format!("Events:\n{EVENT}{EVENT}"))
        .stdout(
            "CreateContainerRequest is blocked by policy\n  \
               line 70    CreateContainerRequest: trying {\"a\":\"b\"}\n  \
               line 1201  allow_env: A=1\\nB=2\n",
        )
        .test();
    let output = policy(&folder, &["explain", "--json"]).stdin(EVENT).run();
    let said = output.succeeded().json();
    assert_eq!(said["rule"], "CreateContainerRequest");
    assert_eq!(said["prints"][1]["line"], 1201);
    assert_eq!(said["prints"][1]["text"], "allow_env: A=1\nB=2");
}

/// As YAML, in a container's log, and in a table.
#[test]
fn what_is_around_a_denial_is_no_part_of_it() {
    let folder = folder(&[]);
    for text in [
        r#"  - kind: Event
    message: 'Error: rpc error: code = PermissionDenied desc = "ListRoutesRequest is blocked
      by policy: agent_policy:6: it''s asked for [\"df\"] agent_policy:14: trying
      ls": unknown'
    reason: Failed
"#,
        r#"2026-12-01T02:00:00.1Z stderr P desc = "ListRoutesRequest is blocked by policy: agent_pol
2026-12-01T02:00:00.1Z stderr P icy:6: it's asked for [\"d
2026-12-01T02:00:00.1Z stderr F f\"] agent_policy:14: trying ls": unknown
"#,
        r#"| pod | message |
|-----|---------|
| web | ListRoutesRequest is blocked by policy: agent_policy:6: it's asked for ["df"] agent_policy:14: trying ls |
"#,
    ] {
        policy(&folder, &["explain"])
            .stdin(text)
            .stdout(
                "ListRoutesRequest is blocked by policy\n  \
                   line 6   it's asked for [\"df\"]\n  \
                   line 14  trying ls\n",
            )
            .test();
    }
}

#[test]
fn long_prints_are_cut_unless_all_is_asked_for() {
    let folder = folder(&[]);
    let text = format!(
        "R is blocked by policy: agent_policy:1: {}",
        "x".repeat(500)
    );
    let cut = policy(&folder, &["explain"])
        .stdin(&text)
        .run()
        .succeeded()
        .text();
    assert!(cut.ends_with("xx…\n") && cut.len() < 300, "{cut}");
    let full = policy(&folder, &["explain", "--full"])
        .stdin(&text)
        .run()
        .succeeded()
        .text();
    assert!(full.ends_with(&format!("{}\n", "x".repeat(500))), "{full}");
}

#[test]
fn a_text_without_a_denial_is_told() {
    let folder = folder(&[("log", "nothing here\n")]);
    policy(&folder, &["explain", "log"])
        .status(2)
        .stderr("error: \"log\": there is no denial in it: nothing \"is blocked by policy\"\n")
        .test();
}

const RULES: &str = r#"package agent_policy
default ExecProcessRequest := false
ExecProcessRequest if {
    print("start")
    allow_command(input.process.Args)
    print("command ok")
    allow_cwd(input.process.Cwd)
    every variable in input.process.Env {
        print("variable", variable)
        startswith(variable, "A")
        print("variable ok")
    }
    print("all ok")
    input.process.Terminal
}
ExecProcessRequest if {
    print("second")
    input.process.Cwd == "/dbg"
    print("second ok")
}
allow_command(args) if {
    some command in ["ls", "df"]
    print("trying", command)
    args[0] == command
    print("allowed", command)
}
allow_cwd(c) if {
    print("cwd", c)
    startswith(c, "/")
    not contains(c, "..")
    print("cwd fine")
    count(c) > 1
}
"#;

/// The lines at which rules are said to have stopped, by what the policy prints of a request.
#[test]
fn a_rule_that_was_asked_and_held_did_not_stop() {
    let folder = folder(&[("p.rego", RULES)]);
    let stops = |request: &str| {
        let check = ["check", "-p", "p.rego", "--json", "-n", "-c"];
        let command = format!("ExecProcess {request}");
        let checked = policy(&folder, &check).arguments([command]).run();
        let denial = String::from_utf8(checked.stdout).unwrap();
        let explained = policy(&folder, &["explain", "-p", "p.rego", "--json"])
            .stdin(denial)
            .run()
            .succeeded()
            .json();
        let stops = explained["stops"].as_array().unwrap().clone();
        let lines = stops.iter().map(|stop| {
            let lines = stop["statements"].as_array().unwrap().iter();
            lines.map(|line| line["line"].as_u64().unwrap()).collect()
        });
        lines.collect::<Vec<Vec<u64>>>()
    };
    // Whatever else, the second definition stops at line 18.
    for (request, expected) in [
        ("process.Args=sh", vec![vec![24], vec![18]]),
        (
            "process.Args=df process.Cwd=a",
            vec![vec![29, 30], vec![18]],
        ),
        // The last thing that a function prints does not tell whether it holds.
        (
            "process.Args=df process.Cwd=/",
            vec![vec![7, 8], vec![32], vec![18]],
        ),
        (
            "process.Args=df process.Cwd=/a process.Env=A=1 process.Env=B=2",
            vec![vec![10], vec![18]],
        ),
        (
            "process.Args=df process.Cwd=/a process.Env=A=1 process.Env=A=2",
            vec![vec![14], vec![18]],
        ),
        ("process.Args=ls process.Cwd=/a", vec![vec![14], vec![18]]),
    ] {
        assert_eq!(stops(request), expected, "{request}");
    }
}

#[test]
fn an_error_of_the_policy_is_explained() {
    let folder = folder(&[(
        "p.rego",
        "package agent_policy\nGetMetricsRequest if walk(input)\n",
    )]);
    let checked = policy(&folder, &["check", "-p", "p.rego", "--json", "-n", "-c"])
        .arguments(["GetMetrics", "ListRoutes"])
        .run();
    let denials = String::from_utf8(checked.stdout).unwrap();
    policy(&folder, &["explain"])
        .stdin(&denials)
        .stdout(
            "GetMetricsRequest is refused, as the policy does not decide it\n  \
               line 2  could not find function walk\n\
             ListRoutesRequest is refused, as the policy does not decide it\n  \
               the policy has no such rule, or the rule has no value for this request\n",
        )
        .test();
    let output = policy(&folder, &["explain", "--json"]).stdin(denials).run();
    let text = output.succeeded().text();
    assert_eq!(
        text.lines().next(),
        Some(
            r#"{"error":{"line":2,"what":"could not find function walk"},"prints":[],"rule":"GetMetricsRequest"}"#
        )
    );
    // As `why` shows a denial.
    policy(&folder, &["explain"])
        .stdin("1  denied   GetMetrics  code: PERMISSION_DENIED: GetMetricsRequest is blocked by policy\n")
        .stdout(
            "GetMetricsRequest is blocked by policy\n  \
               the text does not go on to what the policy printed\n",
        )
        .test();
}

#[test]
fn another_policy_than_the_one_that_printed_is_told() {
    let folder = folder(&[("p.rego", "package agent_policy\ndefault R := false\n")]);
    policy(&folder, &["explain", "-p", "p.rego"])
        .stdin("R is blocked by policy: agent_policy:7: a agent_policy:9: b\n")
        .stdout(
            "R is blocked by policy\n  \
               line 7  a\n  \
               line 9  b\n  \
               p.rego is not the policy that printed this: it prints nothing on line 7\n",
        )
        .test();
}
