//! Where people have a policy: as rego, in the annotations of a pod or of what makes pods, or
//! in the initdata that such an annotation holds.

use std::fmt::Display;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use saphyr::{LoadableYamlNode as _, Yaml};
use saphyr_parser::{Event, Parser};

/// The annotation that holds initdata, as base64 of gzip of TOML.
const INITDATA: &str = "io.katacontainers.config.hypervisor.cc_init_data";
/// The annotation that holds the policy, as base64, before there was initdata.
const POLICY: &str = "io.katacontainers.config.agent.policy";
/// The annotations in which a pod may bring its policy.
pub const ANNOTATIONS: [&str; 2] = [INITDATA, POLICY];
/// The policy's name in initdata.
const REGO: &str = "policy.rego";
/// The largest file, and the largest initdata, in bytes: a policy has at most 16 MiB.
const MAX_BYTES: u64 = 64 << 20;
/// How deep YAML may nest: what reads it calls itself for each level.
const MAX_DEPTH: usize = 100;
/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why there is no policy in a text.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It is not YAML.
    #[error("not YAML: {0}")]
    Yaml(String),
    /// It is not TOML.
    #[error("not TOML: {0}")]
    Toml(String),
    /// It has no policy.
    #[error("there is no policy in it: {0}")]
    None(String),
    /// It has more than one.
    #[error("it has {} policies, those of {}: leave one of them", .0.len(), .0.join(" and "))]
    Several(Vec<String>),
    /// An annotation does not hold what it should.
    #[error("the annotation {name:?} {what}")]
    Annotation {
        /// The annotation.
        name: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

/// The policy in a text that is rego, YAML, TOML, or an annotation's value. `name` is the
/// file's, whose ending tells which.
///
/// # Errors
/// When there is none, or more than one.
pub fn policy(name: &str, text: &str) -> Result<String, SourceError> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    match ending {
        Some("rego") => Ok(text.to_owned()),
        Some("yaml" | "yml" | "json") => in_yaml(text),
        Some("toml") => in_toml(text),
        _ => guessed(text),
    }
}

/// The policy in a text of which nothing else is known.
fn guessed(text: &str) -> Result<String, SourceError> {
    let mut lines = text.lines().map(str::trim);
    let begins = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    let begins = begins.unwrap_or_default();
    if begins.starts_with("package ") {
        return Ok(text.to_owned());
    }
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\n\r".contains(&byte);
    if begins.len() > 40 && text.trim().bytes().all(is_base64) {
        // What does not unpack is told of the annotation that it is the value of.
        return match decoded(INITDATA, text)?.starts_with(&GZIP) {
            true => in_initdata(text),
            false => plain(text),
        };
    }
    if begins.starts_with('[')
        || begins
            .split_once('=')
            .is_some_and(|(key, _)| !key.contains(':'))
    {
        return in_toml(text);
    }
    in_yaml(text)
}

/// The policy in the annotations of a container's OCI configuration, given one by one.
///
/// # Errors
/// When the annotation does not hold one.
pub fn in_annotations<'a>(
    get: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<String>, SourceError> {
    match (get(INITDATA), get(POLICY)) {
        (Some(text), _) => in_initdata(text).map(Some),
        (None, Some(text)) => plain(text).map(Some),
        (None, None) => Ok(None),
    }
}

fn in_yaml(text: &str) -> Result<String, SourceError> {
    if text.trim().is_empty() {
        return Err(SourceError::None("it is empty".to_owned()));
    }
    check_depth(text)?;
    let documents = Yaml::load_from_str(text);
    let documents = documents.map_err(|error| not_yaml(&error))?;
    let mut found = Vec::new();
    for document in &documents {
        search(document, &mut found)?;
    }
    found.dedup_by(|(_, one), (_, other)| one == other);
    match found.as_mut_slice() {
        [] => Err(SourceError::None(format!(
            "no annotation is called {}",
            ANNOTATIONS.join(" or ")
        ))),
        [(_, policy)] => Ok(std::mem::take(policy)),
        several => Err(SourceError::Several(
            several.iter().map(|(name, _)| name.clone()).collect(),
        )),
    }
}

/// Refuses YAML that nests too deep.
fn check_depth(text: &str) -> Result<(), SourceError> {
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| not_yaml(&error))?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let error = format!("it nests deeper than {MAX_DEPTH} levels");
            return Err(SourceError::Yaml(error));
        }
    }
    Ok(())
}

fn not_yaml(error: &dyn Display) -> SourceError {
    SourceError::Yaml(on_one_line(&error.to_string()))
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Finds the annotations of pods, wherever they stand in a document.
fn search(node: &Yaml<'_>, found: &mut Vec<(String, String)>) -> Result<(), SourceError> {
    if let Some(items) = node.as_sequence() {
        for item in items {
            search(item, found)?;
        }
        return Ok(());
    }
    let Some(mapping) = node.as_mapping() else {
        return Ok(());
    };
    let member = |node: &Yaml<'_>, name: &str| -> Option<String> {
        node.as_mapping_get(name)?.as_str().map(str::to_owned)
    };
    // A pod is not taken whose annotation is a number or a list.
    let of_annotation =
        |annotations: &Yaml<'_>, name: &'static str| match annotations.as_mapping_get(name) {
            Some(value) if value.as_str().is_none() && !value.is_null() => {
                Err(SourceError::Annotation {
                    name,
                    what: "is not text".to_owned(),
                })
            }
            _ => Ok(member(annotations, name)),
        };
    if let Some(metadata) = node.as_mapping_get("metadata")
        && let Some(annotations) = metadata.as_mapping_get("annotations")
    {
        let initdata = of_annotation(annotations, INITDATA)?;
        let policy = of_annotation(annotations, POLICY)?;
        let get = |name: &str| match name {
            INITDATA => initdata.as_deref(),
            _ => policy.as_deref(),
        };
        if let Some(policy) = in_annotations(get)? {
            let kind = member(node, "kind").unwrap_or_else(|| "a template".to_owned());
            let name = member(metadata, "name").unwrap_or_default();
            found.push((format!("{kind} {name}").trim_end().to_owned(), policy));
        }
    }
    for (_, value) in mapping {
        search(value, found)?;
    }
    Ok(())
}

fn in_initdata(text: &str) -> Result<String, SourceError> {
    let wrong = |what: String| SourceError::Annotation {
        name: INITDATA,
        what,
    };
    let zipped = decoded(INITDATA, text)?;
    let mut toml = String::new();
    let mut unzipped = GzDecoder::new(zipped.as_slice()).take(MAX_BYTES);
    let read = unzipped.read_to_string(&mut toml);
    read.map_err(|error| wrong(format!("is not base64 of gzip: {error}")))?;
    if unzipped.limit() == 0 {
        return Err(wrong(format!("unpacks to more than {MAX_BYTES} bytes")));
    }
    in_toml(&toml)
}

fn plain(text: &str) -> Result<String, SourceError> {
    String::from_utf8(decoded(POLICY, text)?).map_err(|_| SourceError::Annotation {
        name: POLICY,
        what: "is not base64 of text".to_owned(),
    })
}

fn decoded(name: &'static str, text: &str) -> Result<Vec<u8>, SourceError> {
    let wrong = |what| SourceError::Annotation { name, what };
    let text: String = text.split_whitespace().collect();
    if text.is_empty() {
        return Err(wrong("is empty".to_owned()));
    }
    let decoded = STANDARD.decode(text);
    decoded.map_err(|error| wrong(format!("is not base64: {error}")))
}

fn in_toml(text: &str) -> Result<String, SourceError> {
    let table = text.parse::<toml::Table>();
    let table = table.map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.unwrap_or_default().matches('\n').count() + 1;
        SourceError::Toml(on_one_line(&format!("line {line}: {}", error.message())))
    })?;
    match table.get("data").and_then(|data| data.get(REGO)) {
        Some(toml::Value::String(policy)) => Ok(policy.clone()),
        Some(_) => Err(SourceError::None(format!(
            "{REGO:?} in the table \"data\" is not text"
        ))),
        None => Err(SourceError::None(format!(
            "the table \"data\" has no {REGO:?}"
        ))),
    }
}
