use super::*;

fn why(policy: &str, rule: &str, input: &str) -> Vec<Reason> {
    let mut tracer = Tracer::new(policy, Rego::V1).unwrap();
    tracer.why(rule, input, r#"{"pstate": {}}"#).unwrap()
}

/// The line and the text of the innermost expression of the first reason, and its values.
fn innermost(policy: &str, rule: &str, input: &str) -> String {
    let reasons = why(policy, rule, input);
    let step = reasons[0].steps.last().unwrap();
    let values = step.values.iter().map(|part| {
        format!(
            "{}={}",
            part.text,
            part.value.as_deref().unwrap_or("undefined")
        )
    });
    let values: Vec<_> = values.collect();
    format!(
        "{}: {} {:?} [{}]",
        step.line,
        step.text,
        step.what,
        values.join(", ")
    )
}

#[test]
fn the_innermost_expression_is_found() {
    let policy = r#"package agent_policy
import rego.v1
default R := false
R if {
    input.a == 1
    print("a", input.a)
    f(input.b, "x")
    some x in input.list
    x.name == "web"
    allowed
}
f(b, text) if {
    b.kind == text
    not b.bad
}
f(b, text) if b.other == text
allowed if {
    every e in input.env {
        ok(e)
    }
}
ok(e) if startswith(e, "A")
ok(e) if regex.match("^B", e)
"#;
    let cases = [
        (r#"{"a": 2}"#, r#"5: input.a == 1 False [input.a=2, 1=1]"#),
        (
            r#"{}"#,
            r#"5: input.a == 1 Undefined [input.a=undefined, 1=1]"#,
        ),
        (
            r#"{"a": 1, "b": {"kind": "x", "bad": true}}"#,
            r#"14: not b.bad Holds []"#,
        ),
        (
            r#"{"a": 1, "b": {"kind": "x"}, "list": []}"#,
            r#"8: some x in input.list Empty []"#,
        ),
        (
            r#"{"a": 1, "b": {"kind": "x"}, "list": [{"name": "db"}, {"name": "c"}]}"#,
            r#"9: x.name == "web" False [x.name="db", "web"="web"]"#,
        ),
        (
            r#"{"a": 1, "b": {"kind": "x"}, "list": [{"name": "web"}], "env": ["A", "Bx", "C"]}"#,
            r#"22: startswith(e, "A") False [e="C", "A"="A"]"#,
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(innermost(policy, "R", input), expected, "{input}");
    }
}

#[test]
fn x() {
    let policy = std::fs::read_to_string("/tmp/pol/src/tools/genpolicy/rules.rego").unwrap()
        + "\npolicy_data := {\"containers\": []}";
    let t = Tracer::new(&policy, Rego::V1).unwrap();
    std::fs::write("/tmp/pol/traced.rego", &t.traced.text).unwrap();
}
