//! Compares the JSON reader and writer, and the decoder, with those of Google's
//! protobuf library for Python: on messages of every type of this build's protos and
//! of an API with everything that those lack. The library is installed into a virtual
//! environment below the target folder; where that cannot be done the tests are skipped.
//!
//! `JSON_PYTHON_SEED` picks other messages, `JSON_PYTHON_COUNT` how many of each
//! type.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Plain, Reflect, Schema, decode, decode_noting, template};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DEFAULT_SEED: &str = "20240501";
const DEFAULT_COUNT: u32 = 30;
/// The other API has few types, and each has much in it.
const WIDE_FACTOR: u32 = 5;

/// Random messages as JSON, and documents that both take or both refuse.
#[test]
fn json_agrees_with_googles_library() -> Result<()> {
    compare("compare.py", json_answer)
}

/// Encodings that are well-formed, that are odd, and that were changed at random.
#[test]
fn decoding_agrees_with_googles_library() -> Result<()> {
    compare("decode.py", decode_answer)
}

/// What the tool makes of a case with a message of this type.
type Answer = fn(&'static Schema, new: &dyn Fn() -> Box<dyn Reflect>, &Value) -> Result<Value>;

/// Has a script make cases, and check what the tool answers to each.
fn compare(script: &str, answer: Answer) -> Result<()> {
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
    let count = match std::env::var("JSON_PYTHON_COUNT") {
        Ok(count) => count.parse()?,
        Err(_) => DEFAULT_COUNT,
    };

    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let apis = [
        (kata_agent_ctl::schema(), count),
        (wide_api::schema(), count * WIDE_FACTOR),
    ];
    let mut sets = Vec::new();
    for (index, (schema, count)) in apis.iter().enumerate() {
        let path = folder.join(format!("{script}.{index}.binpb"));
        fs::write(
            &path,
            agent_codegen::descriptor_set(&source.join(schema.source))?,
        )?;
        sets.extend([path.into_os_string(), count.to_string().into()]);
    }

    let cases = folder.join(format!("{script}.cases.jsonl"));
    let results = folder.join(format!("{script}.results.jsonl"));
    let command = || {
        let mut command = Command::new(&python);
        command.arg(source.join("tests/json_python").join(script));
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    run(command().args(["make", &seed]).arg(&cases).args(&sets))?;
    let mut out = Vec::new();
    for case in fs::read_to_string(&cases)?.lines() {
        let case: Value = serde_json::from_str(case)?;
        let name = case.get("type").and_then(Value::as_str);
        let set = case.get("set").and_then(Value::as_u64);
        let (schema, _) = apis
            .get(usize::try_from(set.ok_or("a case has no descriptor set")?)?)
            .ok_or("there is no such descriptor set")?;
        let mut messages = schema.messages.iter();
        let message = messages
            .find(|it| Some(it.full_name) == name)
            .ok_or_else(|| format!("there is no message {name:?}"))?;
        serde_json::to_writer(&mut out, &answer(schema, &message.new, &case)?)?;
        out.push(b'\n');
    }
    fs::write(&results, out)?;
    match run(command().arg("check").arg(&cases).arg(&results).args(&sets)) {
        Ok(summary) => print!("{script}, seed {seed}:\n{summary}"),
        Err(error) => return Err(format!("{script}, seed {seed}: {error}").into()),
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
                let unknown = unknown.map(|it| json!([it.message.full_name, it.number, it.count]));
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
