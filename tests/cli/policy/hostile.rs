//! Policies that would never end, or would end what evaluates them.

use std::time::Duration;

use super::{folder, policy};

/// What a policy begins with that decides about one request.
const BEGIN: &str = "package agent_policy\ndefault CreateSandboxRequest := false\n";

#[track_caller]
fn ends(rules: &str, status: i32, message: &str) {
    let folder = folder(&[("p.rego", &format!("{BEGIN}{rules}\n"))]);
    for what in ["check", "why"] {
        let output = policy(
            &folder,
            &[what, "-p", "p.rego", "--policy-timeout", "3s", "-c"],
        )
        .arguments(["CreateSandbox"])
        .start()
        .wait();
        assert_eq!(output.error(), format!("error: {message}"));
        assert_eq!(output.status, status);
        assert!(output.time < Duration::from_secs(9), "{:?}", output.time);
    }
}

#[test]
fn one_that_never_ends() {
    ends(
        "CreateSandboxRequest if { some i in numbers.range(1, 9000); some j in numbers.range(1, 9000); i * j == -1 }",
        4,
        "CreateSandbox: no answer within 3.00s: the policy loops, is too large, or calls a built-in \
         that takes that long",
    );
}

#[test]
fn one_that_recurses_without_end() {
    ends(
        "CreateSandboxRequest if f(1)\nf(x) if f(x + 1)",
        2,
        "CreateSandbox: the policy nests or recurses too deep for the engine, which ended",
    );
}

#[test]
fn one_with_twenty_thousand_brackets() {
    ends(
        &format!("x := {}{}", "[".repeat(20_000), "]".repeat(20_000)),
        2,
        "\"p.rego\": the policy nests or recurses too deep for the engine, which ended",
    );
}

#[test]
fn one_that_takes_all_memory() {
    ends(
        "CreateSandboxRequest if count(numbers.range(1, 1000000000)) == 0",
        2,
        "CreateSandbox: the policy takes more memory than there is for it, and the engine ended",
    );
}

#[test]
fn one_that_stays_in_a_built_in() {
    ends(
        "text := concat(\"\", [\"ab\" | some i in numbers.range(1, 60000)])\n\
         CreateSandboxRequest if count(indexof_n(text, text)) + count([x | some i in numbers.range(1, 40000); x := indexof(text, \"ba!\")]) == 0",
        4,
        "CreateSandbox: no answer within 3.00s: the policy loops, is too large, or calls a built-in \
         that takes that long",
    );
}

#[test]
fn one_of_sixteen_megabytes() {
    let line = format!("# {}\n", "x".repeat(125));
    ends(
        &line.repeat(16 * 1024 * 1024 / line.len() + 1),
        2,
        "\"p.rego\": the agent does not take this policy: agent_policy exceeds maximum allowed policy \
         file size 16777216 bytes",
    );
    ends(
        &"#\n".repeat(200_000),
        2,
        "\"p.rego\": the agent does not take this policy: agent_policy exceeds maximum allowed line \
         count 200000",
    );
    ends(
        &format!("x := \"{}\"", "y".repeat(66_000)),
        2,
        "p.rego:3:7: the agent does not take this policy: line exceeds maximum column width of 65536",
    );
}

#[test]
fn the_next_request_is_answered_after_one_that_ended_the_engine() {
    let rules = "CreateSandboxRequest if f(1)\nf(x) if f(x + 1)\n";
    let folder = folder(&[("p.rego", &format!("{BEGIN}{rules}"))]);
    // An engine is only for its policy; a run ends with the first error.
    policy(
        &folder,
        &["check", "-p", "p.rego", "-c", "GetMetrics", "CreateSandbox"],
    )
    .stdout(
        "1  denied   GetMetrics  code: INTERNAL: GetMetricsRequest: internal error policy check: \
             unexpected eval_query result len QueryResults { result: [] }\n",
    )
    .stderr(
        "error: CreateSandbox: the policy nests or recurses too deep for the engine, which \
             ended\n",
    )
    .status(2)
    .test();
}

/// An agent that serves goes on after a policy that ended its engine, or never ends.
#[cfg(feature = "sim")]
#[test]
fn serve_lives_on() {
    let folder = folder(&[
        (
            "deep.rego",
            &format!(
                "{BEGIN}default SetPolicyRequest := true\nCreateSandboxRequest if f(1)\nf(x) if f(x + 1)\n"
            ),
        ),
        (
            "good.rego",
            "package agent_policy\ndefault GetMetricsRequest := true\ndefault SetPolicyRequest := true\n",
        ),
    ]);
    let served = crate::served::serve(&["--feature", "policy"]);
    served.listening();
    let brackets = format!("x := {}", "[".repeat(20_000));
    std::fs::write(
        folder.path().join("brackets.rego"),
        format!("{BEGIN}{brackets}"),
    )
    .unwrap();
    crate::tool::connect(&served.address(), ["--ignore-errors", "-o", "jsonl", "-c"])
        .arguments(["SetPolicy policy_file=deep.rego", "CreateSandbox", "GetMetrics"])
        .arguments(["SetPolicy policy_file=good.rego", "SetPolicy policy_file=brackets.rego"])
        .arguments(["GetMetrics"])
        .folder(folder.path())
        .stdout("{}\n{}\n")
        .stderr(
            "error: CreateSandbox: the agent answered code: INTERNAL (13): \"CreateSandboxRequest: \
             internal error the policy nests or recurses too deep for the engine, which ended\"\n\
             error: GetMetrics: the agent answered code: INTERNAL (13): \"GetMetricsRequest: internal \
             error policy check: unexpected eval_query result len QueryResults { result: [] }\"\n\
             error: SetPolicy: the agent answered code: INVALID_ARGUMENT (3): the policy nests or \
             recurses too deep for the engine, which ended\n\
             error: GetMetrics: the agent answered code: INTERNAL (13): \"GetMetricsRequest: internal \
             error policy check: unexpected eval_query result len QueryResults { result: [] }\"\n",
        )
        .status(77)
        .test();
    assert_eq!(served.end(nix::sys::signal::Signal::SIGTERM).0, Some(0));
}

#[cfg(feature = "sim")]
#[test]
fn serve_says_that_a_policy_is_for_older_agents() {
    let old = "package agent_policy\ndefault GetMetricsRequest = true\nf { input.x == 1 }\n";
    let folder = folder(&[("old.rego", old)]);
    let served = crate::served::serve(&["--feature", "policy"]);
    served.listening();
    crate::tool::connect(&served.address(), ["-c", "SetPolicy policy_file=old.rego"])
        .folder(folder.path())
        .stderr(
            "error: SetPolicy: the agent answered code: INVALID_ARGUMENT (3): --> agent_policy:3:3\n",
        )
        .status(67)
        .test();
    assert_eq!(
        served.end(nix::sys::signal::Signal::SIGTERM).2,
        [
            "warning: this policy is Rego v0, which agents to 3.28 take and this one does not: its \
             rules need \"if\""
        ]
    );
}

#[test]
fn a_time_without_a_unit_is_warned_of() {
    let folder = folder(&[(
        "p.rego",
        "package agent_policy\ndefault GetMetricsRequest := true\n",
    )]);
    let output = policy(
        &folder,
        &["check", "--policy-timeout", "5", "-p", "p.rego", "-c"],
    )
    .arguments(["GetMetrics"])
    .start()
    .wait();
    let first = output.stderr.lines().next();
    assert_eq!(
        first,
        Some("warn: --policy-timeout 5 is 5 nanoseconds, as it has no unit: write 5s for seconds")
    );
}
