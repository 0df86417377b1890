//! What `policy audit` finds: every hole that is put into a policy, and none in one that pins
//! all that there is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{folder, policy};
use crate::tool::tool;

const COMMAND: &str = r#"CreateContainer container_id=web exec_id=web OCI={"Version":"1.1.0",
    "Process":{"Args":["sh","-c","ls"],"Env":["A=1","B=2"],"Cwd":"/","User":{"UID":5,
    "AdditionalGids":[1]},"Capabilities":{"Bounding":["CAP_CHOWN"]},"NoNewPrivileges":true},
    "Root":{"Path":"/r","Readonly":true},"Mounts":[{"destination":"/proc","type":"proc"}],
    "Annotations":{"a":"1","b":"2"},"Linux":{"Namespaces":[{"Type":"ipc"}],
    "Resources":{"Memory":{"Limit":"1000"}},"MaskedPaths":["/proc/kcore"]}}
    storages=[{"driver":"blk","driver_options":["ro"],"mount_point":"/m"}] sandbox_pidns=true"#;

/// Expressions that are true of this value alone, each with the path that it pins.
fn pins(path: &str, value: &Value, all: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            let keys: Vec<_> = members.keys().collect();
            let keys = serde_json::to_string(&keys).unwrap();
            all.push((
                path.to_owned(),
                format!("[key | some key, _ in {path}] == {keys}"),
            ));
            for (name, value) in members {
                pins(
                    &format!("{path}[{}]", Value::from(name.as_str())),
                    value,
                    all,
                );
            }
        }
        Value::Array(items) => {
            all.push((path.to_owned(), format!("count({path}) == {}", items.len())));
            for (index, item) in items.iter().enumerate() {
                pins(&format!("{path}[{index}]"), item, all);
            }
        }
        value => all.push((path.to_owned(), format!("{path} == {value}"))),
    }
}

/// A policy that requires these.
fn rego<'a>(pins: impl IntoIterator<Item = &'a (String, String)>) -> String {
    let mut text = "package agent_policy\ndefault CreateContainerRequest := false\n\
                    CreateContainerRequest if {\n"
        .to_owned();
    for (_, pin) in pins {
        let _ = writeln!(text, "    {pin}");
    }
    text + "}\n"
}

/// A path of the policy as that of a field: no quotes around names but those of map keys.
fn as_field(path: &str) -> String {
    let path = path.trim_start_matches("input");
    let maps = ["Annotations", "Sysctl"];
    let mut field = String::new();
    for part in path.split(['[', ']']).filter(|part| !part.is_empty()) {
        let name = part.trim_matches('"');
        let in_map = maps.iter().any(|map| field.ends_with(map));
        if in_map || name.parse::<usize>().is_ok() {
            field.push_str(&format!("[{part}]"));
        } else {
            let dot = if field.is_empty() { "" } else { "." };
            field.push_str(&format!("{dot}{name}"));
        }
    }
    field
}

fn audited(rules: &str, request: &str) -> (u64, BTreeSet<String>) {
    let folder = folder(&[("p.rego", rules), ("request.json", request)]);
    let output = policy(
        &folder,
        &["audit", "-p", "p.rego", "--json", "request.json"],
    )
    .run();
    let found = output.succeeded().json();
    let allowed = found["allowed"]
        .as_array()
        .unwrap_or_else(|| panic!("{found}"));
    let paths = allowed
        .iter()
        .map(|change| change["path"].as_str().unwrap().to_owned());
    (found["tried"].as_u64().unwrap(), paths.collect())
}

#[test]
fn every_hole_is_found_and_nothing_else() {
    let output = tool(["connect", "-n", "--dry-run", "-o", "serde", "-c", COMMAND]).run();
    let input = output.succeeded().json();
    let request = format!(r#"[{{"kind": "CreateContainerRequest", "request": {input}}}]"#);
    let mut all = Vec::new();
    pins("input", &input, &mut all);

    let (tried, holes) = audited(&rego(&all), &request);
    assert!(holes.is_empty(), "{holes:?}");
    assert!(tried > 150, "{tried}");

    // Leaves all over the request, by a fixed step.
    let leaves: Vec<_> = all
        .iter()
        .filter(|(_, pin)| !pin.starts_with("count(") && !pin.starts_with('['))
        .collect();
    let holes: BTreeSet<_> = (0..20)
        .map(|hole| leaves[hole * leaves.len() / 20].0.clone())
        .collect();
    assert_eq!(holes.len(), 20);
    let rules = rego(all.iter().filter(|(path, _)| !holes.contains(path)));
    let (_, found) = audited(&rules, &request);
    let expected: BTreeSet<_> = holes.iter().map(|hole| as_field(hole)).collect();
    assert_eq!(found, expected);
}

/// The same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn words_that_are_looked_at_as_one_text_may_stand_in_other_entries() {
    let rules = "package agent_policy\n\
        ExecProcessRequest if concat(\" \", input.process.Args) == \"ls -l a\"\n";
    let request = |args: &str| {
        let process = format!(r#"{{"process": {{"Args": {args}}}}}"#);
        format!(r#"[{{"kind": "ExecProcessRequest", "request": {process}}}]"#)
    };
    for (args, other) in [
        (r#"["ls","-l","a"]"#, r#"["ls -l a"]"#),
        (r#"["ls -l a"]"#, r#"["ls","-l","a"]"#),
    ] {
        let (_, holes) = audited(rules, &request(args));
        assert!(holes.contains("process.Args"), "{holes:?}");
        let folder = folder(&[("p.rego", rules), ("t.json", &request(args))]);
        let output = policy(&folder, &["audit", "-p", "p.rego", "t.json"]).run();
        let text = output.succeeded().text();
        assert!(text.contains(&format!("changed: {other}\n")), "{text}");
    }
}

/// Holes that are no wider than one more value, which the policy names somewhere.
#[test]
fn a_hole_of_one_value_is_found() {
    let output = tool(["connect", "-n", "--dry-run", "-o", "serde", "-c", COMMAND]).run();
    let input = output.succeeded().json();
    let request = format!(r#"[{{"kind": "CreateContainerRequest", "request": {input}}}]"#);
    let mut all = Vec::new();
    pins("input", &input, &mut all);
    let mut numbers = Numbers(7);
    let mut holes = BTreeSet::new();
    let mut others = String::new();
    while holes.len() < 20 {
        let place = numbers.below(all.len());
        let (path, pin) = all[place].clone();
        let Some(value) = pin.strip_prefix(&format!("{path} == ")) else {
            continue;
        };
        let Some(value) = serde_json::from_str::<Value>(value).ok() else {
            continue;
        };
        let number = holes.len();
        let other = match &value {
            Value::Number(_) => json!(4_000 + number),
            Value::String(_) => json!(format!("zebra {number}")),
            _ => continue,
        };
        all[place].1 = match numbers.below(6) {
            0 => format!("{path} in [{value}, {other}]"),
            1 => format!("{path} in {{{value}, {other}}}"),
            2 => {
                let _ = writeln!(others, "ok_{number}(x) if x == {value}");
                let _ = writeln!(others, "ok_{number}(x) if x == {other}");
                format!("ok_{number}({path})")
            }
            3 => {
                let _ = writeln!(others, "may_{number} := {{\"a\": [{value}, {other}]}}");
                format!("{path} == may_{number}.a[_]")
            }
            4 => {
                let _ = writeln!(others, "may_{number} contains {value}");
                let _ = writeln!(others, "may_{number} contains {other}");
                format!("may_{number}[{path}]")
            }
            _ => format!("{{{value}: 1, {other}: 2}}[{path}] > 0"),
        };
        holes.insert(as_field(&path));
    }
    let (_, found) = audited(&(rego(&all) + &others), &request);
    assert_eq!(found, holes);
}

/// The changes of a command's request that these rules allow, each with its path.
fn allowed_changes(rules: &str, command: &str) -> BTreeSet<String> {
    let folder = folder(&[("p.rego", rules)]);
    let output = policy(&folder, &["audit", "-n", "-p", "p.rego", "--json", "-c"])
        .arguments([command])
        .run();
    let found = output.succeeded().json();
    let allowed = found["allowed"].as_array().unwrap();
    let changes = allowed.iter().map(|change| {
        let word = |name: &str| change[name].as_str().unwrap().to_owned();
        format!("{} {} {}", word("path"), word("change"), change["to"])
    });
    changes.collect()
}

/// Each is permitted by what a function makes of a text, and no other kind of change shows it.
#[test]
fn what_functions_make_of_a_text_is_permitted() {
    let id = |text: &str| format!("container_id changed {}", Value::from(text));
    for (statements, value, expected) in [
        (r#"trim_suffix(id, "-debug") == "web""#, "web", "web-debug"),
        (r#"trim_prefix(id, "x-") == "web""#, "web", "x-web"),
        (r#"split(id, ":")[0] == "web""#, "web", "web:"),
        (
            r#"parts := split(id, ":"); parts[0] == "web"; every part in parts { part != "" }"#,
            "web",
            "web:policy-audit",
        ),
        (
            r#"parts := split(id, "/"); parts[count(parts) - 1] == "web"; parts[0] != """#,
            "web",
            "policy-audit/web",
        ),
        (
            r#"replace(id, "-", "") == "web"; not startswith(id, "-"); not endswith(id, "-")"#,
            "web",
            "w-eb",
        ),
        (r#"replace(id, "_", "-") == "my-web""#, "my-web", "my_web"),
        (r#"cut := "@"; split(id, cut)[0] == "web""#, "web", "web@"),
        ("without_tag(id) == \"web\"", "web", "web!1"),
        (
            r#"concat("", ["x-", trim_prefix(id, "x-")]) == "x-app""#,
            "x-app",
            "app",
        ),
        (r#"id in split("app,old", ",")"#, "app", "old"),
        (
            r#"some zone in ["eu", "us"]; id == sprintf("app-%s", [zone])"#,
            "app-eu",
            "app-us",
        ),
        ("trim_space(id) == \"web\"", "web", "web "),
        ("upper(id) == \"APP\"", "APP", "app"),
        (
            r#"regex.match("^(web|debug-[a-z]{3})$", id)"#,
            "web",
            "debug-aaa",
        ),
        (r#"regex.match("^web(-[0-9]+)?$", id)"#, "web", "web-0"),
        (r#"regex.match("^(ab)+$", id)"#, "ab", "abab"),
        (r#"regex.match("^a[-/]b$", id)"#, "a-b", "a/b"),
        (
            r#"regex.match("k8s.io", id); count(id) == 6"#,
            "k8s.io",
            "k8saio",
        ),
        (
            r#"regex.replace(id, "=[0-9]$", "") == "web""#,
            "web",
            "web=0",
        ),
        ("regex.match(patterns[_], id)", "web", "www-0"),
    ] {
        let rules = format!(
            "package agent_policy\nStartContainerRequest if is_known(input.container_id)\n\
             is_known(id) if {{ {statements} }}\nwithout_tag(id) := trim_suffix(id, \"!1\")\n\
             patterns := [\"^web$\", \"^www-[0-9]$\"]\n"
        );
        let command = format!("StartContainer container_id={value}");
        let found = allowed_changes(&rules, &command);
        assert!(found.contains(&id(expected)), "{statements}\n{found:#?}");
    }
}

#[test]
fn what_functions_make_of_a_list_or_a_key_is_permitted() {
    let rules = "package agent_policy\n\
        CreateSandboxRequest if { concat(\",\", input.dns) == \"a,b c,d\"; count(input.dns) < 3 }\n\
        ExecProcessRequest if input.process.Args in [[\"ls\"], split(\"df -h\", \" \")]\n\
        CreateContainerRequest if {\n    \
            every key, _ in input.OCI.Annotations { trim_prefix(key, \"io.\") == \"web\" }\n}\n";
    for (command, expected) in [
        (r#"CreateSandbox dns=["a,b c,d"]"#, None),
        (
            r#"CreateSandbox dns=["a","b c,d"]"#,
            Some(r#"dns changed ["a,b c","d"]"#),
        ),
        (
            r#"CreateSandbox dns=["a,b c","d"]"#,
            Some(r#"dns changed ["a","b c,d"]"#),
        ),
        (
            r#"CreateSandbox dns=["a,b c","d"]"#,
            Some(r#"dns changed ["a,b c,d"]"#),
        ),
        (
            "ExecProcess process.Args=ls",
            Some(r#"process.Args changed ["df","-h"]"#),
        ),
        (
            "CreateContainer OCI.Annotations[web]=1",
            Some(r#"OCI.Annotations["io.web"] added "1""#),
        ),
    ] {
        let found = allowed_changes(rules, command);
        match expected {
            Some(expected) => assert!(found.contains(expected), "{expected}\n{found:#?}"),
            // The three entries that it would be are one too many.
            None => assert!(
                !found.iter().any(|it| it.starts_with("dns changed")),
                "{found:#?}"
            ),
        }
    }
}

#[test]
fn an_audit_of_nothing_is_an_error() {
    let rules = "package agent_policy\ndefault GetMetricsRequest := true\n\
                 default ListRoutesRequest := false\n";
    let folder = folder(&[("p.rego", rules)]);
    let nothing = "error: nothing was audited: an audit needs a request that the policy allows\n";
    let denied = "denied   ListRoutes  code: PERMISSION_DENIED: ListRoutesRequest is blocked by \
                  policy:\n";
    let audit = |commands: &[&str]| {
        let arguments = ["audit", "-n", "-p", "p.rego", "-c"];
        policy(&folder, &arguments).arguments(commands)
    };
    audit(&["ListRoutes", "Check"])
        .status(2)
        .stdout(format!(
            "1  {denied}2  allowed  Check  (no policy is asked)\n"
        ))
        .stderr(nothing)
        .test();
    audit(&["ListRoutes", "GetMetrics"])
        .stdout(format!(
            "1  {denied}2  allowed  GetMetrics: 0 of 0 changes are still allowed\n"
        ))
        .test();
}

#[test]
fn what_the_policy_names_is_permitted_in_lists_and_maps() {
    let rules = "package agent_policy\n\
                 default ExecProcessRequest := false\n\
                 ExecProcessRequest if {\n    \
                     input.process.Args in [[\"ls\"], [\"df\", \"-h\"]]\n    \
                     every variable in input.process.Env { variable in [\"A=1\", \"B=2\"] }\n\
                 }\n\
                 default CreateContainerRequest := false\n\
                 CreateContainerRequest if {\n    \
                     every key, value in input.OCI.Annotations { known[key] == value }\n\
                 }\n\
                 known := {\"a\": \"1\", \"b\": \"2\"}\n\
                 default ReseedRandomDevRequest := false\n\
                 ReseedRandomDevRequest if input.data in [[97], [98, 99], [1000]]\n";
    let changes = |command: &str, wanted: &[&str]| {
        let changes = allowed_changes(rules, command);
        for wanted in wanted {
            assert!(changes.contains(*wanted), "{wanted}\n{changes:#?}");
        }
    };
    changes(
        "ExecProcess process.Args=ls",
        &[
            r#"process.Args changed ["df","-h"]"#,
            r#"process.Env[0] added "A=1""#,
            r#"process.Env[0] added "B=2""#,
        ],
    );
    changes(
        "CreateContainer OCI.Annotations[a]=1",
        &[r#"OCI.Annotations["b"] added "2""#],
    );
    changes(
        "CreateContainer OCI={}",
        &[r#"OCI.Annotations["a"] added "1""#],
    );
    changes("ReseedRandomDev data=a", &["data changed [98,99]"]);
}

/// Where a policy has very many values, the nearest are tried, and that there are more is told.
#[test]
fn of_very_many_values_the_nearest_are_tried() {
    let many: Vec<_> = (0..5_000).map(|number| format!("v{number}")).collect();
    let many = serde_json::to_string(&many).unwrap();
    let rules = format!(
        "package agent_policy\ndefault StartContainerRequest := false\nmany := {many}\n\
         StartContainerRequest if input.container_id in named\n\
         named := [\"a\", \"zebra\"]\nother if input.other == many[_]\n"
    );
    let folder = folder(&[("p.rego", &rules)]);
    policy(&folder, &["audit", "-n", "-p", "p.rego", "-c"])
        .arguments(["StartContainer cid=a"])
        .stdout(
            "1  allowed  StartContainer: 1 of 43 changes are still allowed\n  \
               container_id  changed: \"zebra\"\n  \
               (the policy names very many values: in one place only the nearest ones were tried)\n",
        )
        .test();
}

/// As in the variables of a process, of which some may have any value.
#[test]
fn a_name_that_may_have_any_value_is_found() {
    let rules = "package agent_policy\n\
        ExecProcessRequest if { every variable in input.process.Env { is_known(variable) } }\n\
        is_known(variable) if variable == \"A=1\"\n\
        is_known(variable) if {\n    parts := split(variable, \"=\")\n    parts[0] == \"HOST\"\n    \
            regex.match(\"^[a-z-]{6,}$\", parts[1])\n}\n";
    for (variables, path) in [("Env=A=1", "Env[0] changed"), ("Cwd=/", "Env[0] added")] {
        let found = allowed_changes(rules, &format!("ExecProcess process.{variables}"));
        let expected = format!("process.{path} \"HOST=policy-audit\"");
        assert!(found.contains(&expected), "{found:#?}");
    }
    // Many others stand nearer to no field.
    let many = (0..20).map(|number| format!("other if input.other == \"v{number}\"\n"));
    let rules = many.fold(
        rules.replace("package agent_policy\n", ""),
        |rules, rule| rule + &rules,
    );
    let rules = format!("package agent_policy\n{rules}");
    let found = allowed_changes(&rules, "ExecProcess process.Env=A=1");
    assert!(
        found.contains("process.Env[0] changed \"HOST=policy-audit\""),
        "{found:#?}"
    );
}

/// Of texts that functions are given, too: the way to them goes over variables of the rule.
#[test]
fn of_very_many_texts_the_nearest_are_joined() {
    let many =
        (0..20).map(|number| format!("other if trim_prefix(input.other, \"v{number}\") == 1\n"));
    let rules = format!(
        "package agent_policy\n{}StartContainerRequest if {{\n    id := input.container_id\n    \
         short := trim_space(id)\n    trim_suffix(short, \"-debug\") == \"web\"\n}}\n",
        many.collect::<String>()
    );
    let found = allowed_changes(&rules, "StartContainer container_id=web");
    assert!(
        found.contains("container_id changed \"web-debug\""),
        "{found:#?}"
    );
}

#[test]
fn what_a_pattern_permits_is_found() {
    let rules = "package agent_policy\ndefault CreateSandboxRequest := false\n\
                 CreateSandboxRequest if {\n    \
                     regex.match(\"^[a-f0-9]{8}$\", input.sandbox_id)\n    \
                     startswith(input.hostname, \"web\")\n    \
                     input.guest_hook_path == \"\"\n    \
                     input.kernel_modules == []\n    \
                     input.storages == []\n    \
                     count(input.dns) < 2\n    \
                     not input.sandbox_pidns\n}\n";
    let folder = folder(&[("p.rego", rules)]);
    policy(&folder, &["audit", "-p", "p.rego", "-c"])
        .arguments(["CreateSandbox sandbox_id=0123abcd hostname=web-1", "CreateSandbox"])
        .stdout(
            "1  allowed  CreateSandbox: 8 of 42 changes are still allowed\n  \
               dns[0]      added: \"policy-audit\"\n  \
               hostname    changed: \"web-0\"; changed: \"web-1-policy-audit\"; changed: \"web\"\n  \
               sandbox_id  changed: \"0120abcd\"; changed: \"0123abca\"; changed: \
             \"aaaaaaaa\"; changed: \"00000000\"\n\
             2  denied   CreateSandbox  code: PERMISSION_DENIED: CreateSandboxRequest is blocked by \
             policy:\n",
        )
        .test();
}

#[test]
fn a_sequence_keeps_its_state() {
    let rules = "package agent_policy\ndefault StartContainerRequest := false\n\
                 StartContainerRequest := {\"allowed\": true, \"ops\": [{\"op\": \"add\", \"path\": \
                 \"/pstate/id\", \"value\": input.container_id}]} if not data.pstate.id\n\
                 StartContainerRequest if data.pstate.id == input.container_id\n";
    let folder = folder(&[("p.rego", rules)]);
    policy(
        &folder,
        &[
            "audit",
            "-p",
            "p.rego",
            "-c",
            "StartContainer cid=web",
            "StartContainer",
        ],
    )
    .stdout(
        "1  allowed  StartContainer: 6 of 6 changes are still allowed\n  \
               container_id  changed: \"wea\"; changed: \"web-policy-audit\"; changed: \
               \"policy-audit-web\"; changed: \"WEB\"; changed: \"policy-audit\"; changed: \"\"\n\
             2  allowed  StartContainer: 0 of 51 changes are still allowed\n",
    )
    .test();
}

/// Each is a hole that only one kind of change comes through.
#[test]
fn holes_of_every_kind_are_found() {
    let rules = "package agent_policy\n\
                 default CreateSandboxRequest := false\n\
                 CreateSandboxRequest if {\n    \
                     endswith(input.hostname, \"web\")\n    \
                     regex.match(\"^/run/[a-z]+/hooks$\", input.guest_hook_path)\n    \
                     lower(input.sandbox_id) == \"abc\"\n    \
                     {name | some name in input.dns} == {\"1.1.1.1\", \"8.8.8.8\"}\n    \
                     count(input.kernel_modules) == 0\n    \
                     count(input.storages) == 0\n    \
                     not input.sandbox_pidns\n\
                 }\n\
                 default ReseedRandomDevRequest := false\n\
                 ReseedRandomDevRequest if count(input.data) == 4\n\
                 default ExecProcessRequest := false\n\
                 ExecProcessRequest if {\n    \
                     input.container_id == \"a\"\n    \
                     input.exec_id == \"a\"\n    \
                     is_null(input.string_user)\n    \
                     not input.process.Terminal\n\
                 }\n\
                 default CreateContainerRequest := false\n\
                 CreateContainerRequest if {\n    \
                     input.container_id == \"a\"\n    \
                     every key, _ in input.OCI.Annotations { startswith(key, \"cri.\") }\n\
                 }\n";
    let folder = folder(&[("p.rego", rules)]);
    let arguments = ["audit", "-n", "-p", "p.rego", "-c"];
    let output = policy(&folder, &arguments)
        .arguments([
            "CreateSandbox hostname=web guest_hook_path=/run/a/hooks sandbox_id=abc dns=1.1.1.1 \
             dns=8.8.8.8",
            "ReseedRandomDev data=abcd",
            "ExecProcess cid=a exec_id=a process={}",
            "CreateContainer cid=a OCI.Annotations[cri.a]=1",
        ])
        .run();
    let lines: Vec<_> = output
        .succeeded()
        .text()
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for found in [
        "dns reversed",
        "dns[2] added: \"8.8.8.8\"",
        "guest_hook_path changed: \"/run/b/hooks\"",
        "hostname changed: \"policy-audit-web\"",
        "sandbox_id changed: \"ABC\"",
        "data changed: [97,98,99,101]",
        "process removed",
        "OCI.Annotations[\"cri.a-policy-audit\"] added: \"1\"",
    ] {
        assert!(
            lines.iter().any(|line| line == found),
            "{found}\n{lines:#?}"
        );
    }
}
