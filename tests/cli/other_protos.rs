//! The tool built from other protos than its own.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::builds::{build, build_with, fixture, frobnicate, one, streams};

const SIM: [&str; 3] = ["connect", "--server-address", "sim://"];

fn at_sim<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    SIM.iter().chain(arguments).copied().collect()
}

#[test]
fn one_rpc_and_one_message() {
    one(&["list"])
        .stdout(
            "one.Only (one.proto)\n  Ping  Answers what it is sent\n      one.Ping \u{2192} \
             one.Ping\n",
        )
        .test();

    let described = one(&["describe", "ping"]).run().succeeded().text();
    for part in [
        "one.Only/Ping",
        "Answers what it is sent.",
        "text",
        "Any text.",
    ] {
        assert!(described.contains(part), "{part} is not in\n{described}");
    }
    one(&["template", "Ping"])
        .stdout("{\n  \"text\": \"\"\n}\n")
        .test();
    for command in [
        "Ping",
        "Ping text=a",
        "one.Only/Ping json://{\"text\":\"a\"}",
    ] {
        one(&at_sim(&["-c", command])).stdout("{}\n").test();
    }
    one(&[
        "connect",
        "--dry-run",
        "-o",
        "jsonl",
        "-c",
        "Ping text='a b'",
    ])
    .stdout("{\"text\":\"a b\"}\n")
    .test();

    // What the tool knows about the agent's API is not there, and in no one's way.
    let output = one(&at_sim(&["-c", "CreateContainer"])).run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().contains("CreateContainer"),
        "{}",
        output.stderr
    );
    one(&at_sim(&["-c", "Ping cid=x"]))
        .status(2)
        .stderr("error: Ping: one.Ping has no field \"cid\"; its only field is \"text\"\n")
        .test();
}

#[test]
fn a_new_rpc_is_listed_and_described() {
    let listed = frobnicate(&["list"]).run().succeeded().text();
    let lines = "\n  Frobnicate  Frobnicates the parts\n      grpc.FrobnicateRequest \u{2192} \
                 grpc.FrobnicateResponse\n";
    assert!(listed.contains(lines), "{listed}");
    assert!(listed.contains("GetGuestDetails"), "{listed}");

    let described = frobnicate(&["describe", "Frobnicate"])
        .run()
        .succeeded()
        .text();
    for part in [
        "grpc.AgentService/Frobnicate",
        "Frobnicates the parts.",
        "The main part.",
        "repeated",
        "map<string,",
        "optional",
        "oneof",
        "tool",
    ] {
        assert!(described.contains(part), "{part} is not in\n{described}");
    }
    let described = frobnicate(&["describe", "FrobnicateRequest.Mode"])
        .run()
        .succeeded()
        .text();
    assert!(
        described.contains("MODE_GENTLE") && described.contains("How hard to try."),
        "{described}"
    );
}

#[test]
fn a_new_rpc_has_a_template() {
    let template = frobnicate(&["template", "Frobnicate"])
        .run()
        .succeeded()
        .text();
    let json: serde_json::Value = serde_json::from_str(&template).unwrap();
    let part = serde_json::json!({ "name": "", "inner": null, "sizes": [0] });
    let expected = serde_json::json!({
        "part": part,
        "parts": [part],
        "named": { "key": part },
        "modes": { "1": "MODE_NONE" },
        "mode": "MODE_NONE",
        "look": null,
        "file": null,
        "spare": null,
        "blob": null,
        "more": ["MODE_NONE"],
        "ratio": 0.0,
        "type": "0",
        "things": [null],
        "nothing": ["NULL_VALUE"],
        "facts": {},
        "row": [],
    });
    let number = |value: &serde_json::Value| value["ratio"].as_f64();
    assert_eq!(number(&json), Some(0.0));
    let without_ratio = |mut value: serde_json::Value| {
        value.as_object_mut().unwrap().remove("ratio");
        value
    };
    assert_eq!(without_ratio(json), without_ratio(expected));
    frobnicate(&[
        "connect",
        "--dry-run",
        "-o",
        "jsonl",
        "-c",
        "Frobnicate file://-",
    ])
    .stdin(&template)
    .stdout(
        "{\"part\":{\"sizes\":[0]},\"parts\":[{\"sizes\":[0]}],\"named\":{\"key\":{\"sizes\":[0]}},\
         \"modes\":{\"1\":\"MODE_NONE\"},\"more\":[\"MODE_NONE\"],\"things\":[null],\
         \"nothing\":[null],\"facts\":{},\"row\":[]}\n",
    )
    .test();
}

#[test]
fn a_new_rpc_is_called_in_every_form() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("request.json"),
        r#"{"part": {"name": "p"}}"#,
    )
    .unwrap();
    for (command, request) in [
        ("Frobnicate", "{}"),
        ("frobnicate mode=mode_firm", r#"{"mode":"MODE_FIRM"}"#),
        (
            "AgentService.Frobnicate mode=1",
            r#"{"mode":"MODE_GENTLE"}"#,
        ),
        (
            "Frobnicate part.name=a part.inner.inner.name='b c' part.inner.sizes=1 part.inner.sizes=2",
            r#"{"part":{"name":"a","inner":{"inner":{"name":"b c"},"sizes":[1,2]}}}"#,
        ),
        (
            r#"Frobnicate parts={"name":"a"} parts[1].sizes=[3, 4] parts[0].inner={}"#,
            r#"{"parts":[{"name":"a","inner":{}},{"sizes":[3,4]}]}"#,
        ),
        (
            r#"Frobnicate named[z].name=1 named["a]"].sizes=2 modes[-1]=MODE_GENTLE modes[0]=9"#,
            r#"{"named":{"a]":{"sizes":[2]},"z":{"name":"1"}},"modes":{"-1":"MODE_GENTLE","0":9}}"#,
        ),
        ("Frobnicate look=false", r#"{"look":false}"#),
        ("Frobnicate file= ", r#"{"file":""}"#),
        (
            "Frobnicate file=x spare.name=y",
            r#"{"spare":{"name":"y"}}"#,
        ),
        ("Frobnicate spare={} blob=hex:00ff", r#"{"blob":"AP8="}"#),
        (
            "Frobnicate more=Mode_Firm more=0 more=1",
            r#"{"more":["MODE_FIRM","MODE_NONE","MODE_GENTLE"]}"#,
        ),
        (
            "Frobnicate ratio=-1.5 type=-0x10",
            r#"{"ratio":-1.5,"type":"-16"}"#,
        ),
        (
            r#"Frobnicate json://{"look": true, "parts": [{}]} look=null"#,
            r#"{"parts":[{}]}"#,
        ),
        (
            "Frobnicate file://request.json part.sizes=1",
            r#"{"part":{"name":"p","sizes":[1]}}"#,
        ),
        (
            r#"Frobnicate things=1 things[1]=null things[0]=null nothing[0]=null"#,
            r#"{"things":[null,null],"nothing":[null]}"#,
        ),
        (
            r#"Frobnicate facts.fields[a]=5 row.values=x row.values[1]=true"#,
            r#"{"facts":{"a":5.0},"row":["x",true]}"#,
        ),
    ] {
        frobnicate(&["connect", "--dry-run", "-o", "jsonl", "-c", command])
            .folder(folder.path())
            .stdout(format!("{request}\n"))
            .test();
        frobnicate(&at_sim(&["-c", command]))
            .folder(folder.path())
            .stdout("{}\n")
            .test();
    }
    for (setter, message) in [
        (
            "facts.a=5",
            "facts: google.protobuf.Struct has no field \"a\"; \
             write facts={\"a\":...} or facts.fields[a]=...",
        ),
        (
            "facts[\"a b\"]=5",
            "facts: google.protobuf.Struct has no field \"a b\"; \
             write facts={\"...\":...} or facts.fields[...]=...",
        ),
        (
            "row[0]=5",
            "row: google.protobuf.ListValue has no field \"0\"; \
             write row=[...] or row.values[0]=...",
        ),
        (
            "row=x",
            "row: \"x\" is not a JSON list; give one, or a part of it as in row.values=...",
        ),
        (
            "facts=x",
            "facts: \"x\" is not a JSON object; give one, or a part of it as in facts.fields[key]=...",
        ),
    ] {
        frobnicate(&at_sim(&["-c", &format!("Frobnicate {setter}")]))
            .status(2)
            .stderr(format!("error: Frobnicate: {message}\n"))
            .test();
    }
    let mistake = "Frobnicate json://{\"file\":\"x\",\"blob\":\"\"}";
    let output = frobnicate(&at_sim(&["-c", mistake])).run();
    assert_eq!(output.status, 2, "{}", output.stderr);
    assert!(output.error().contains("tool"), "{}", output.stderr);
}

/// RPCs and fields of another service than the agent's, called as the agent's are.
#[test]
fn another_service_gets_nothing_of_the_agents() {
    let folder = TempDir::new().unwrap();
    let config = r#"{"hostname": "h", "process": {"user": {}, "cwd": "/"}}"#;
    fs::write(folder.path().join("config.json"), config).unwrap();
    let run = |rpc: &str, words: &str| {
        let command = format!("shop.Store/{rpc} {words}");
        frobnicate(&["connect", "--dry-run", "-o", "jsonl", "--bundle-dir", "."])
            .arguments(["-c", command.as_str()])
            .folder(folder.path())
    };
    for rpc in [
        "CreateContainer",
        "ExecProcess",
        "SignalProcess",
        "GetGuestDetails",
        "CopyFile",
        "SetPolicy",
        "DestroySandbox",
    ] {
        // No automatic value, and none that an earlier command gave.
        run(rpc, "").stdout("{}\n").test();
        frobnicate(&["connect", "--dry-run", "-o", "jsonl", "-c"])
            .arguments(["StartContainer cid=a", &format!("shop.Store/{rpc}")])
            .stdout("{\"container_id\":\"a\"}\n{}\n")
            .test();
        // No alias, no convenience, no signal by its name.
        for name in [
            "cid",
            "sid",
            "spec",
            "image",
            "id",
            "src",
            "dest",
            "policy_file",
        ] {
            let output = run(rpc, &format!("{name}=config.json")).run();
            let refused = format!("shop.Order has no field {name:?}");
            assert_eq!(output.status, 2, "{rpc} {name}");
            assert!(output.error().contains(&refused), "{}", output.stderr);
        }
        let output = run(rpc, "signal=term").run();
        assert!(
            output.error().contains("not an unsigned"),
            "{}",
            output.stderr
        );
        let described = frobnicate(&["describe", &format!("shop.Store/{rpc}")]).run();
        let text = described.succeeded().text();
        for part in ["Automatic:", "Alias:", "Also takes", "convenience"] {
            assert!(!text.contains(part), "{part} is in\n{text}");
        }
    }
    // The run goes on after it.
    frobnicate(&at_sim(&["-o", "jsonl", "-c"]))
        .arguments(["shop.Store/DestroySandbox", "Frobnicate"])
        .stdout("{}\n{}\n")
        .test();
}

#[test]
fn streams_are_listed() {
    streams(&["list"])
        .stdout(
            "streams.Streams (streams.proto)\n  \
             Collect  Many requests, one answer\n      stream streams.Item \u{2192} streams.Item\n  \
             Spread  One request, many answers\n      streams.Item \u{2192} stream streams.Item\n  \
             Exchange  Many of both\n      stream streams.Item \u{2192} stream streams.Item\n  \
             Plain  One of both\n      streams.Item \u{2192} streams.Item\n",
        )
        .test();
}

#[test]
fn streams_take_lines_and_print_answers_as_they_come() {
    // The simulated agent answers a stream from the client once, at its end, a
    // stream to the client with one item, and in both directions item by item.
    for (command, lines, answers) in [
        ("Collect", "", 1),
        ("Collect text=a", "{\"text\":\"b\"}\n{}\n", 1),
        ("Spread text=a", "", 1),
        ("Exchange", "", 1),
        ("Exchange text=a", "{\"text\":\"b\"}\n\n{\"number\":7}", 3),
        ("Exchange json://{\"text\":\"a\"}", "{}\n", 2),
        ("Plain", "", 1),
    ] {
        streams(&at_sim(&["-o", "jsonl", "-c", command]))
            .stdin(lines)
            .stdout("{}\n".repeat(answers))
            .test();
    }
}

#[test]
fn a_bad_proto_stops_the_build() {
    for (name, places) in [
        ("syntax", &["bad.proto:4:15: "][..]),
        ("type", &["bad.proto:4:3: "]),
        ("import", &["bad.proto:3:1: ", "bad.proto:3:8: "]),
        ("cycle", &["b.proto:3:1: ", "b.proto:3:8: "]),
    ] {
        let text = build("bad", &fixture("bad").join(name)).unwrap_err();
        assert!(!text.contains("panicked"), "{text}");
        assert!(
            places.iter().any(|place| text.contains(place)),
            "{name}\n{text}"
        );
    }
    // Found by the second folder to import from, and read.
    let bad = fixture("bad");
    let path = format!(
        "{}:{}",
        bad.join("cycle").display(),
        bad.join("syntax").display()
    );
    let text = build_with("bad", &bad.join("path"), &path).unwrap_err();
    assert!(text.contains("bad.proto:4:15: "), "{text}");
    let text = build("bad", &bad.join("path")).unwrap_err();
    assert!(
        text.contains("importing.proto:3:1: ") && text.contains("AGENT_CTL_PROTO_PATH"),
        "{text}"
    );

    let text = build("bad", &bad).unwrap_err();
    assert!(
        text.contains("holds no .proto file with a service"),
        "{text}"
    );
    let text = build("bad", Path::new("/no/such/folder")).unwrap_err();
    assert!(
        text.contains("/no/such/folder") && !text.contains("panicked"),
        "{text}"
    );
}
