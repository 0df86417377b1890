//! IDs of sandboxes and containers, which differ from one run to the next: found in the fields
//! that hold them, and replaced wherever they stand, in paths and annotations too.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::OnceLock;

use agent_schema::{Key, List, Map, Reflect, Scalar, Schema, Type, Value, ValueMut};
use aho_corasick::{AhoCorasick, Input};

use crate::recorder::rpc_of;
use crate::recording::{Kind, ReadError, Record};

/// IDs of at least this many characters are found within any text. Shorter ones, such as `c1`,
/// are ordinary words too; they are found as a part of a path only.
const TELLING_LENGTH: usize = 16;
/// IDs of hexadecimal digits also stand shortened to this many of them or more, as in a process's
/// host name.
const SHORTENED_LENGTH: usize = 12;

/// The longest bytes that are looked at: what processes write at once, and small files.
const LONGEST_BYTES: usize = 64 << 10;

/// The fields that hold an ID.
#[derive(Debug, Clone, Copy)]
pub struct IdFields {
    /// Those whose IDs stand in paths too, however short they are.
    pub anywhere: &'static [&'static str],
    /// Those whose short IDs are ordinary words in a path, as a process's `sh` in `/bin/sh`.
    pub alone: &'static [&'static str],
}

impl IdFields {
    /// Whether a field holds an ID.
    pub(crate) fn contain(&self, name: &str) -> bool {
        self.anywhere.contains(&name) || self.alone.contains(&name)
    }
}

/// Which ID stands for which.
#[derive(Debug, Clone)]
pub struct Ids {
    /// The fields of a request that hold an ID.
    pub(crate) fields: IdFields,
    known: BTreeMap<String, Known>,
    /// Finds the known IDs, once it was made for them.
    finder: OnceLock<Option<Finder>>,
    /// The longest bytes in which they are replaced too, where these are text.
    longest_bytes: usize,
}

/// Finds all IDs in one pass over a text.
#[derive(Debug, Clone)]
struct Finder {
    automaton: AhoCorasick,
    /// In the automaton's order.
    ids: Vec<String>,
    /// The length of the longest, in bytes.
    longest: usize,
}

impl Finder {
    /// None for more IDs than there can be numbers of states, which no recording has.
    fn of<'a>(ids: impl Iterator<Item = &'a String>) -> Option<Finder> {
        let ids: Vec<String> = ids.cloned().collect();
        let automaton = AhoCorasick::new(&ids).ok()?;
        let longest = automaton.max_pattern_len();
        Some(Finder {
            automaton,
            ids,
            longest,
        })
    }
}

/// What is known of an ID.
#[derive(Debug, Clone)]
struct Known {
    /// What stands for it.
    other: String,
    /// Whether it stands in paths too if it is short.
    anywhere: bool,
}

impl Ids {
    /// No IDs.
    pub(crate) fn new(fields: IdFields) -> Ids {
        Ids {
            fields,
            known: BTreeMap::new(),
            finder: OnceLock::new(),
            longest_bytes: 0,
        }
    }

    /// They are replaced in what processes write and read too, and in small files. What is sent
    /// may not do so, as its length stands in other fields.
    pub(crate) fn with_bytes(self) -> Ids {
        Ids {
            longest_bytes: LONGEST_BYTES,
            ..self
        }
    }

    /// The IDs of a recording, and another one for each, which `other` makes. All of it is read
    /// first, as files are copied for a container before it is named.
    ///
    /// # Errors
    /// When the recording cannot be read.
    pub fn of_recording(
        schema: &Schema,
        fields: IdFields,
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
        for (name, id) in ids_of(request, self.fields) {
            let anywhere = self.fields.anywhere.contains(&name);
            match self.known.get_mut(id) {
                Some(known) => known.anywhere |= anywhere,
                None => {
                    let other = other(name, self.known.len(), id);
                    let known = Known { other, anywhere };
                    self.known.insert(id.to_owned(), known);
                    self.finder = OnceLock::new();
                }
            }
        }
    }

    /// What stands for an ID.
    pub(crate) fn other(&self, id: &str) -> Option<&str> {
        self.known.get(id).map(|known| &known.other[..])
    }

    /// Lets something else stand for an ID that is known.
    pub(crate) fn rename(&mut self, id: &str, other: &str) {
        if let Some(known) = self.known.get_mut(id) {
            other.clone_into(&mut known.other);
        }
    }

    /// Replaces the IDs in a message, and tells whether there was any.
    pub(crate) fn replace(&self, message: &mut dyn Reflect) -> bool {
        let mut any = false;
        for (index, field) in message.descriptor().fields.iter().enumerate() {
            // What is not there must not come to be.
            let may_have_one = match field.ty {
                Type::Scalar(Scalar::Bytes) => self.longest_bytes > 0,
                Type::Scalar(scalar) => scalar == Scalar::String,
                _ => true,
            };
            if !may_have_one || message.get(index).is_none() {
                continue;
            }
            let holds_one = self.fields.contain(field.name);
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
            ValueMut::Bytes(bytes) if bytes.len() <= self.longest_bytes => {
                let text = std::str::from_utf8(bytes).ok();
                match text.and_then(|text| self.replaced(text, false)) {
                    Some(other) => {
                        *bytes = other.into_bytes();
                        true
                    }
                    None => false,
                }
            }
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
        let other = |key: &Key<'_>| match key {
            Key::String(text) => Some(Key::String(self.replaced(text, false)?.into())),
            _ => None,
        };
        let mut any = map.entries().any(|(key, _)| other(&key).is_some());
        if any {
            map.rename(&other);
        }
        let keys: Vec<Key<'static>> = map.entries().map(|(key, _)| owned(key)).collect();
        for key in keys {
            if let Some(value) = map.get_mut(&key) {
                any |= self.replace_in(value, false);
            }
        }
        any
    }

    /// A text with other IDs, if there is one in it. `is_one` for a text that is an ID.
    pub(crate) fn replaced(&self, text: &str, is_one: bool) -> Option<String> {
        if is_one && let Some(other) = self.other(text) {
            return Some(other.to_owned());
        }
        let mut result = String::new();
        let mut rest = 0;
        while let Some(found) = self.find(text, rest) {
            result.push_str(text.get(rest..found.place.start).unwrap_or_default());
            result.push_str(found.form_of(self.other(found.id).unwrap_or_default()));
            rest = found.place.end;
        }
        if rest == 0 {
            return None;
        }
        result.push_str(text.get(rest..).unwrap_or_default());
        Some(result)
    }

    /// The first ID that stands in a text as a word of its own, from a place on.
    pub(crate) fn find(&self, text: &str, from: usize) -> Option<Found<'_>> {
        let whole = self.find_whole(text, from);
        // One that begins where another stands whole is not shortened.
        let end = whole.as_ref().map_or(text.len(), |found| found.place.start);
        let before = text.get(..end).unwrap_or_default();
        self.find_shortened(before, from).or(whole)
    }

    /// The first ID of which all stands there; of two that begin at one place the longer one.
    fn find_whole(&self, text: &str, from: usize) -> Option<Found<'_>> {
        let finder = self.finder.get_or_init(|| Finder::of(self.known.keys()));
        let finder = finder.as_ref()?;
        let input = Input::new(text).range(from..text.len());
        let mut first: Option<Found<'_>> = None;
        // They come by their ends.
        for found in finder.automaton.find_overlapping_iter(input) {
            let place = found.range();
            let is_before = |first: &Found<'_>| {
                (place.start, Reverse(place.end)) < (first.place.start, Reverse(first.place.end))
            };
            if first
                .as_ref()
                .is_some_and(|first| place.end > first.place.start + finder.longest)
            {
                break;
            }
            let id = finder.ids.as_slice().get(found.pattern().as_usize());
            if let Some((id, known)) = id.and_then(|id| self.known.get_key_value(id))
                && first.as_ref().is_none_or(is_before)
                && is_word(text, &place, known.anywhere)
            {
                first = Some(Found { place, id });
            }
        }
        first
    }

    /// The first word that only one hexadecimal ID begins with, or several for which the same
    /// stands.
    fn find_shortened(&self, text: &str, from: usize) -> Option<Found<'_>> {
        let rest = text.get(from..).unwrap_or_default();
        let words = rest.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .filter(|word| word.len() >= SHORTENED_LENGTH && is_hexadecimal(word))
            .find_map(|word| {
                // What an ID that is known ends with before `from` is not a word.
                let start = word.as_ptr().addr() - text.as_ptr().addr();
                let begun = text.get(..start).and_then(|text| text.chars().next_back());
                if begun.is_some_and(|c| c.is_ascii_alphanumeric()) {
                    return None;
                }
                let first = (Bound::Excluded(word), Bound::Unbounded);
                let mut longer = self
                    .known
                    .range::<str, _>(first)
                    .take_while(|(id, _)| id.starts_with(word))
                    .filter(|(id, _)| is_hexadecimal(id));
                let (id, known) = longer.next()?;
                let place = start..start + word.len();
                let found = Found { place, id };
                let form = found.form_of(&known.other);
                let is_one = longer.all(|(_, known)| found.form_of(&known.other) == form);
                is_one.then_some(found)
            })
    }
}

/// An ID that stands in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Where.
    pub(crate) place: Range<usize>,
    /// All of it. The text may have only its begin.
    pub(crate) id: &'a str,
}

impl Found<'_> {
    /// Whether only the begin of the ID stands there.
    pub(crate) fn is_shortened(&self) -> bool {
        self.place.len() < self.id.len()
    }

    /// Another ID in the form that this one has in the text.
    pub(crate) fn form_of<'b>(&self, other: &'b str) -> &'b str {
        match self.is_shortened() {
            true => other.get(..self.place.len()).unwrap_or(other),
            false => other,
        }
    }
}

fn is_hexadecimal(word: &str) -> bool {
    word.bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A key that may be kept.
fn owned(key: Key<'_>) -> Key<'static> {
    match key {
        Key::String(text) => Key::String(text.into_owned().into()),
        Key::Bool(key) => Key::Bool(key),
        Key::Int32(key) => Key::Int32(key),
        Key::Int64(key) => Key::Int64(key),
        Key::Uint32(key) => Key::Uint32(key),
        Key::Uint64(key) => Key::Uint64(key),
    }
}

/// The IDs that a message's own fields hold, each with its field's name.
pub(crate) fn ids_of(
    message: &dyn Reflect,
    ids: IdFields,
) -> impl Iterator<Item = (&'static str, &str)> {
    let fields = message.descriptor().fields.iter().enumerate();
    fields.filter_map(move |(index, field)| match message.get(index) {
        Some(Value::String(id)) if !id.is_empty() && ids.contain(field.name) => {
            Some((field.name, id))
        }
        _ => None,
    })
}

/// Whether an ID that stands in a text at a place is a word of its own there.
fn is_word(text: &str, place: &Range<usize>, anywhere: bool) -> bool {
    let is_telling = place.len() >= TELLING_LENGTH;
    if !is_telling && (!anywhere || !text.contains('/')) {
        return false;
    }
    let ends = |c: Option<char>| match is_telling {
        true => !c.is_some_and(|c| c.is_ascii_alphanumeric()),
        false => c.is_none_or(|c| c == '/'),
    };
    let before = text
        .get(..place.start)
        .and_then(|text| text.chars().next_back());
    let after = text.get(place.end..).and_then(|text| text.chars().next());
    ends(before) && ends(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&str, &str)]) -> Ids {
        let fields = IdFields {
            anywhere: &["container_id"],
            alone: &["exec_id"],
        };
        let mut ids = Ids::new(fields);
        for (id, other) in pairs {
            let known = Known {
                other: (*other).to_owned(),
                anywhere: *id != "sh",
            };
            ids.known.insert((*id).to_owned(), known);
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
        // A process's ID is not part of a path.
        assert_eq!(ids.replaced("/bin/sh", false), None);
        assert_eq!(ids.replaced("sh", true).as_deref(), Some("xx"));
    }

    #[test]
    fn the_begin_of_an_id_becomes_the_begin_of_the_other_one() {
        let (id, other) = ("0123456789abcdef".repeat(4), "fedcba9876543210".repeat(4));
        let ids = ids(&[
            (&id, &other),
            ("deadbeefdeadbeef1", "1"),
            ("deadbeefdeadbeef2", "2"),
            // Those that no host name has do not matter.
            (&format!("{id}-exec1"), "3"),
            (&format!("{id}x"), "4"),
        ]);
        for (text, expected) in [
            ("0123456789ab", Some("fedcba987654")),
            ("/run/0123456789abcdef0/x", Some("/run/fedcba9876543210f/x")),
            ("0123456789abx", None),
            ("x0123456789ab", None),
            // Too short, no hexadecimal digits, and the begin of two.
            ("0123456789a", None),
            ("0123456789AB", None),
            ("deadbeefdeadbeef", None),
        ] {
            assert_eq!(ids.replaced(text, false).as_deref(), expected, "{text}");
        }
        let both = format!("{id}:0123456789ab");
        let replaced = format!("{other}:fedcba987654");
        assert_eq!(ids.replaced(&both, false), Some(replaced));
        // One that is shorter than the begin stands for it as it is.
        let ids = self::ids(&[(&id, "web")]);
        assert_eq!(ids.replaced("0123456789ab", false).as_deref(), Some("web"));
    }

    #[test]
    fn a_text_of_very_many_ids_is_gone_through_once() {
        let (one, other) = ("1".repeat(64), "2".repeat(64));
        let short = one[..12].to_owned();
        let ids = ids(&[(&one, &other), ("c1", "c2"), ("c1/c1", "c3")]);
        let text = format!("{one} {short} /c1/c1/x ");
        let replaced = format!("{other} {} /c3/x ", &other[..12]);
        let many = 20_000;
        let found = ids.replaced(&text.repeat(many), false);
        assert!(found == Some(replaced.repeat(many)));
    }

    #[test]
    fn what_stands_for_one_id_is_not_taken_for_another() {
        let (one, other) = ("1".repeat(32), "2".repeat(32));
        let ids = ids(&[(&one, &other), (&other, &one)]);
        let text = format!("{one} {other}");
        assert_eq!(ids.replaced(&text, false), Some(format!("{other} {one}")));
        let long = format!("{one}-a");
        let ids = self::ids(&[(&one, "SHORT"), (&long, "LONG")]);
        assert_eq!(ids.replaced(&long, false).as_deref(), Some("LONG"));
    }
}
