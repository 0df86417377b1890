//! IDs of sandboxes and containers, which differ from one run to the next: found in the fields
//! that hold them, and replaced wherever they stand, in paths and annotations too.

use std::collections::BTreeMap;

use agent_schema::{Key, List, Map, Reflect, Scalar, Schema, Type, Value, ValueMut};

use crate::recorder::rpc_of;
use crate::recording::{Kind, ReadError, Record};

/// IDs of at least this many characters are found within any text. Shorter ones, such as `c1`,
/// are ordinary words too; they are found as a part of a path only.
const TELLING_LENGTH: usize = 16;

/// Which ID stands for which.
#[derive(Debug, Clone)]
pub struct Ids {
    /// The fields of a request that hold an ID.
    fields: &'static [&'static str],
    known: BTreeMap<String, String>,
}

impl Ids {
    /// No IDs. `fields` are the fields of requests that hold one.
    pub(crate) fn new(fields: &'static [&'static str]) -> Ids {
        Ids {
            fields,
            known: BTreeMap::new(),
        }
    }

    /// The IDs of a recording, and another one for each, which `other` makes. All of it is read
    /// first, as files are copied for a container before it is named.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn of_recording(
        schema: &Schema,
        fields: &'static [&'static str],
        recording: impl Iterator<Item = Result<Record, ReadError>>,
        other: &mut dyn FnMut(&str) -> String,
    ) -> Result<Ids, ReadError> {
        let mut ids = Ids::new(fields);
        for record in recording {
            let record = record?;
            if record.kind == Kind::Request
                && let (Some(service), Some(method)) = (&record.service, &record.method)
                && let Some(rpc) = rpc_of(schema, service, method)
                && let Some(payload) = &record.payload
            {
                let mut request = (rpc.request.new)();
                if agent_schema::decode(&mut *request, &payload.0).is_ok() {
                    ids.learn(&*request, |_, _, id| other(id));
                }
            }
        }
        Ok(ids)
    }

    /// Looks for IDs in a request that have not been seen, and has `other` name another one
    /// for each, by its field and how many there were before.
    pub(crate) fn learn(
        &mut self,
        request: &dyn Reflect,
        mut other: impl FnMut(&str, usize, &str) -> String,
    ) {
        for (index, field) in request.descriptor().fields.iter().enumerate() {
            if self.fields.contains(&field.name)
                && let Some(Value::String(id)) = request.get(index)
                && !id.is_empty()
                && !self.known.contains_key(id)
            {
                let name = other(field.name, self.known.len(), id);
                self.known.insert(id.to_owned(), name);
            }
        }
    }

    /// Replaces the IDs in a message, and tells whether there was any.
    pub(crate) fn replace(&self, message: &mut dyn Reflect) -> bool {
        let mut any = false;
        for (index, field) in message.descriptor().fields.iter().enumerate() {
            // What is not there must not come to be.
            let is_text = !matches!(field.ty, Type::Scalar(scalar) if scalar != Scalar::String);
            if !is_text || message.get(index).is_none() {
                continue;
            }
            let holds_one = self.fields.contains(&field.name);
            if let Some(value) = message.get_mut(index) {
                any |= self.replace_in(value, holds_one);
            }
        }
        any
    }

    fn replace_in(&self, value: ValueMut<'_>, holds_one: bool) -> bool {
        match value {
            ValueMut::String(text) => match self.replaced(text, holds_one) {
                Some(other) => {
                    *text = other;
                    true
                }
                None => false,
            },
            ValueMut::Message(message) => self.replace(message),
            ValueMut::List(list) => self.replace_in_list(list),
            ValueMut::Map(map) => self.replace_in_map(map),
            _ => false,
        }
    }

    fn replace_in_list(&self, list: &mut dyn List) -> bool {
        let mut any = false;
        for index in 0..list.len() {
            if let Some(value) = list.get_mut(index) {
                any |= self.replace_in(value, false);
            }
        }
        any
    }

    fn replace_in_map(&self, map: &mut dyn Map) -> bool {
        let keys: Vec<Key<'static>> = map
            .entries()
            .map(|(key, _)| match key {
                Key::String(text) => Key::String(text.into_owned().into()),
                Key::Bool(key) => Key::Bool(key),
                Key::Int32(key) => Key::Int32(key),
                Key::Int64(key) => Key::Int64(key),
                Key::Uint32(key) => Key::Uint32(key),
                Key::Uint64(key) => Key::Uint64(key),
            })
            .collect();
        let mut any = false;
        for key in keys {
            if let Some(value) = map.get_mut(&key) {
                any |= self.replace_in(value, false);
            }
        }
        any
    }

    /// A text with other IDs, if there is one in it. `is_one` for a text that is an ID.
    pub(crate) fn replaced(&self, text: &str, is_one: bool) -> Option<String> {
        if is_one && let Some(other) = self.known.get(text) {
            return Some(other.clone());
        }
        let mut result: Option<String> = None;
        for (id, other) in &self.known {
            let now = result.as_deref().unwrap_or(text);
            if let Some(next) = replaced_one(now, id, other) {
                result = Some(next);
            }
        }
        result
    }
}

/// `text` with `other` wherever `id` stands in it as a word of its own.
fn replaced_one(text: &str, id: &str, other: &str) -> Option<String> {
    let is_telling = id.len() >= TELLING_LENGTH;
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let ends = |c: Option<char>| match is_telling {
        true => !c.is_some_and(is_word),
        false => c.is_none_or(|c| c == '/'),
    };
    if !is_telling && !text.contains('/') {
        return None;
    }
    let mut result = String::new();
    let mut rest = 0;
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|text| text.find(id)) {
        let begin = from + found;
        let end = begin + id.len();
        let before = text.get(..begin).and_then(|text| text.chars().next_back());
        let after = text.get(end..).and_then(|text| text.chars().next());
        if ends(before) && ends(after) {
            result.push_str(text.get(rest..begin).unwrap_or_default());
            result.push_str(other);
            rest = end;
        }
        from = end;
    }
    if rest == 0 {
        return None;
    }
    result.push_str(text.get(rest..).unwrap_or_default());
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&str, &str)]) -> Ids {
        let mut ids = Ids::new(&["container_id"]);
        for (id, other) in pairs {
            ids.known.insert((*id).to_owned(), (*other).to_owned());
        }
        ids
    }

    #[test]
    fn a_long_id_is_found_in_any_text() {
        let id = "0123456789abcdef0123456789abcdef";
        let ids = ids(&[(id, "NEW")]);
        for (text, expected) in [
            (id.to_owned(), Some("NEW")),
            (format!("/run/{id}/rootfs"), Some("/run/NEW/rootfs")),
            (
                format!("cri-containerd:{id}:x"),
                Some("cri-containerd:NEW:x"),
            ),
            (format!("{id}-{id}_{id}"), Some("NEW-NEW_NEW")),
            (format!("{id}0"), None),
            (format!("f{id}"), None),
            ("other".to_owned(), None),
        ] {
            assert_eq!(ids.replaced(&text, false).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_short_id_is_found_in_its_field_and_in_paths() {
        let ids = ids(&[("c1", "c9"), ("sh", "xx")]);
        assert_eq!(ids.replaced("c1", true).as_deref(), Some("c9"));
        assert_eq!(ids.replaced("c1", false), None);
        assert_eq!(
            ids.replaced("/run/c1/rootfs", false).as_deref(),
            Some("/run/c9/rootfs")
        );
        assert_eq!(ids.replaced("/run/c12/rootfs", false), None);
        assert_eq!(ids.replaced("sh -c c1", false), None);
    }
}
