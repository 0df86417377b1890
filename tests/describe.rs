//! The examples that `describe` shows, run as a user would run them.

use std::process::Command;

use kata_agent_ctl::schema::describe::{self, Form, Unannotated, examples};
use kata_agent_ctl::schema::{Explicit, Plain, json, lookup, missing_required, path, template};
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
fn what_only_proto2_says_is_described() -> Result {
    let schema = wide_api::schema();
    let page = |name| -> std::result::Result<String, Box<dyn std::error::Error>> {
        let item = lookup::item(schema, name)?;
        Ok(describe::describe(schema, item, &Unannotated))
    };
    let whole = page("old.Whole")?;
    for line in [
        "  name     required string        1",
        "  count    optional int32         2   default: 5",
        "  note     optional string        3   default: \"none yet\", deprecated",
        "  mood     optional old.Mood      4   default: GLAD",
        "      GLAD = 2, deprecated",
        "  ratio    optional double        11  default: -inf",
    ] {
        assert!(
            whole.lines().any(|it| it == line),
            "{line} is not in\n{whole}"
        );
    }
    assert!(page("old.Gone")?.starts_with("message old.Gone (old.proto), deprecated\n"));
    assert!(page("Forget")?.starts_with("rpc old.Museum/Forget (old.proto), deprecated\n"));
    let list = describe::list(&lookup::services(schema, Some("Museum"))?);
    assert!(list.contains("\n  Forget  deprecated\n"), "{list}");
    let item = lookup::item(schema, "old.Whole")?;
    let json: Value = serde_json::from_str(&describe::describe_json(schema, item, &Unannotated))?;
    let field = |index: usize| &json["fields"][index];
    assert_eq!(field(0)["label"], "required");
    assert_eq!(
        (&field(1)["default"], &field(1)["deprecated"]),
        (&"5".into(), &false.into())
    );
    assert_eq!(field(2)["deprecated"], true);
    assert_eq!(field(0)["default"], Value::Null);
    // What must be there is in a template, and what need not be is null.
    let template: Value = serde_json::from_str(&template(lookup::request(schema, "old.Whole")?))?;
    assert_eq!(template["name"], "");
    assert_eq!(template["count"], Value::Null);
    assert_eq!(
        template["parts"],
        serde_json::json!([{"number": 0, "inner": null}])
    );
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
        for example in examples(schema, rpc, &Unannotated) {
            let mut message = (rpc.request.new)();
            let mut explicit = Explicit::default();
            let text = match example.form {
                Form::File => example.input.clone(),
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
            if example.form != Form::Plain {
                let mut bytes = Vec::new();
                message.encode_into(&mut bytes)?;
                encoded.push(bytes);
            }
            if matches!(example.form, Form::Setters | Form::Document) {
                let command = example.command();
                line.extend(command.split_once(' ').map(|(_, words)| words.to_owned()));
            }
        }
        // By setters, by documents, and mostly by both: the same request.
        assert_eq!(encoded.len(), 4, "{}", rpc.name);
        assert!(!encoded[0].is_empty(), "{}", rpc.name);
        // A setter adds to a list where it does not name an element that is there.
        if rpc.name != "TakeFieldMask" {
            assert_eq!(encoded[0], encoded[3], "{}", rpc.name);
        }
        assert_eq!(encoded[0], encoded[1], "{}", rpc.name);
        assert_eq!(encoded[0], encoded[2], "{}", rpc.name);
        told.push(line.join(" | ").replace(any, "ANY"));
    }
    assert_eq!(
        told,
        [
            r#"TakeTimestamp | "1970-01-01T00:00:00Z" | seconds=1704067200 | json://"2024-01-01T00:00:00Z""#,
            r#"TakeDuration | "0s" | seconds=1 nanos=500000000 | json://"1.5s""#,
            r#"TakeFieldMask | "" | paths=example | json://"example""#,
            r#"TakeStruct | {} | fields[key]=example | json://{"key":"example"}"#,
            r#"TakeValue | null | string_value=example | json://"example""#,
            r#"TakeListValue | [] | values[0]=example | json://["example"]"#,
            r#"TakeAny | {} | type_url=ANY | json://{"@type":"ANY"}"#,
            r#"TakeDoubleValue | 0.0 | value=1 | json://1"#,
            r#"TakeFloatValue | 0.0 | value=1 | json://1"#,
            r#"TakeInt64Value | "0" | value=1 | json://1"#,
            r#"TakeUInt64Value | "0" | value=1 | json://1"#,
            r#"TakeInt32Value | 0 | value=1 | json://1"#,
            r#"TakeUInt32Value | 0 | value=1 | json://1"#,
            r#"TakeBoolValue | false | value=true | json://true"#,
            r#"TakeStringValue | "" | value=example | json://"example""#,
            r#"TakeBytesValue | "" | value=hex:00ff | json://"AP8=""#,
        ]
    );
    Ok(())
}

/// Whatever the protos are: an example in each form can be sent as it stands, and those with
/// setters and with a document say the same.
#[test]
fn examples_of_any_protos_can_be_sent() -> Result {
    let schema = wide_api::schema();
    let mut shown = Vec::new();
    for rpc in schema.services.iter().flat_map(|service| service.rpcs) {
        let name = rpc.path();
        let mut whole = Vec::new();
        for example in examples(schema, rpc, &Unannotated) {
            let command = example.command();
            let mut message = (rpc.request.new)();
            let mut explicit = Explicit::default();
            let document = match &example.document {
                Some(document) if document == "file://-" => example.input.as_deref(),
                Some(document) => document.strip_prefix("json://"),
                None => None,
            };
            if let Some(text) = document {
                json::merge(&mut *message, &mut explicit, &Plain, schema, text)?;
            }
            for (at, value) in &example.setters {
                path::set(&mut *message, &mut explicit, &Plain, schema, at, value)?;
            }
            assert_eq!(missing_required(&*message), None, "{name}: {command}");
            let mut bytes = Vec::new();
            message.encode_into(&mut bytes)?;
            if matches!(example.form, Form::Setters | Form::Document | Form::File) {
                whole.push(bytes);
            }
            if rpc.service == "old.Museum" && example.form != Form::File {
                shown.push(command.replace("old.Museum/", ""));
            }
        }
        assert!(whole.windows(2).all(|pair| pair[0] == pair[1]), "{name}");
    }
    assert_eq!(
        shown,
        [
            "Show name=example count=1 note=example parts[0]={\"number\":1}",
            "Show json://{\"name\":\"example\",\"count\":1,\"note\":\"example\",\"parts\":[{\"number\":1}]}",
            "Show json://{\"name\":\"example\"} count=1",
            "Forget",
            "Forget json://{}",
        ]
    );
    Ok(())
}
