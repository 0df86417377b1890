//! The examples that `describe` shows, run as a user would run them.

use std::process::Command;

use kata_agent_ctl::schema::describe::{Form, examples};
use kata_agent_ctl::schema::{Explicit, Plain, json, path, template};
use serde_json::Value;

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

/// What the program prints for these arguments; an error if it does not succeed.
fn output(arguments: &[&str]) -> std::result::Result<String, String> {
    let run = Command::new(test_support::program(env!("CARGO_BIN_EXE_kata-agent-ctl")))
        .env_remove("KATA_AGENT_SERVER_ADDRESS")
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    if run.status.success() {
        Ok(String::from_utf8_lossy(&run.stdout).into_owned())
    } else {
        let message = String::from_utf8_lossy(&run.stderr);
        Err(format!("{arguments:?}: {}: {message}", run.status))
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[test]
fn every_example_is_a_request_that_can_be_sent() -> Result {
    let folder = tempfile::tempdir()?;
    // What the examples of conveniences name.
    std::fs::write(folder.path().join("policy.rego"), "package agent_policy")?;
    for bundle in ["bundle", "image"] {
        std::fs::create_dir(folder.path().join(bundle))?;
        std::fs::write(folder.path().join(bundle).join("config.json"), "{}")?;
    }
    let list: Value = serde_json::from_str(&output(&["list", "--json"])?)?;
    let mut count = 0;
    for rpc in array(&list).flat_map(|service| array(&service["rpcs"])) {
        let path = rpc["path"].as_str().unwrap_or_default();
        let page: Value = serde_json::from_str(&output(&["describe", path, "--json"])?)?;
        let mut arguments = [
            "connect",
            "--server-address",
            "sim://",
            "--dry-run",
            "-o",
            "hex",
        ]
        .map(str::to_owned)
        .to_vec();
        for example in array(&page["examples"]) {
            let mut command = example["command"].as_str().unwrap_or_default().to_owned();
            if let Some((name, _)) = command.split_once(" file://") {
                let file = folder.path().join("request.json");
                std::fs::write(&file, output(&["template", path])?)?;
                command = format!("{name} file://{}", file.display());
            }
            if example["form"] == "convenience" {
                let at = |start: &str| format!("{start}{}/", folder.path().display());
                command = command.replace("=file:///tmp/", &at("=file://"));
                command = command.replace("=/tmp/", &at("="));
            }
            arguments.extend(["-c".to_owned(), command]);
            count += 1;
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        output(&arguments)?;
    }
    // Each RPC has at least its plain form, a document and a file.
    assert!(count >= 3 * array(&list).flat_map(|it| array(&it["rpcs"])).count() && count > 0);
    Ok(())
}

#[test]
fn the_same_request_by_setters_and_by_document() -> Result {
    let list: Value = serde_json::from_str(&output(&["list", "--json"])?)?;
    for rpc in array(&list).flat_map(|service| array(&service["rpcs"])) {
        let path = rpc["path"].as_str().unwrap_or_default();
        let page: Value = serde_json::from_str(&output(&["describe", path, "--json"])?)?;
        let sent = |form: &str| -> std::result::Result<Option<String>, String> {
            let example = array(&page["examples"]).find(|it| it["form"] == form);
            let Some(command) = example.and_then(|it| it["command"].as_str()) else {
                return Ok(None);
            };
            let start = [
                "connect",
                "--server-address",
                "sim://",
                "-n",
                "--dry-run",
                "-o",
                "hex",
            ];
            Some(output(&[&start[..], &["-c", command]].concat())).transpose()
        };
        if let Some(by_setters) = sent("setters")? {
            assert!(!by_setters.trim().is_empty(), "{path}");
            assert_eq!(Some(by_setters), sent("document")?, "{path}");
        }
    }
    Ok(())
}

#[test]
fn requests_with_a_json_form_of_their_own() -> Result {
    let schema = wide_api::schema();
    let known = schema
        .services
        .iter()
        .find(|it| it.full_name == "wide.Known")
        .ok_or("no service")?;
    let any = "type.googleapis.com/google.protobuf.Empty";
    let mut told = Vec::new();
    for rpc in known.rpcs {
        let mut encoded = Vec::new();
        let mut line = vec![rpc.name.to_owned(), template(rpc.request)];
        for example in examples(schema, rpc) {
            let mut message = (rpc.request.new)();
            let mut explicit = Explicit::default();
            let text = match example.form {
                Form::File => Some(template(rpc.request)),
                _ => example
                    .document
                    .as_ref()
                    .and_then(|it| Some(it.strip_prefix("json://")?.to_owned())),
            };
            if let Some(text) = text {
                json::merge(&mut *message, &mut explicit, &Plain, schema, &text)?;
            }
            for (at, value) in &example.setters {
                path::set(&mut *message, &mut explicit, &Plain, schema, at, value)?;
            }
            if !matches!(example.form, Form::Plain | Form::File) {
                let mut bytes = Vec::new();
                message.encode_into(&mut bytes)?;
                encoded.push(bytes);
            }
            if matches!(example.form, Form::Setters | Form::Document) {
                let command = example.command();
                line.extend(command.split_once(' ').map(|(_, words)| words.to_owned()));
            }
        }
        // By setters, by document, and mostly by both: the same request.
        assert_eq!(encoded.len(), 3, "{}", rpc.name);
        assert!(!encoded[0].is_empty(), "{}", rpc.name);
        // A setter adds to a list where it does not name an element that is there.
        if rpc.name != "TakeFieldMask" {
            assert_eq!(encoded[0], encoded[2], "{}", rpc.name);
        }
        assert_eq!(encoded[0], encoded[1], "{}", rpc.name);
        told.push(line.join(" | ").replace(any, "ANY"));
    }
    assert_eq!(
        told,
        [
            r#"TakeTimestamp | "1970-01-01T00:00:00Z" | seconds=1704067200 | json://"2024-01-01T00:00:00Z""#,
            r#"TakeDuration | "0s" | seconds=1 nanos=500000000 | json://"1.5s""#,
            r#"TakeFieldMask | "" | paths=text | json://"text""#,
            r#"TakeStruct | {} | fields[key]=text | json://{"key":"text"}"#,
            r#"TakeValue | null | string_value=text | json://"text""#,
            r#"TakeListValue | [] | values[0]=text | json://["text"]"#,
            r#"TakeAny | {} | type_url=ANY | json://{"@type":"ANY"}"#,
            r#"TakeDoubleValue | 0.0 | value=1 | json://1"#,
            r#"TakeFloatValue | 0.0 | value=1 | json://1"#,
            r#"TakeInt64Value | "0" | value=1 | json://1"#,
            r#"TakeUInt64Value | "0" | value=1 | json://1"#,
            r#"TakeInt32Value | 0 | value=1 | json://1"#,
            r#"TakeUInt32Value | 0 | value=1 | json://1"#,
            r#"TakeBoolValue | false | value=true | json://true"#,
            r#"TakeStringValue | "" | value=text | json://"text""#,
            r#"TakeBytesValue | "" | value=hex:00ff | json://"AP8=""#,
        ]
    );
    Ok(())
}
