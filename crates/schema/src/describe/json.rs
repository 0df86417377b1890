//! A JSON value whose objects keep their keys in the order given.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::json::string;

/// A JSON value to write.
#[derive(Debug, Clone)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A string.
    Text(String),
    /// A list.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// The values of an iterator as an array.
    pub(crate) fn array<T: Into<Json>>(values: impl IntoIterator<Item = T>) -> Self {
        Json::Array(values.into_iter().map(Into::into).collect())
    }

    /// The value over several lines, with a line break at the end.
    pub(crate) fn pretty(&self) -> String {
        // All keys are text, and writing to memory does not fail.
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{}\n", string::escape_unprintable(&text))
    }

    /// The value on one line.
    pub fn compact(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        string::escape_unprintable(&text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Self {
        Json::Number(value.into())
    }
}

impl From<i32> for Json {
    fn from(value: i32) -> Self {
        Json::Number(value.into())
    }
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Json::Text(value.to_owned())
    }
}

impl From<String> for Json {
    fn from(value: String) -> Self {
        Json::Text(value)
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Json::Null, Into::into)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(value) => serializer.serialize_i64(*value),
            Json::Text(value) => serializer.serialize_str(value),
            Json::Array(values) => serializer.collect_seq(values),
            Json::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}
