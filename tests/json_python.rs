//! Compares the JSON reader and writer with those of Google's protobuf library
//! for Python: on random messages of every type of this build's protos and of
//! an API with everything that those lack, and on documents that both take or
//! both refuse. The library is installed into a virtual environment below the
//! target folder; where that cannot be done the test is skipped.
//!
//! `JSON_PYTHON_SEED` picks other messages, `JSON_PYTHON_COUNT` how many of each
//! type.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Plain, Reflect, Schema, template};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const DEFAULT_SEED: &str = "20240501";
const DEFAULT_COUNT: u32 = 30;
/// The other API has few types, and each has much in it.
const WIDE_FACTOR: u32 = 5;

#[test]
fn json_agrees_with_googles_library() -> Result<()> {
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
    let script = source.join("tests/json_python/compare.py");
    let protos = source.join(kata_agent_ctl::schema().source);
    let wide_protos = source.join(wide_api::schema().source);
    let apis = [
        (kata_agent_ctl::schema(), protos, count),
        (wide_api::schema(), wide_protos, count * WIDE_FACTOR),
    ];
    let mut sets = Vec::new();
    for (index, (_, protos, count)) in apis.iter().enumerate() {
        let path = folder.join(format!("{index}.binpb"));
        fs::write(&path, agent_codegen::descriptor_set(protos)?)?;
        sets.extend([path.into_os_string(), count.to_string().into()]);
    }
    let schemas = apis.map(|(schema, ..)| schema);

    let cases = folder.join("cases.jsonl");
    let results = folder.join("results.jsonl");
    let compare = || {
        let mut command = Command::new(&python);
        command.arg(&script);
        command
    };
    run(compare().args(["make", &seed]).arg(&cases).args(&sets))?;
    let mut out = Vec::new();
    for case in fs::read_to_string(&cases)?.lines() {
        serde_json::to_writer(&mut out, &answer(&schemas, &serde_json::from_str(case)?)?)?;
        out.push(b'\n');
    }
    fs::write(&results, out)?;
    match run(compare().arg("check").arg(&cases).arg(&results).args(&sets)) {
        Ok(summary) => print!("seed {seed}: {summary}"),
        Err(error) => return Err(format!("seed {seed}: {error}").into()),
    }
    Ok(())
}

/// What the tool makes of a case.
fn answer(schemas: &[&'static Schema], case: &Value) -> Result<Value> {
    let text = |name: &str| case.get(name).and_then(Value::as_str);
    let name = text("type").ok_or("a case has no type")?;
    let schema = case
        .get("set")
        .and_then(Value::as_u64)
        .and_then(|set| schemas.get(usize::try_from(set).ok()?))
        .copied()
        .ok_or("a case has no descriptor set")?;
    let new = || {
        let message = schema.messages.iter().find(|it| it.full_name == name);
        message.map(|message| (message.new)()).ok_or(name)
    };

    let mut merged = new()?;
    let mut explicit = Explicit::default();
    let document = text("json").ok_or("a case has no document")?;
    if let Err(error) = json::merge(&mut *merged, &mut explicit, &Plain, schema, document) {
        return Ok(json!({ "error": error.to_string() }));
    }
    let mut bytes = Vec::new();
    merged.encode_into(&mut bytes)?;
    let encoded = BASE64_STANDARD.encode(&bytes);
    let Some(bytes) = text("bytes") else {
        return Ok(json!({ "merged": encoded }));
    };

    let mut decoded = new()?;
    decoded.merge_from(&BASE64_STANDARD.decode(bytes)?)?;
    Ok(json!({
        "merged": encoded,
        "written": written(&*decoded, schema, false)?,
        "with_defaults": written(&*decoded, schema, true)?,
        "template": template(decoded.descriptor()),
    }))
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
