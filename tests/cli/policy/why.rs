//! What `policy why` names.

use super::{folder, policy};

#[test]
fn the_expression_its_values_and_the_way_are_shown() {
    let rules = r#"package agent_policy

default ExecProcessRequest := false

ExecProcessRequest if {
    some container in data.agent_policy.containers
    container.id == input.container_id
    allow(container, input.process)
}

allow(container, process) if {
    every arg in process.Args {
        arg in container.args
    }
}

allow(container, _) if container.anything

containers := [{"id": "web", "args": ["ls", "-l"], "anything": false}]
"#;
    let folder = folder(&[("p.rego", rules)]);
    policy(&folder, &["why", "-p", "p.rego", "-c"])
        .arguments(["ExecProcess cid=web process.Args=ls process.Args=-l"])
        .arguments(["ExecProcess process.Args=ls process.Args=/etc"])
        .arguments(["GetMetrics", "ExecProcess cid=db process.Args=ls"])
        .stdout(
            "1  allowed  ExecProcess\n\
             2  denied   ExecProcess  code: PERMISSION_DENIED: ExecProcessRequest is blocked by policy\n  \
               p.rego:13: arg in container.args\n      \
                   arg = \"/etc\"\n      \
                   container.args = [\"ls\",\"-l\"]\n    \
                 from p.rego:12: every arg in process.Args\n    \
                 from p.rego:8: allow(container, input.process)\n  \
               or\n  \
               p.rego:17: container.anything   # is false\n    \
                 from p.rego:8: allow(container, input.process)\n\
             3  denied   GetMetrics  code: INTERNAL: GetMetricsRequest: internal error policy check: \
             unexpected eval_query result len QueryResults { result: [] }\n  \
               p.rego: GetMetricsRequest   # is not a rule of this policy\n\
             4  denied   ExecProcess  code: PERMISSION_DENIED: ExecProcessRequest is blocked by policy\n  \
               p.rego:7: container.id == input.container_id\n      \
                   container.id = \"web\"\n      \
                   input.container_id = \"db\"\n",
        )
        .test();
}

#[test]
fn a_rule_on_one_line_is_told_apart() {
    let rules = "package agent_policy\n\
                 default CreateSandboxRequest := false\n\
                 CreateSandboxRequest if { input.hostname == \"h\"; count(input.dns) == 0; not input.sandbox_pidns }\n";
    let folder = folder(&[("p.rego", rules)]);
    let names = |command: &str, column: u64, text: &str| {
        let output = policy(&folder, &["why", "-p", "p.rego", "--json", "-c", command]).run();
        let said = output.succeeded().json();
        let steps = said["reasons"][0]["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 1, "{said}");
        assert_eq!(steps[0]["line"], 3, "{said}");
        assert_eq!(
            (steps[0]["column"].as_u64(), &steps[0]["text"]),
            (Some(column), &text.into())
        );
    };
    names("CreateSandbox", 27, "input.hostname == \"h\"");
    names(
        "CreateSandbox hostname=h dns=1",
        50,
        "count(input.dns) == 0",
    );
    names(
        "CreateSandbox hostname=h sandbox_pidns=true",
        73,
        "not input.sandbox_pidns",
    );
}

#[test]
fn what_a_policy_prints_cannot_act_on_a_terminal() {
    let rules = "package agent_policy\n\
                 default CreateSandboxRequest := false\n\
                 CreateSandboxRequest if input.hostname == \"h\"\n";
    let folder = folder(&[("p.rego", rules)]);
    let output = policy(&folder, &["why", "-p", "p.rego", "-c"])
        .arguments(["CreateSandbox hostname=\"a\\x1b[2Jb\\nc\""])
        .run();
    let text = output.succeeded().text();
    assert!(
        text.contains(r#"input.hostname = "a\u001b[2Jb\nc""#),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn an_error_of_the_policy_is_the_reason() {
    let rules = "package agent_policy\n\
                 CreateSandboxRequest := true if input.hostname == \"\"\n\
                 CreateSandboxRequest := false if input.hostname == \"\"\n\
                 default GetMetricsRequest := false\n";
    let folder = folder(&[("p.rego", rules)]);
    let output = policy(
        &folder,
        &["why", "-p", "p.rego", "-c", "CreateSandbox", "GetMetrics"],
    )
    .run();
    let text = output.succeeded().text();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("1  denied   CreateSandbox  code: INTERNAL: "),
        "{text}"
    );
    assert!(
        lines[0].contains("rule conflicts with the following rule"),
        "{text}"
    );
    assert_eq!(
        lines[1..],
        [
            "  p.rego:3: CreateSandboxRequest := false if input.hostname == \"\"   # rule conflicts with the following rule",
            "    from p.rego:2: CreateSandboxRequest := true if input.hostname == \"\"",
            "2  denied   GetMetrics  code: PERMISSION_DENIED: GetMetricsRequest is blocked by policy",
            "  p.rego:4: default GetMetricsRequest := false   # is the result",
        ]
    );
}

#[test]
fn what_the_policy_gives_as_it_stands_is_the_reason() {
    let rules = "package agent_policy\n\
                 default GetMetricsRequest := true\n\
                 GetMetricsRequest := {\"allowed\": false}\n\
                 ListRoutesRequest := \"yes\"\n\
                 StartContainerRequest := {\"allowed\": true, \"ops\": [{\"op\": \"remove\", \"path\": \"/x\"}]}\n\
                 default is_known := false\n\
                 PauseContainerRequest if is_known\n";
    let folder = folder(&[("p.rego", rules)]);
    let output = policy(&folder, &["why", "-p", "p.rego", "-c"])
        .arguments([
            "GetMetrics",
            "ListRoutes",
            "StartContainer",
            "PauseContainer",
        ])
        .run();
    let text = output.succeeded().text();
    let reasons: Vec<_> = text.lines().filter(|line| line.starts_with(' ')).collect();
    assert_eq!(
        reasons,
        [
            "  p.rego:3: GetMetricsRequest := {\"allowed\": false}   # is the result",
            "  p.rego:4: ListRoutesRequest := \"yes\"   # is the result",
            "  p.rego:5: StartContainerRequest := {\"allowed\": true, \"ops\": [{\"op\": \"remove\", \"path\": \"/x\"}]}   # is the result",
            "  p.rego:6: default is_known := false   # is the result",
            "    from p.rego:7: is_known",
        ]
    );
}

#[test]
fn of_what_is_missing_the_key_is_shown() {
    let rules = "package agent_policy\n\
                 CreateContainerRequest if {\n    \
                     key := \"id\"\n    \
                     value := input.OCI.Annotations[key]\n    \
                     value == \"x\"\n\
                 }\n\
                 StartContainerRequest if known(input.container_id)\n\
                 known(id) := found if {\n    \
                     found := data.pstate[id]\n\
                 }\n";
    let folder = folder(&[("p.rego", rules)]);
    let output = policy(&folder, &["why", "-p", "p.rego", "-c"])
        .arguments(["CreateContainer OCI={}", "StartContainer cid=web"])
        .run();
    let text = output.succeeded().text();
    let reasons: Vec<_> = text.lines().filter(|line| line.starts_with(' ')).collect();
    assert_eq!(
        reasons,
        [
            "  p.rego:4: value := input.OCI.Annotations[key]   # is undefined",
            "      key = \"id\"",
            "      input.OCI.Annotations = {}",
            "  p.rego:9: found := data.pstate[id]   # is undefined",
            "      id = \"web\"",
            "      data.pstate = {}",
            "    from p.rego:7: known(input.container_id)",
        ]
    );
}

#[test]
fn a_function_is_no_answer() {
    let rules = "package agent_policy\n\
                 ListRoutesRequest(_) := true\n\
                 ExecProcessRequest(x) if {\n    x == 1\n}\n\
                 default GetMetricsRequest(_) := false\n\
                 GetMetricsRequest(x) if x == 2\n";
    let folder = folder(&[("p.rego", rules)]);
    let output = policy(&folder, &["why", "-p", "p.rego", "-c"])
        .arguments(["ListRoutes", "ExecProcess", "GetMetrics"])
        .run();
    let text = output.succeeded().text();
    let reasons: Vec<_> = text.lines().filter(|line| line.starts_with(' ')).collect();
    assert_eq!(
        reasons,
        [
            "  p.rego:2: ListRoutesRequest(_) := true   # is a function, and not an answer to a request",
            "  p.rego:3: ExecProcessRequest(x) if   # is a function, and not an answer to a request",
            "  p.rego:7: GetMetricsRequest(x) if x == 2   # is a function, and not an answer to a request",
        ]
    );
}

#[test]
fn a_line_is_named_with_the_policy_that_it_belongs_to() {
    let first = "package agent_policy\ndefault SetPolicyRequest := true\n";
    let second = "package agent_policy\n\ndefault GetMetricsRequest := false\n\
                  SetPolicyRequest if input.policy != \"\"\n";
    let folder = folder(&[("p.rego", first), ("q.rego", second)]);
    let output = policy(&folder, &["why", "-p", "p.rego", "-c"])
        .arguments(["GetMetrics", "SetPolicy policy=@q.rego", "GetMetrics"])
        .arguments([
            "SetPolicy",
            "GetMetrics",
            "SetPolicy policy=x",
            "GetMetrics",
        ])
        .run();
    let text = output.succeeded().text();
    let reasons: Vec<_> = text.lines().filter(|line| line.starts_with(' ')).collect();
    assert_eq!(
        reasons,
        [
            "  p.rego: GetMetricsRequest   # is not a rule of this policy",
            "  policy of request 2:3: default GetMetricsRequest := false   # is the result",
            "  policy of request 2:4: input.policy != \"\"",
            "      input.policy = \"\"",
            "  policy of request 2:3: default GetMetricsRequest := false   # is the result",
            "  policy of request 6: GetMetricsRequest   # is not a rule of this policy",
        ]
    );
    let output = policy(&folder, &["why", "-p", "p.rego", "--json", "-c"])
        .arguments(["SetPolicy policy=@q.rego", "GetMetrics"])
        .run();
    assert_eq!(output.succeeded().json()["policy"], "policy of request 1");
}
