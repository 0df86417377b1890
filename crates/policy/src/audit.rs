//! What a policy does not look at: an allowed request is changed in one place after the other,
//! and each change that is still allowed is one that the policy would not notice.

use agent_schema::{Field, Label, Message, Scalar, Schema, Type};
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::engine::Verdict;
use crate::judge::{Judge, JudgeError};
use crate::request::{Request, as_json, has_own_form, message_of};

/// What is put where a text or an entry is expected.
const OTHER: &str = "policy-audit";
/// How many words of a text are changed, each by itself.
const MAX_WORDS: usize = 16;
/// The largest numbers of the types that fields have: one more than them cannot be sent.
const LARGEST: [u64; 4] = [0x7fff_ffff, 0xffff_ffff, i64::MAX.unsigned_abs(), u64::MAX];

/// One change of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where it is, as in `OCI.Process.Args[0]`.
    pub path: String,
    /// What is done there.
    pub change: Kind,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Json>,
    /// What is there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Json>,
    #[serde(skip)]
    place: Vec<Step>,
}

/// What is done to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It has another value.
    Changed,
    /// An entry is added to a list or a map, or an absent message is there.
    Added,
    /// It is removed from its list or map, or a message is absent that was there.
    Removed,
    /// The entries of a list are in the other order.
    Reversed,
}

impl Kind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Changed => "changed",
            Kind::Added => "added",
            Kind::Removed => "removed",
            Kind::Reversed => "reversed",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    /// A field, or an entry of a map.
    Name(String),
    /// An element of a list.
    Index(usize),
}

/// What an audit of a request found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// The rule that was asked.
    pub request: String,
    /// How many changes were tried.
    pub tried: usize,
    /// Those that are still allowed.
    pub allowed: Vec<Change>,
}

/// Tries every change of an allowed request; `done` is told how many have been tried.
///
/// # Errors
/// When the policy does not come to an answer.
pub fn audit(
    judge: &mut Judge,
    schema: &'static Schema,
    request: &Request,
    mut done: impl FnMut(usize, usize),
) -> Result<Findings, JudgeError> {
    let input: Json = serde_json::from_str(request.input.get())
        .map_err(|error| JudgeError::Cannot(error.to_string()))?;
    let changes = changes(schema, &request.rule, &input);
    let tried = changes.len();
    let mut allowed = Vec::new();
    let mut answered = changes.iter().zip(1..);
    let changed = changes.iter().map(|change| change.applied(&input));
    judge.would_allow_each(&request.rule, changed, |verdict| {
        let is_allowed = verdict? == Verdict::Allowed;
        if let Some((change, number)) = answered.next() {
            allowed.extend(is_allowed.then(|| change.clone()));
            done(number, tried);
        }
        Ok::<(), JudgeError>(())
    })?;
    Ok(Findings {
        request: request.rule.clone(),
        tried,
        allowed,
    })
}

/// Every change of a request.
fn changes(schema: &'static Schema, rule: &str, input: &Json) -> Vec<Change> {
    let mut finder = Finder {
        changes: Vec::new(),
        place: Vec::new(),
        path: String::new(),
    };
    match message_of(schema, rule)
        .ok()
        .filter(|message| !has_own_form(message))
    {
        Some(message) => finder.message(message, input),
        None => finder.untyped(input),
    }
    finder.changes
}

struct Finder {
    changes: Vec<Change>,
    place: Vec<Step>,
    path: String,
}

impl Finder {
    fn message(&mut self, message: &'static Message, value: &Json) {
        let Json::Object(members) = value else {
            return;
        };
        for (name, value) in members {
            let mut fields = message.fields.iter();
            let field = fields
                .find(|field| field.name == name || name.strip_suffix('_') == Some(field.name));
            let shown = field.map_or(name.as_str(), |field| field.name);
            self.within(
                Step::Name(name.clone()),
                &member(&self.path, shown),
                |finder| match field {
                    Some(field) => finder.field(field, value),
                    None => finder.untyped(value),
                },
            );
        }
    }

    fn field(&mut self, field: &'static Field, value: &Json) {
        match (field.label, value) {
            (Label::Repeated, Json::Array(items)) => {
                self.list(items, default_of(&field.ty), |finder, item| {
                    finder.single(&field.ty, item);
                });
            }
            (Label::Map(_), Json::Object(entries)) => {
                self.map(entries, default_of(&field.ty), |finder, item| {
                    finder.single(&field.ty, item);
                });
            }
            (_, value) => {
                self.single(&field.ty, value);
                if matches!(field.ty, Type::Message(_)) && !value.is_null() {
                    self.change(Kind::Removed, Some(value.clone()), Some(Json::Null));
                }
            }
        }
    }

    fn single(&mut self, ty: &Type, value: &Json) {
        match (ty, value) {
            (Type::Message(_), Json::Null) => self.change(Kind::Added, None, Some(default_of(ty))),
            (Type::Message(message), value) => self.message(message, value),
            (Type::Scalar(Scalar::Bytes), Json::Array(bytes)) => {
                for to in others_of_bytes(bytes) {
                    self.change(Kind::Changed, Some(value.clone()), Some(to));
                }
            }
            (ty, Json::Null) => self.change(Kind::Added, None, Some(default_of(ty))),
            (_, value) => self.untyped(value),
        }
    }

    /// Changes a value by what it is.
    fn untyped(&mut self, value: &Json) {
        match value {
            Json::Null => self.change(Kind::Added, None, Some(OTHER.into())),
            Json::Bool(flag) => {
                self.change(Kind::Changed, Some(value.clone()), Some((!flag).into()))
            }
            Json::Number(number) => {
                for to in others_of_number(number) {
                    self.change(Kind::Changed, Some(value.clone()), Some(to));
                }
            }
            Json::String(text) => {
                for to in others_of_text(text) {
                    self.change(Kind::Changed, Some(value.clone()), Some(to.into()));
                }
            }
            Json::Array(items) => {
                let new = items.last().cloned().unwrap_or_else(|| OTHER.into());
                self.list(items, new, Finder::untyped);
            }
            Json::Object(members) => {
                for (name, value) in members {
                    let path = member(&self.path, name);
                    self.within(Step::Name(name.clone()), &path, |finder| {
                        finder.untyped(value)
                    });
                }
            }
        }
    }

    fn list(&mut self, items: &[Json], new: Json, mut each: impl FnMut(&mut Self, &Json)) {
        for (index, item) in items.iter().enumerate() {
            let path = format!("{}[{index}]", self.path);
            self.within(Step::Index(index), &path, |finder| {
                each(finder, item);
                finder.change(Kind::Removed, Some(item.clone()), None);
            });
        }
        let path = format!("{}[{}]", self.path, items.len());
        self.within(Step::Index(items.len()), &path, |finder| {
            // What is permitted once may be permitted twice.
            let again = items.last().filter(|last| **last != new).cloned();
            finder.change(Kind::Added, None, Some(new));
            if again.is_some() {
                finder.change(Kind::Added, None, again);
            }
        });
        let reversed: Vec<_> = items.iter().rev().cloned().collect();
        if reversed != items {
            let to = Some(Json::Array(reversed));
            self.change(Kind::Reversed, Some(items.into()), to);
        }
    }

    fn map(
        &mut self,
        entries: &serde_json::Map<String, Json>,
        new: Json,
        mut each: impl FnMut(&mut Self, &Json),
    ) {
        for (key, item) in entries {
            let path = format!("{}[{}]", self.path, Json::from(key.as_str()));
            self.within(Step::Name(key.clone()), &path, |finder| {
                each(finder, item);
                finder.change(Kind::Removed, Some(item.clone()), None);
            });
            // A pattern may permit more keys that begin like this one.
            self.added(&format!("{key}-{OTHER}"), item.clone());
        }
        self.added(OTHER, new);
    }

    /// An entry is added to a map.
    fn added(&mut self, key: &str, to: Json) {
        let path = format!("{}[{}]", self.path, Json::from(key));
        self.within(Step::Name(key.to_owned()), &path, |finder| {
            finder.change(Kind::Added, None, Some(to));
        });
    }

    fn within(&mut self, step: Step, path: &str, inner: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.path, path.to_owned());
        self.place.push(step);
        inner(self);
        self.place.pop();
        self.path = outer;
    }

    fn change(&mut self, change: Kind, from: Option<Json>, to: Option<Json>) {
        self.changes.push(Change {
            path: self.path.clone(),
            change,
            from,
            to,
            place: self.place.clone(),
        });
    }
}

fn member(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// A value of a type that is there and says nothing; a text that says something, as an empty
/// one is often left out of what is compared.
fn default_of(ty: &Type) -> Json {
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
fn others_of_number(number: &serde_json::Number) -> Vec<Json> {
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
fn others_of_bytes(bytes: &[Json]) -> Vec<Json> {
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
/// the same beginning, with the same end, with large letters, with nothing in common, and none.
fn others_of_text(text: &str) -> Vec<String> {
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
    others.push(format!("{text}-{OTHER}"));
    others.push(format!("{OTHER}-{text}"));
    let upper = text.to_ascii_uppercase();
    if upper != text && !others.contains(&upper) {
        others.push(upper);
    }
    others.push(OTHER.to_owned());
    others.push(String::new());
    others
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

impl Change {
    /// The request with this change.
    fn applied(&self, input: &Json) -> Box<RawValue> {
        let mut input = input.clone();
        if let Some((last, before)) = self.place.split_last() {
            let mut at = Some(&mut input);
            for step in before {
                at = at.and_then(|value| match step {
                    Step::Name(name) => value.get_mut(name),
                    Step::Index(index) => value.get_mut(index),
                });
            }
            match (at, last, &self.to) {
                (Some(Json::Object(members)), Step::Name(name), Some(to)) => {
                    members.insert(name.clone(), to.clone());
                }
                (Some(Json::Object(members)), Step::Name(name), None) => {
                    members.remove(name);
                }
                (Some(Json::Array(items)), Step::Index(index), Some(to)) => {
                    match items.get_mut(*index) {
                        Some(item) => *item = to.clone(),
                        None => items.push(to.clone()),
                    }
                }
                (Some(Json::Array(items)), Step::Index(index), None) => {
                    items.remove(*index);
                }
                _ => {}
            }
        }
        // A value of JSON is written as JSON.
        RawValue::from_string(input.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_is_changed_and_entries_are_added() {
        let input: Json = serde_json::from_str(
            r#"{"text": "a1-", "flag": true, "count": 0, "list": [7], "none": null}"#,
        )
        .unwrap_or_default();
        let mut finder = Finder {
            changes: Vec::new(),
            place: Vec::new(),
            path: String::new(),
        };
        finder.untyped(&input);
        let found: Vec<_> = finder
            .changes
            .iter()
            .map(|change| {
                let applied = change.applied(&input);
                let value: Json = serde_json::from_str(applied.get()).unwrap_or_default();
                let at = change.path.split(['[', '.']).next().unwrap_or_default();
                format!("{} {}: {}", change.path, change.change.name(), value[at])
            })
            .collect();
        let expected = [
            "count changed: 1",
            "flag changed: false",
            "list[0] changed: [8]",
            "list[0] changed: [0]",
            "list[0] removed: []",
            "list[1] added: [7,7]",
            "none added: \"policy-audit\"",
            "text changed: \"b1-\"",
            "text changed: \"a0-\"",
            "text changed: \"a1--policy-audit\"",
            "text changed: \"policy-audit-a1-\"",
            "text changed: \"A1-\"",
            "text changed: \"policy-audit\"",
            "text changed: \"\"",
        ];
        assert_eq!(found, expected);
    }
}
