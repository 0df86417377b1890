#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod broken;
mod origins;

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
            r#"5: input.a == 1 Undefined [input.a=undefined, 1=1, input={}]"#,
        ),
        (
            r#"{"a": 1, "b": {"kind": "x", "bad": true}}"#,
            r#"14: not b.bad Holds [b.bad=true, b={"bad":true,"kind":"x"}]"#,
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
fn an_error_of_the_engine_is_named_for_every_rule_and_not_an_innocent_line() {
    let policy = r#"package agent_policy
import rego.v1
R if {
    input.id == "z"
    {"x": x} := {"y": 1}
    x == 1
}
Q if input.id == "a"
"#;
    for rule in ["R", "Q"] {
        let reasons = why(policy, rule, r#"{"id": "z"}"#);
        let step = reasons[0].steps.last().unwrap();
        assert_eq!((step.line, step.what), (5, What::Error), "{reasons:?}");
        let error = step.error.as_deref().unwrap();
        assert!(error.contains("object literal keys mismatch"), "{error}");
        assert_eq!(reasons.len(), 1);
    }
}

#[test]
fn a_rule_without_a_body_may_have_any_value() {
    let values = [
        r#"[x | some c in ["a"]; x := concat("", [c, "1"])]"#,
        r#"{x | some c in ["a"]; x := concat("", [c, "1"])}"#,
        r#"{x: x | some c in ["a"]; x := concat("", [c, "1"])}"#,
        r#"[concat("", ["a", "1"])]"#,
    ];
    for value in values {
        let policy = format!(
            "package agent_policy\nimport rego.v1\nR if {{\n    ids[_] == input.id\n}}\n\
             ids := {value}\nQ if f(1)[_] == input.id\nf(n) := {value}\n"
        );
        let input = r#"{"id": "z"}"#;
        assert_eq!(
            innermost(&policy, "R", input),
            r#"4: ids[_] == input.id False [ids[_]="a1", input.id="z"]"#
        );
        assert!(innermost(&policy, "Q", input).starts_with("7: "));
    }
    let policy = "package agent_policy\nimport rego.v1\nR := input.id == \"a\"\n";
    assert_eq!(
        innermost(policy, "R", r#"{"id": "z"}"#),
        r#"3: input.id == "a" False [input.id="z", "a"="a"]"#
    );
}

#[test]
fn an_assignment_whose_value_has_another_form_is_named() {
    // The statement; what is told of it.
    let cases = [
        (r#"[a, b] := parts"#, r#"NoMatch [parts=["z"]]"#),
        (r#"[a, b] = parts"#, r#"NoMatch [parts=["z"]]"#),
        (r#"parts = [a, b]"#, r#"NoMatch [parts=["z"]]"#),
        (
            r#"[a, [b, _]] := [parts, parts]"#,
            r#"NoMatch [[parts, parts]=[["z"],["z"]]]"#,
        ),
        (r#"["k", _] := parts"#, r#"NoMatch [parts=["z"]]"#),
        (r#"[_, _] := parts"#, r#"NoMatch [parts=["z"]]"#),
        (
            r#"[a, b] := split(input.id, "-")"#,
            r#"NoMatch [split(input.id, "-")=["z"], input.id="z", "-"="-"]"#,
        ),
        (
            r#"{"a": a} := input"#,
            r#"NoMatch [input={"exec":"x","id":"z"}]"#,
        ),
        (
            r#"{"id": {"b": b}} := input"#,
            r#"NoMatch [input={"exec":"x","id":"z"}]"#,
        ),
        (r#"input = [a]"#, r#"NoMatch [input={"exec":"x","id":"z"}]"#),
        (
            r#"{"id": "y"} = input"#,
            r#"False [{"id": "y"}={"id": "y"}, input={"exec":"x","id":"z"}]"#,
        ),
        (r#"some [a, b] in [parts]"#, r#"NoMatch [[parts]=[["z"]]]"#),
        (r#"parts = "z""#, r#"False [parts=["z"], "z"="z"]"#),
        (r#"input.id = "y""#, r#"False [input.id="z", "y"="y"]"#),
        (r#""y" = input.id"#, r#"False ["y"="y", input.id="z"]"#),
        (
            r#"[input.exec] = parts"#,
            r#"False [[input.exec]=["x"], parts=["z"]]"#,
        ),
        (
            r#"[input.id, b] = [c, "y"]; [b, c] = [x, "q"]"#,
            r#"Unsolved [b="y", c="z"]"#,
        ),
        (
            r#"[input.id, b, 1] = [c, "y", 2]"#,
            r#"Unsolved [input.id="z"]"#,
        ),
        (
            r#"{"a": b, "c": input.id, "d": 1} = {"a": input.exec, "c": c, "d": 2}"#,
            r#"Unsolved [input.id="z", input.exec="x"]"#,
        ),
        (
            r#"some b in [1]; some c in [2]; b = c"#,
            r#"False [b=1, c=2]"#,
        ),
        (r#"c = 3; b = input.id; b = c"#, r#"Unsolved [b="z", c=3]"#),
        (
            r#"split(input.id, ".", b); b == [input.exec]"#,
            r#"False [b=["z"], [input.exec]=["x"]]"#,
        ),
        (
            r#"split(input.no, ".", b)"#,
            r#"Unsolved [input.no=undefined]"#,
        ),
        // It is not known what an element is compared with.
        (
            r#"[input.exec, b] = [input.id, 1]"#,
            r#"NoMatch [input.exec="x"]"#,
        ),
    ];
    let input = r#"{"id": "z", "exec": "x"}"#;
    for (statement, told) in cases {
        let policy = format!(
            "package agent_policy\nimport rego.v1\nR if {{\n    parts := split(input.id, \"-\")\n    \
             {statement}\n    input.exec == \"x\"\n    input.id == \"z\"\n}}\n"
        );
        let reasons = why(&policy, "R", input);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        let found = innermost(&policy, "R", input);
        let (_, last) = statement.rsplit_once("; ").unwrap_or(("", statement));
        assert_eq!(found, format!("5: {last} {told}"));
    }
}

#[test]
fn what_was_looked_for_is_told_and_nothing_wrong_of_the_request() {
    let cases = [
        (
            "ids[input.id].sig[_] == input.exec",
            r#"[ids[input.id].sig[_]=undefined, input.exec="x", input.id="z"]"#,
        ),
        (
            "input.exec == ids[input.id].sig[_]",
            r#"[input.exec="x", ids[input.id].sig[_]=undefined, input.id="z"]"#,
        ),
        (
            "input.no[_] == input.exec",
            r#"[input.no[_]=undefined, input.exec="x", input.no=undefined]"#,
        ),
        ("ids[input.id]", r#"[input.id="z"]"#),
        ("c := ids[input.id].sig[0]", r#"[input.id="z"]"#),
        (
            "c := data.pstate[input.id]",
            r#"[input.id="z", data.pstate={}]"#,
        ),
        ("c := data.pstate.a.b", "[data.pstate={}]"),
        (
            "data.other.thing == 1",
            r#"[data.other.thing=undefined, 1=1, data.other=undefined]"#,
        ),
        ("c := input.nil.list[_]", "[input.nil=null]"),
        ("c := input.nil[_].name", "[input.nil=null]"),
        ("c := input.none[_]", "[input.none=[]]"),
        ("c := input.no.list[_]", "[input.no=undefined]"),
        ("i := input.nil; c := i.list[_]", "[i=null]"),
        ("c := nothing[_]", "[nothing=[]]"),
        (
            "c := data.agent_policy.table.b[_]",
            "[data.agent_policy.table.b=undefined]",
        ),
        ("some c in input.nil.list", "[input.nil=null]"),
        ("every c in input.no.list { c }", "[input.no=undefined]"),
        ("names[input.id]", r#"[input.id="z"]"#),
        (
            "table[input.id] == 3",
            r#"[table[input.id]=undefined, 3=3, input.id="z"]"#,
        ),
        (
            "startswith(input.no, input.exec)",
            r#"[input.no=undefined, input.exec="x"]"#,
        ),
        (
            "ids.a[input.id] == ids.b[input.id]",
            r#"[input.id="z", ids.b={}]"#,
        ),
    ];
    for (statement, told) in cases {
        let policy = format!(
            "package agent_policy\nimport rego.v1\nR if {{\n    {statement}\n}}\n\
             ids := {{\"a\": {{\"sig\": [9]}}, \"b\": {{}}}}\n\
             names contains x if {{ some x in [\"p\"] }}\nnothing := []\n\
             table[k] := v if {{ some k, v in {{\"a\": 1}} }}\n"
        );
        let input = r#"{"id": "z", "exec": "x", "nil": null, "none": []}"#;
        let found = innermost(&policy, "R", input);
        let (_, last) = statement.rsplit_once("; ").unwrap_or(("", statement));
        let last = last.trim_end_matches(" { c }");
        assert_eq!(found, format!("4: {last} Undefined {told}"));
    }
}

#[test]
fn a_policy_may_have_the_names_that_are_put_into_it() {
    let policy = r#"package agent_policy
import rego.v1
__policy_tell(__policy_value, y) := y
__policy___enter := 1
R if {
    __policy_tell(1, input.id) == "q"
}
"#;
    assert_eq!(
        innermost(policy, "R", r#"{"id": "z"}"#),
        r#"6: __policy_tell(1, input.id) == "q" False [__policy_tell(1, input.id)="z", "q"="q"]"#
    );
}

#[test]
fn a_membership_with_a_key_stays_one_expression() {
    let policy = r#"package agent_policy
import rego.v1
R if not "a", "x" in input.map
S if {
    1, "x" in input.list
    every key in ["a", "b"] { key, "x" in input.map }
}
T if { found := "a", "y" in input.map; found }
"#;
    let input = r#"{"map": {"a": "x"}, "list": ["x"]}"#;
    for (rule, expected) in [
        ("R", "3: not \"a\", \"x\" in input.map Holds"),
        ("S", "5: 1, \"x\" in input.list False"),
        ("T", "8: found := \"a\", \"y\" in input.map"),
    ] {
        let found = innermost(policy, rule, input);
        assert!(found.starts_with(expected), "{found}");
    }
    let both = r#"{"map": {"a": "x", "b": "y"}, "list": ["z", "x"]}"#;
    let found = innermost(policy, "S", both);
    assert!(found.starts_with("6: key, \"x\" in input.map"), "{found}");
}
