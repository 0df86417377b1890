//! Values for examples: plausible ones of the right type, for a setter and for
//! JSON. A field's name only helps to choose a text.

use super::json::Json;
use crate::descriptor::{Enum, Field, Label, Message, Scalar, Schema, Type};
use crate::well_known::{WellKnown, has_special_form};

/// How many messages deep a sample reaches for a plain value.
const DEPTH: usize = 3;

/// One field given a value, in both forms.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The setter's path.
    pub path: String,
    /// The setter's value, which needs no quotes in a command.
    pub value: String,
    /// The field's entry in a JSON document.
    pub entry: (&'static str, Json),
}

/// A sample for a field; `None` where no value can be made up.
pub fn of(field: &'static Field) -> Option<Sample> {
    sample(field, DEPTH)
}

fn sample(field: &'static Field, depth: usize) -> Option<Sample> {
    let (path, value, json) = match (field.label, field.ty) {
        (label, Type::Message(message)) => {
            let inner = within(message, depth)?;
            let key = match label {
                Label::Singular | Label::Optional => "",
                Label::Repeated => "[0]",
                Label::Map(key) => &format!("[{}]", key_text(key)),
            };
            (
                format!("{}{key}{}", field.name, inner.path),
                inner.value,
                inner.json,
            )
        }
        (label, ty) => {
            let (value, json) = plain(field.name, ty)?;
            let path = match label {
                Label::Map(key) => format!("{}[{}]", field.name, key_text(key)),
                _ => field.name.to_owned(),
            };
            (path, value, json)
        }
    };
    let json = match field.label {
        Label::Singular | Label::Optional => json,
        Label::Repeated => Json::Array(vec![json]),
        Label::Map(key) => Json::Object(vec![(key_text(key), json)]),
    };
    Some(Sample {
        path,
        value,
        entry: (field.name, json),
    })
}

/// A request of a type that has a JSON form of its own, in both forms.
pub(super) struct Whole {
    /// Paths and values of setters.
    pub(super) setters: Vec<(String, String)>,
    /// The document.
    pub(super) json: Json,
}

/// A sample for such a request; `None` for every other message.
pub(super) fn of_request(schema: &Schema, message: &'static Message) -> Option<Whole> {
    let setter = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let setters = match WellKnown::of(message)? {
        WellKnown::Any { .. } => {
            let mut messages = schema.messages.iter();
            let inner = messages.find(|inner| !has_special_form(inner))?;
            let url = format!("type.googleapis.com/{}", inner.full_name);
            return Some(Whole {
                setters: vec![setter("type_url", &url)],
                json: Json::Object(vec![("@type", url.into())]),
            });
        }
        WellKnown::Timestamp { .. } => vec![setter("seconds", "1704067200")],
        WellKnown::Duration { .. } => vec![setter("seconds", "1"), setter("nanos", "500000000")],
        WellKnown::Value(_) => vec![setter("string_value", "example")],
        WellKnown::FieldMask { .. }
        | WellKnown::Wrapper { .. }
        | WellKnown::Struct { .. }
        | WellKnown::ListValue { .. } => {
            let sample = of(message.fields.first()?)?;
            vec![(sample.path, sample.value)]
        }
    };
    let json = within(message, DEPTH)?.json;
    Some(Whole { setters, json })
}

/// A value of a message type.
struct Within {
    /// What the path goes on with; empty when the value is the message's own.
    path: String,
    value: String,
    json: Json,
}

fn within(message: &'static Message, depth: usize) -> Option<Within> {
    let whole = |value: &str, json| {
        Some(Within {
            path: String::new(),
            value: value.to_owned(),
            json,
        })
    };
    match WellKnown::of(message) {
        Some(WellKnown::Timestamp { .. }) => {
            whole("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z".into())
        }
        Some(WellKnown::Duration { .. }) => whole("1.5s", "1.5s".into()),
        Some(WellKnown::FieldMask { .. } | WellKnown::Value(_)) => {
            whole("example", "example".into())
        }
        Some(WellKnown::ListValue { .. }) => whole(r#"["example"]"#, Json::array(["example"])),
        Some(WellKnown::Struct { .. }) => whole(
            r#"{"key":"example"}"#,
            Json::Object(vec![("key", "example".into())]),
        ),
        // Its fields depend on a type that is named in it.
        Some(WellKnown::Any { .. }) => None,
        Some(WellKnown::Wrapper { value }) => {
            let (value, json) = plain("value", message.fields.get(value)?.ty)?;
            whole(&value, json)
        }
        None if message.fields.is_empty() => whole("{}", Json::Object(Vec::new())),
        None if message.fields.iter().any(|field| field.options.required) => {
            let depth = depth.checked_sub(1)?;
            let fields = message.fields.iter();
            let required = fields.filter(|field| field.options.required);
            let entries: Option<Vec<_>> = required
                .map(|field| Some(sample(field, depth)?.entry))
                .collect();
            let json = Json::Object(entries?);
            whole(&json.compact(), json)
        }
        None => {
            let depth = depth.checked_sub(1)?;
            let fields = || message.fields.iter();
            let is_plain = |field: &&Field| !matches!(field.ty, Type::Message(_));
            let found = fields()
                .find(is_plain)
                .and_then(|field| sample(field, depth))
                .or_else(|| fields().find_map(|field| sample(field, depth)))?;
            Some(Within {
                path: format!(".{}", found.path),
                value: found.value,
                json: Json::Object(vec![found.entry]),
            })
        }
    }
}

fn plain(name: &str, ty: Type) -> Option<(String, Json)> {
    let same = |text: &str| (text.to_owned(), Json::from(text));
    Some(match ty {
        Type::Message(_) => return None,
        Type::Enum(enumeration) => same(value_name(enumeration)?),
        Type::Scalar(Scalar::Bool) => ("true".to_owned(), true.into()),
        Type::Scalar(Scalar::String) => same(words_for(name)),
        Type::Scalar(Scalar::Bytes) => ("hex:00ff".to_owned(), "AP8=".into()),
        Type::Scalar(_) => ("1".to_owned(), 1.into()),
    })
}

/// A value other than the default, if there is one.
fn value_name(enumeration: &Enum) -> Option<&'static str> {
    let mut values = enumeration.values.iter();
    let other = values.clone().find(|value| value.number != 0);
    other.or_else(|| values.next()).map(|value| value.name)
}

/// What texts are for by the last word of a field's name, and one of them.
const WORDS: &[(&[&str], &str)] = &[
    (
        &["path", "dir", "directory", "file", "mountpoint"],
        "/tmp/example",
    ),
    (&["url", "uri", "endpoint"], "https://example.com/"),
    (&["ip", "addr", "address", "gateway"], "192.0.2.1"),
    (&["host", "hostname", "server", "domain"], "example.com"),
    (&["image"], "docker.io/library/busybox:latest"),
    (&["version"], "1.0.0"),
    (&["namespace"], "default"),
    (&["device"], "/dev/sda"),
    (&["interface"], "eth0"),
];

/// A text for a field of this name.
fn words_for(name: &str) -> &'static str {
    let last = last_word(name).to_ascii_lowercase();
    let mut rows = WORDS.iter();
    rows.find(|(words, _)| words.contains(&last.as_str()))
        .map_or("example", |(_, text)| text)
}

/// The last word of a name like `guest_path` or `guestPath`.
fn last_word(name: &str) -> &str {
    let begins = name.rfind(|c: char| c == '_' || c.is_ascii_uppercase());
    // A name in capital letters is one word.
    match begins {
        Some(at) if name[at + 1..].contains(|c: char| c.is_ascii_lowercase()) => {
            name[at..].trim_start_matches('_')
        }
        _ => name,
    }
}

/// A key for an entry of a map.
pub(crate) fn key_text(key: Scalar) -> &'static str {
    match key {
        Scalar::Bool => "true",
        Scalar::String => "key",
        _ => "1",
    }
}
