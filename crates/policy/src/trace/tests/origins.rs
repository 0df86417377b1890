//! Where a value comes from: functions, other definitions, variables, lists and objects.

use super::*;

/// The innermost expression of the first reason, and the line of the definition that made it so.
fn told_of(policy: &str, input: &str) -> String {
    let mut found = innermost(policy, "R", input);
    if let Some(line) = why(policy, "R", input)[0].steps.last().unwrap().held {
        found.push_str(&format!(" line {line}"));
    }
    found
}

#[test]
fn what_stands_behind_a_value_is_told() {
    let cases = [
        (
            "R if not bad",
            r#"9: not bad Holds [input.id="z", "z"="z"] line 4"#,
        ),
        (
            "R if not other(input.id)",
            r#"9: not other(input.id) Holds [input.id="z", x="z", y="z"] line 5"#,
        ),
        (
            "R := r if { r := input.id == \"a\" }",
            r#"9: r := input.id == "a" False [input.id="z", "a"="a"]"#,
        ),
        (
            "R if { r := input.list[_]; r == 1 }",
            "9: r := input.list[_] Undefined [input.list=[]]",
        ),
        (
            "R := r if { r := chk(input.id) }",
            r#"12: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if { r := chk(input.id); r }",
            r#"12: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if chk(input.id) == true",
            r#"12: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R if word(input.id) == "yes""#,
            r#"16: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R if "no" != word(input.id)"#,
            r#"16: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R if { w := word(input.id); v := w; v == "yes" }"#,
            r#"16: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R if "yes" = word(input.id)"#,
            r#"16: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R if many(input.id) == "b""#,
            r#"19: x == "y" False [x="z", "y"="y"]"#,
        ),
        // No definition gives it.
        (
            r#"R if many(input.id) == "d""#,
            r#"9: many(input.id) == "d" False [many(input.id)="a", "d"="d", x="z", "z"="z"] line 18"#,
        ),
        (
            "R if next(input.n) == 3",
            "9: next(input.n) == 3 False [next(input.n)=2, 3=3] line 31",
        ),
        (
            "R if { o := object(input.id); o.ok }",
            r#"22: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R if { o := object(input.id); o.why == "a" }"#,
            r#"22: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if object(input.id).ok",
            r#"22: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if equal(input.id) == true",
            r#"27: r := x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if flag == true",
            r#"30: input.id == "y" False [input.id="z", "y"="y"]"#,
        ),
        (
            r#"R := {"allowed": a, "ops": []} if { a := input.id == "y" }"#,
            r#"9: a := input.id == "y" False [input.id="z", "y"="y"]"#,
        ),
        (
            r#"R := d if { a := chk(input.id); d := {"allowed": a} }"#,
            r#"12: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            r#"R := {"allowed": chk(input.id)}"#,
            r#"12: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if flags.ok",
            r#"34: ok := input.id == "y" False [input.id="z", "y"="y"]"#,
        ),
        (
            "R if { f := flags; f.ok == true }",
            r#"34: ok := input.id == "y" False [input.id="z", "y"="y"]"#,
        ),
        (
            r#"R if through(input.id) == "yes""#,
            r#"16: x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R := decide(input.id)",
            r#"40: ok := x == "y" False [x="z", "y"="y"]"#,
        ),
        (
            "R if fixed.a.b",
            "42: fixed := {\"a\": {\"b\": false}} Refused []",
        ),
        ("R if not always", "9: not always Holds [] line 32"),
    ];
    let functions = r#"
chk(x) := true if {
    x == "y"
}
chk(x) := false if x != "y"
word(x) := "yes" if {
    x == "y"
} else := "no"
many(x) := "a" if x == "z"
many(x) := "b" if x == "y"
many(x) := "c" if x == "x"
object(x) := {"ok": true, "why": "a"} if {
    x == "y"
} else := {"ok": false, "why": "b"} if {
    x == "z"
}
equal(x) := r if {
    r := x == "y"
}
default flag := false
flag if input.id == "y"
next(x) := x + 1
always := true
flags := {"ok": ok} if {
    ok := input.id == "y"
}
through(x) := r if {
    r := word(x)
}
decide(x) := {"allowed": ok} if {
    ok := x == "y"
}
fixed := {"a": {"b": false}}
"#;
    for (rule, told) in cases {
        let policy = format!(
            "package agent_policy\nimport rego.v1\nbad if input.id == \"a\"\n\
             bad if startswith(input.id, \"z\")\nother(x) if {{\n    some y in [\"a\", \"z\"]\n    \
             x == y\n}}\n{rule}\n{functions}"
        );
        let input = r#"{"id": "z", "list": [], "n": 1}"#;
        assert_eq!(told_of(&policy, input), told, "{rule}");
    }
}

#[test]
fn a_value_is_followed_through_lists_and_objects() {
    let cases = [
        // In the rule's value, as it stands there or through a variable.
        (
            r#"R := {"allowed": input.id == "a", "ops": []} if true"#,
            r#"3: input.id == "a" False [input.id="z", "a"="a"]"#,
        ),
        (
            "R := v if {\n    v := {\n        \"ops\": [],\n        \"allowed\": input.id == \"a\",\n    }\n}",
            r#"6: input.id == "a" False [input.id="z", "a"="a"]"#,
        ),
        (
            r#"R := object.union({"ops": []}, {"allowed": is_a(input.id)})"#,
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            r#"R := object.union({"ops": []}, object.union({"allowed": true}, {"allowed": is_a(input.id)}))"#,
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        // In a rule without a body.
        (
            "R if checks.args",
            r#"23: input.args[0] == "ls" False [input.args[0]="sh", "ls"="ls"]"#,
        ),
        (
            "R if checks.more.deep[1]",
            r#"24: input.id != "z" False [input.id="z", "z"="z"]"#,
        ),
        (
            "R if { c := checks; c.args == true }",
            r#"23: input.args[0] == "ls" False [input.args[0]="sh", "ls"="ls"]"#,
        ),
        // Through a list, a pattern, an element of `every`, an argument.
        (
            "R if { r := [true, is_a(input.id)]; r[1] }",
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if { [_, ok] := [true, is_a(input.id)]; ok }",
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if { [ok, _] := pair(input.id); ok }",
            r#"28: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            r#"R if { {"ok": ok} := {"ok": is_a(input.id)}; ok }"#,
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if every r in [true, is_a(input.id)] { r }",
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            r#"R if every k, r in {"a": true, "b": is_a(input.id)} { r }"#,
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if every r in [[true], [is_a(input.id)]] { r[0] == true }",
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if all_true([true, is_a(input.id)])",
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            r#"R if all_true([true, input.id == "a"])"#,
            r#"3: input.id == "a" False [input.id="z", "a"="a"]"#,
        ),
        // Lists that are compared.
        (
            "R if [true, is_a(input.id)] == [true, true]",
            r#"20: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if [holds(input.id), only(input.id)] == [true, true]",
            r#"27: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            r#"R if {"a": holds(input.id), "b": only(input.id)} == {"a": true, "b": true}"#,
            r#"27: x == "a" False [x="z", "a"="a"]"#,
        ),
        // The part that has no value.
        (
            r#"R if { x := {"a": input.id, "b": [input.args[5]]}; x.a == "z" }"#,
            r#"3: input.args[5] Undefined [input.args=["sh","-c"]]"#,
        ),
        // By other operators.
        (
            "R if level(input.id) >= 3",
            r#"32: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if 3 < level(input.id)",
            r#"32: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if level(input.id) in [5, 6]",
            r#"32: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if level(input.id) != 2",
            r#"32: x == "a" False [x="z", "a"="a"]"#,
        ),
        (
            "R if level(input.id) > 7",
            r#"3: level(input.id) > 7 False [level(input.id)=2, 7=7, x="z", "z"="z"] line 33"#,
        ),
        (
            r#"R if { {"ok": ok} := verdict; ok }"#,
            r#"3: ok False [input.id="z", "z"="z"] line 40"#,
        ),
        // Sets that definitions add to.
        (
            "R if count(denied) == 0",
            r#"3: count(denied) == 0 False [count(denied)=1, 0=0, denied=["id"], input.id="z", "z"="z"] line 42"#,
        ),
        (
            "R if denied == set()",
            r#"3: denied == set() False [denied=["id"], set()=set(), input.id="z", "z"="z"] line 42"#,
        ),
        (
            "R if not is_denied",
            r#"3: not is_denied Holds [count(denied)=1, 0=0, denied=["id"], input.id="z", "z"="z"] line 44"#,
        ),
        // An argument that is calculated where the call stands.
        (
            r#"R if both(true, input.id == "a")"#,
            r#"3: input.id == "a" False [input.id="z", "a"="a"]"#,
        ),
        // Comments within a statement.
        (
            "R if input.id in [ # one of these\n    \"a#\", # not b\n]",
            r#"3: input.id in [ "a#", ] False [input.id="z", [ "a#", ]=[ "a#", ]]"#,
        ),
        // The values of what a call was made with that has no value.
        (
            r#"R if { id := input.args[0]; to_number(id) > 20 }"#,
            r#"3: to_number(id) > 20 Undefined [to_number(id)=undefined, 20=20, id="sh"]"#,
        ),
        (
            "R if { some c in [input.args]; not c[1] }",
            r#"3: not c[1] Holds [c[1]="-c"]"#,
        ),
        // What cannot be of this form, or cannot hold.
        (
            "R if [a, a] = input.args",
            r#"3: [a, a] = input.args NoMatch [input.args=["sh","-c"]]"#,
        ),
        (
            "R if [input.id, a] = [\"a\", 1]",
            r#"3: [input.id, a] = ["a", 1] NoMatch [input.id="z"]"#,
        ),
        (
            "R if not print(input.id)",
            "3: not print(input.id) Holds [input.id=\"z\"]",
        ),
    ];
    let rules = r#"is_a(x) := x == "a"
checks := {
    "id": input.id == "z",
    "args": input.args[0] == "ls",
    "more": {"deep": [true, input.id != "z"]},
}
holds(x) if x == "z"
only(x) if x == "a"
pair(x) := [x == "a", x]
all_true(list) if {
    every one in list { one }
}
level(x) := 5 if x == "a"
else := 2 if x == "z"
else := 0
both(a, b) if {
    a
    b
}
verdict := {"ok": false} if {
    input.id == "z"
} else := {"ok": true}
denied contains "id" if input.id == "z"
denied contains "args" if input.args[0] == "df"
is_denied if count(denied) > 0
"#;
    for (rule, told) in cases {
        let policy = format!("package agent_policy\nimport rego.v1\n{rule}\n");
        let lines = policy.lines().count();
        let policy = format!(
            "{policy}{}{rules}",
            "\n".repeat(19_usize.saturating_sub(lines))
        );
        let input = r#"{"id": "z", "args": ["sh", "-c"]}"#;
        assert_eq!(told_of(&policy, input), told, "{rule}");
    }
}
