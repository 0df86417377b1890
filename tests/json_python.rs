//! Compares the JSON reader and writer, and the decoder, with those of Google's
//! protobuf library for Python: on messages of every type of this build's protos and
//! of an API with everything that those lack. The library is installed into a virtual
//! environment below the target folder; where that cannot be done the tests are skipped.
//!
//! `JSON_PYTHON_SEED` picks other messages, `JSON_PYTHON_COUNT` how many cases each type
//! has. The long run of the decoder is for when something changed in it:
//! `cargo test --test json_python -- --ignored --nocapture`.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Plain, Reflect, Schema, decode, decode_noting, template};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DEFAULT_SEED: &str = "20240501";
/// Cases of each type, as every run of the tests has them, and as the long run has.
const COUNT: u32 = 60;
const LONG_COUNT: u32 = 100_000;

/// Random messages as JSON, and documents that both take or both refuse.
#[test]
fn json_agrees_with_googles_library() -> Result<()> {
    compare("documents.py", COUNT, json_answer)
}

/// Encodings that are well-formed, that are odd, and that were changed at random.
#[test]
fn decoding_agrees_with_googles_library() -> Result<()> {
    compare("decode.py", COUNT, decode_answer)
}

#[test]
#[ignore = "takes half an hour"]
fn decoding_agrees_with_googles_library_in_the_long_run() -> Result<()> {
    compare("decode.py", LONG_COUNT, decode_answer)
}

/// What the tool makes of a case with a message of this type.
type Answer = fn(&'static Schema, new: &dyn Fn() -> Box<dyn Reflect>, &Value) -> Result<Value>;

/// Has a script make cases, so many of each type, and judge what the tool answers to each.
fn compare(script: &str, count: u32, answer: Answer) -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json_python");
    fs::create_dir_all(&folder)?;
    let python = match environment(&folder) {
        Ok(python) => python,
        Err(why) => {
            test_support::skip(format_args!("there is no protobuf for Python: {why}"));
            return Ok(());
        }
    };
    let seed = std::env::var("JSON_PYTHON_SEED").unwrap_or_else(|_| DEFAULT_SEED.to_owned());
    let count = std::env::var("JSON_PYTHON_COUNT").unwrap_or_else(|_| count.to_string());

    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let apis = [kata_agent_ctl::schema(), wide_api::schema()];
    let mut command = Command::new(&python);
    command
        .arg(source.join("tests/json_python").join(script))
        .arg(&seed)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    for (index, schema) in apis.iter().enumerate() {
        let set = folder.join(format!("{script}.{index}.binpb"));
        let protos = source.join(schema.source);
        fs::write(&set, agent_codegen::descriptor_set(&protos)?)?;
        command.arg(&set).arg(&count);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let answered = exchange(&mut child, &apis, answer);
    let output = child.wait_with_output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    print!("{script}, seed {seed}:\n{told}");
    if !output.status.success() {
        return Err(format!("{script}: {}", output.status).into());
    }
    answered
}

/// Answers the cases of a script, which come in batches: after the empty line at the end of
/// each the script reads the answers to it.
fn exchange(
    child: &mut std::process::Child,
    apis: &[&'static Schema],
    answer: Answer,
) -> Result<()> {
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let cases = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let mut answers = Vec::new();
    for case in cases.lines() {
        let case = case?;
        if case.is_empty() {
            input.write_all(&answers)?;
            answers.clear();
            continue;
        }
        let case: Value = serde_json::from_str(&case)?;
        let name = case.get("type").and_then(Value::as_str);
        let set = case.get("set").and_then(Value::as_u64);
        let schema = apis
            .get(usize::try_from(set.ok_or("a case has no descriptor set")?)?)
            .ok_or("there is no such descriptor set")?;
        let mut messages = schema.messages.iter();
        let message = messages
            .find(|it| Some(it.full_name) == name)
            .ok_or_else(|| format!("there is no message {name:?}"))?;
        serde_json::to_writer(&mut answers, &answer(schema, &message.new, &case)?)?;
        answers.push(b'\n');
    }
    Ok(())
}

fn json_answer(
    schema: &'static Schema,
    new: &dyn Fn() -> Box<dyn Reflect>,
    case: &Value,
) -> Result<Value> {
    let text = |name: &str| case.get(name).and_then(Value::as_str);
    let mut merged = new();
    let mut explicit = Explicit::default();
    let document = text("json").ok_or("a case has no document")?;
    if let Err(error) = json::merge(&mut *merged, &mut explicit, &Plain, schema, document) {
        return Ok(json!({ "error": error.to_string() }));
    }
    let encoded = encoded(&*merged)?;
    let Some(bytes) = text("bytes") else {
        return Ok(json!({ "merged": encoded }));
    };

    let mut decoded = new();
    decode(&mut *decoded, &BASE64_STANDARD.decode(bytes)?)?;
    Ok(json!({
        "merged": encoded,
        "written": written(&*decoded, schema, false)?,
        "with_defaults": written(&*decoded, schema, true)?,
        "template": template(decoded.descriptor()),
    }))
}

fn decode_answer(
    schema: &'static Schema,
    new: &dyn Fn() -> Box<dyn Reflect>,
    case: &Value,
) -> Result<Value> {
    let bytes = case.get("bytes").and_then(Value::as_str);
    let bytes = BASE64_STANDARD.decode(bytes.ok_or("a case has no encoding")?)?;
    let mut decoded = new();
    Ok(
        match decode_noting(&mut *decoded, &bytes, schema, usize::MAX) {
            Ok(unknown) => {
                let unknown = unknown.fields.iter();
                let unknown = unknown.map(|it| {
                    let map = it.map.map(|map| map.number);
                    json!([it.message.full_name, map, it.number, it.count])
                });
                json!({ "bytes": encoded(&*decoded)?, "unknown": unknown.collect::<Vec<_>>() })
            }
            Err(error) => json!({ "error": error.to_string() }),
        },
    )
}

fn encoded(message: &dyn Reflect) -> Result<String> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes)?;
    Ok(BASE64_STANDARD.encode(&bytes))
}

fn written(message: &dyn Reflect, schema: &'static Schema, emit_defaults: bool) -> Result<String> {
    let style = Style {
        pretty: emit_defaults,
        emit_defaults,
    };
    let mut out = Vec::new();
    json::write(message, schema, style, &mut out)?;
    Ok(String::from_utf8(out)?)
}

/// A Python that has the library.
fn environment(folder: &Path) -> Result<PathBuf> {
    // One test makes it, and the other waits.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock();
    let home = folder.join("venv");
    let python = home.join("bin/python");
    let has_library =
        || run(Command::new(&python).args(["-c", "import google.protobuf.json_format"]));
    if has_library().is_err() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "protobuf>=7,<8"]))?;
        has_library()?;
    }
    Ok(python)
}

/// The standard output of a command that succeeds.
fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}\n{text}{errors}", output.status).into())
}
