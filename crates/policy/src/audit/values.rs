//! Other values of a field: some that stand for all others, and which of those that a policy
//! names could be there as well.

use std::ops::RangeInclusive;

use agent_schema::{Scalar, Type};
use serde_json::Value as Json;

use crate::request::as_json;

/// What is put where a text or an entry is expected.
pub(super) const OTHER: &str = "policy-audit";
/// How many words of a text are changed, each by itself.
const MAX_WORDS: usize = 16;
/// The largest numbers of the types that fields have: one more than them cannot be sent.
const LARGEST: [u64; 4] = [0x7fff_ffff, 0xffff_ffff, i64::MAX.unsigned_abs(), u64::MAX];

/// Which values a field takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Takes {
    Text,
    Whole(RangeInclusive<i128>),
    Number,
    /// A list of such values.
    List(Box<Takes>),
}

impl Takes {
    /// Those of a field's type. Of flags and messages no policy names any but those that are
    /// tried anyway.
    pub(super) fn of_type(ty: &Type) -> Option<Self> {
        let scalar = match ty {
            Type::Message(_) => return None,
            Type::Enum(_) => Scalar::Int32,
            Type::Scalar(scalar) => *scalar,
        };
        Some(match scalar {
            Scalar::Bool => return None,
            Scalar::String => Self::Text,
            Scalar::Bytes => Self::List(Box::new(Self::Whole(0..=i128::from(u8::MAX)))),
            Scalar::Double | Scalar::Float => Self::Number,
            Scalar::Int32 | Scalar::Sint32 | Scalar::Sfixed32 => {
                Self::Whole(i32::MIN.into()..=i32::MAX.into())
            }
            Scalar::Int64 | Scalar::Sint64 | Scalar::Sfixed64 => {
                Self::Whole(i64::MIN.into()..=i64::MAX.into())
            }
            Scalar::Uint32 | Scalar::Fixed32 => Self::Whole(0..=u32::MAX.into()),
            Scalar::Uint64 | Scalar::Fixed64 => Self::Whole(0..=u64::MAX.into()),
        })
    }

    /// Those that are like a value.
    pub(super) fn like(value: &Json) -> Option<Self> {
        match value {
            Json::String(_) => Some(Self::Text),
            Json::Number(number) if number.is_f64() => Some(Self::Number),
            Json::Number(_) => Some(Self::Whole(i64::MIN.into()..=u64::MAX.into())),
            Json::Array(items) => {
                let of = items.first().and_then(Self::like)?;
                Some(Self::List(Box::new(of)))
            }
            Json::Null | Json::Bool(_) | Json::Object(_) => None,
        }
    }

    /// Whether a value is one of them.
    pub(super) fn takes(&self, value: &Json) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Number => value.is_number(),
            Self::Whole(range) => {
                let number = value.as_i64().map(i128::from);
                let number = number.or_else(|| value.as_u64().map(i128::from));
                number.is_some_and(|number| range.contains(&number))
            }
            Self::List(of) => {
                let items = value.as_array();
                items.is_some_and(|items| items.iter().all(|item| of.takes(item)))
            }
        }
    }
}

/// A value of a type that is there and says nothing; a text that says something, as an empty
/// one is often left out of what is compared.
pub(super) fn default_of(ty: &Type) -> Json {
    match ty {
        Type::Message(message) => as_json((message.new)().as_ref())
            .ok()
            .and_then(|text| serde_json::from_str(text.get()).ok())
            .unwrap_or_default(),
        Type::Enum(_) => 0.into(),
        Type::Scalar(Scalar::String) => OTHER.into(),
        Type::Scalar(Scalar::Bytes) => Json::Array(vec![1.into()]),
        Type::Scalar(Scalar::Bool) => true.into(),
        Type::Scalar(_) => 1.into(),
    }
}

/// Numbers that stand for all others: the next one, and none.
pub(super) fn others_of_number(number: &serde_json::Number) -> Vec<Json> {
    let next = match (number.as_u64(), number.as_i64()) {
        (Some(number), _) if LARGEST.contains(&number) => (number - 1).into(),
        (Some(number), _) => (number + 1).into(),
        (None, Some(number)) => (number + 1).into(),
        (None, None) => number
            .as_f64()
            .map_or(Json::Null, |number| (number + 1.0).into()),
    };
    match number.as_f64() == Some(0.0) || next == 0 {
        true => vec![next],
        false => vec![next, 0.into()],
    }
}

/// Bytes that stand for all others: as many, one more, and none.
pub(super) fn others_of_bytes(bytes: &[Json]) -> Vec<Json> {
    let mut others = Vec::new();
    if let Some((last, before)) = bytes.split_last() {
        let last = last.as_u64().unwrap_or_default() ^ 1;
        others.push([before, &[last.into()]].concat().into());
    }
    others.push([bytes, &[1.into()]].concat().into());
    if !bytes.is_empty() {
        others.push(Json::Array(Vec::new()));
    }
    others
}

/// Texts that stand for all others: those of the same form, which a pattern may permit, with
/// the same beginning, with the same end, with large letters or else small ones, with nothing
/// in common, and none.
pub(super) fn others_of_text(text: &str) -> Vec<String> {
    if text.is_empty() {
        return vec![OTHER.to_owned()];
    }
    let mut others = Vec::new();
    for (place, char) in ends_of_words(text) {
        let other = match char {
            '0' => '1',
            '1'..='9' => '0',
            'a' => 'b',
            'a'..='z' => 'a',
            'A' => 'B',
            _ => 'A',
        };
        let (before, after) = text.split_at(place);
        let after = after.strip_prefix(char).unwrap_or_default();
        others.push(format!("{before}{other}{after}"));
    }
    others.extend(with_more(text));
    let upper = text.to_ascii_uppercase();
    let other_case = match upper == text {
        true => text.to_ascii_lowercase(),
        false => upper,
    };
    if other_case != text && !others.contains(&other_case) {
        others.push(other_case);
    }
    others.push(OTHER.to_owned());
    others.push(String::new());
    others
}

/// A text with more at its end, and at its beginning.
pub(super) fn with_more(text: &str) -> [String; 2] {
    [format!("{text}-{OTHER}"), format!("{OTHER}-{text}")]
}

/// The last character of each word of a text, and where it stands. A word is of letters or of
/// digits alone. Of very many words some are left out, but not the last.
fn ends_of_words(text: &str) -> Vec<(usize, char)> {
    let class = |char: char| (char.is_ascii_alphabetic(), char.is_ascii_digit());
    let mut ends = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((place, char)) = chars.next() {
        let goes_on = chars
            .peek()
            .is_some_and(|(_, next)| class(*next) == class(char));
        if char.is_ascii_alphanumeric() && !goes_on {
            ends.push((place, char));
        }
    }
    let step = ends.len().div_ceil(MAX_WORDS).max(1);
    let mut some: Vec<_> = ends.into_iter().rev().step_by(step).collect();
    some.reverse();
    some
}

/// What functions may make the same of as of a text: it with a blank, with each of these parts
/// around it and within, alone and with more there, and without one of them or with another in
/// its place.
pub(super) fn joined_texts(text: &str, parts: &[&str]) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let others = || parts.iter().filter(|part| **part != text);
    let mut texts = vec![format!("{text} ")];
    for part in others() {
        if !text.ends_with(part) {
            texts.extend([format!("{text}{part}"), format!("{text}{part}{OTHER}")]);
        }
        if !text.starts_with(part) {
            texts.extend([format!("{part}{text}"), format!("{OTHER}{part}{text}")]);
        }
        let mut chars = text.chars();
        if let Some(first) = chars.next() {
            texts.push(format!("{first}{part}{}", chars.as_str()));
        }
    }
    for part in others().filter(|part| text.contains(**part)) {
        let instead = others().filter(|other| *other != part);
        let instead = instead.chain(&[""]);
        texts.extend(instead.map(|other| text.replace(part, other)));
    }
    texts
}

/// The same words in other entries, as a policy may look at them as one text: all in one, each by
/// itself if there is one entry, and as many entries with other words in each.
pub(super) fn regrouped(items: &[Json], between: &str) -> Vec<Json> {
    let texts: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
    let Some(texts) = texts.filter(|texts| !texts.is_empty()) else {
        return Vec::new();
    };
    let all = texts.join(between);
    let words: Vec<&str> = all.split(between).collect();
    let mut groups = Vec::new();
    if texts.len() == 1 && words.len() > 1 {
        groups.push(Json::from(words.as_slice()));
    }
    if texts.len() > 1 {
        groups.push(Json::from([all.as_str()].as_slice()));
        let singles = texts.len() - 1;
        let (first, rest) = words.split_at(words.len() - singles);
        groups.push([&[first.join(between).as_str()], rest].concat().into());
        let (first, rest) = words.split_at(singles);
        groups.push([first, &[rest.join(between).as_str()]].concat().into());
    }
    groups.retain(|group| group.as_array().is_none_or(|group| group != items));
    groups.dedup();
    groups
}
