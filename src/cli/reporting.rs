//! What the options on what is reported take: levels of the log, and forms of errors.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::error::ErrorFormat;
use crate::log::Level;

/// A value's name, the value, and what it means.
type Value<T> = (&'static str, T, &'static str);

const LEVELS: &[Value<Level>] = &[
    (
        "trace",
        Level::Trace,
        "The bytes of requests and responses too",
    ),
    ("debug", Level::Debug, "Connections made and lost"),
    ("info", Level::Info, "Each answered call"),
    ("warn", Level::Warn, "Warnings of what may be a mistake"),
    ("error", Level::Error, "Only errors"),
    (
        "critical",
        Level::Critical,
        "The same as error, for older scripts",
    ),
];

const ERROR_FORMATS: &[Value<ErrorFormat>] = &[
    ("text", ErrorFormat::Text, "One line for a person"),
    (
        "json",
        ErrorFormat::Json,
        "One JSON object on a line of its own",
    ),
];

pub(super) fn levels() -> impl TypedValueParser<Value = Level> {
    one_of(LEVELS)
}

pub(super) fn error_formats() -> impl TypedValueParser<Value = ErrorFormat> {
    one_of(ERROR_FORMATS)
}

fn one_of<T: Copy + Send + Sync>(values: &'static [Value<T>]) -> impl TypedValueParser<Value = T> {
    let named = |(name, _, help): &Value<T>| PossibleValue::new(*name).help(*help);
    PossibleValuesParser::new(values.iter().map(named)).try_map(|given| {
        let found = values.iter().find(|(name, ..)| *name == given);
        found.map(|(_, value, _)| *value).ok_or("unknown")
    })
}
