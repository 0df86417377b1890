//! Every change of a request that is tried, and in which places a policy's own values are
//! tried as well.

use std::collections::HashSet;
use std::ops::Range;

use agent_schema::{Field, Label, Message, Scalar, Schema, Type};
use serde_json::Value as Json;

use super::values::{
    OTHER, Takes, default_of, joined_texts, others_of_bytes, others_of_number, others_of_text,
    regrouped, with_more,
};
use super::{Change, Kind, Step};
use crate::request::{has_own_form, message_of};
use crate::trace::Constants;

/// How many of a policy's values are tried in a place.
const MAX_CONSTANTS: usize = 32;
/// How many texts of a policy are joined to what is in a place.
const MAX_PARTS: usize = 8;
/// The longest text that is, in bytes.
const MAX_PART: usize = 64;

/// The changes of a request, and the places of its values.
pub(super) fn changes(
    schema: &'static Schema,
    rule: &str,
    input: &Json,
) -> (Vec<Change>, Vec<Spot>) {
    let mut finder = Finder::default();
    match message_of(schema, rule)
        .ok()
        .filter(|message| !has_own_form(message))
    {
        Some(message) => finder.message(message, input),
        None => finder.untyped(input),
    }
    (finder.changes, finder.spots)
}

/// A place where a value of the policy may be permitted.
#[derive(Debug)]
pub(super) struct Spot {
    path: String,
    place: Vec<Step>,
    change: Kind,
    /// What is there.
    from: Option<Json>,
    takes: Takes,
    /// What an entry gets that is added to a map under another key.
    entry: Option<Json>,
    /// The changes that are tried there whatever the policy is.
    pub changes: Range<usize>,
}

impl Spot {
    /// The changes to values of the policy, those first that stand near a field of this name, and
    /// to what can be made of its texts and what is there; and whether some were left out. `tried`
    /// are those that are tried anyway, of which `allowed` are allowed.
    pub(super) fn constants(
        &self,
        constants: &Constants,
        tried: &[Change],
        allowed: &[&Change],
    ) -> (Vec<Change>, bool) {
        let name = self.place.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        });
        let name = name.unwrap_or_default();
        let mut seen = HashSet::new();
        let mut change_to = |value: &Json| {
            let change = self.to(value)?;
            let is_tried = tried.iter().any(|it| {
                it.place == change.place && it.change == change.change && it.to == change.to
            });
            let key = (change.path.clone(), change.to.as_ref().map(Json::to_string));
            let is_new = !is_tried && change.to != self.from && seen.insert(key);
            is_new.then_some(change)
        };
        let values = constants.nearest_to(name).filter_map(&mut change_to);
        let mut changes: Vec<_> = values.take(MAX_CONSTANTS + 1).collect();
        let has_more = changes.len() > MAX_CONSTANTS;
        changes.truncate(MAX_CONSTANTS);
        let (parts, has_more_parts) = parts(constants, name);
        let joined = self.joined(&parts, allowed).into_iter();
        let joined = joined.chain(self.parted(constants, name, &parts));
        changes.extend(joined.filter_map(|value| change_to(&value)));
        (changes, has_more || has_more_parts)
    }

    /// What is there, joined to texts or parted by them: a policy may look at what functions make
    /// of it.
    fn joined(&self, parts: &[&str], allowed: &[&Change]) -> Vec<Json> {
        let text = match &self.from {
            Some(Json::String(text)) => text,
            Some(Json::Object(entries)) if self.entry.is_some() => match entries.keys().next() {
                Some(key) => key,
                None => return Vec::new(),
            },
            Some(Json::Array(items)) => {
                let regrouped = parts.iter().flat_map(|part| regrouped(items, part));
                return regrouped.collect();
            }
            _ => return Vec::new(),
        };
        // Where anything may be at one end of it, these show nothing more.
        let is_allowed = |to: &str| {
            allowed.iter().any(|change| match change.place.last() {
                Some(Step::Name(key)) if self.entry.is_some() => key == to,
                _ => change.to.as_ref().is_some_and(|allowed| allowed == to),
            })
        };
        let [is_open_at_end, is_open_at_begin] = with_more(text).map(|more| is_allowed(&more));
        let mut joined = joined_texts(text, parts);
        joined.retain(|joined| {
            let is_shown = is_open_at_end && joined.starts_with(text);
            !is_shown && !(is_open_at_begin && joined.ends_with(text))
        });
        joined.into_iter().map(Json::from).collect()
    }

    /// What functions make of the policy's texts and signs between words: the words of one, and one
    /// as a name that has a value behind the sign.
    fn parted(&self, constants: &Constants, name: &str, parts: &[&str]) -> Vec<Json> {
        let is_list = matches!(&self.takes, Takes::List(of) if **of == Takes::Text);
        if !is_list && (self.takes != Takes::Text || self.entry.is_some()) {
            return Vec::new();
        }
        let is_sign = |text: &str| !text.contains(char::is_alphanumeric);
        let signs = || parts.iter().filter(|part| is_sign(part));
        let texts = constants.plain_near(name).filter_map(Json::as_str);
        let texts = texts.filter(|text| !is_sign(text) && text.len() <= MAX_PART);
        let texts = texts.take(MAX_PARTS);
        let made = texts.flat_map(|text| {
            signs().flat_map(move |sign| {
                let words: Vec<Json> = text.split(*sign).map(Json::from).collect();
                match is_list {
                    true if words.len() > 1 => vec![words.into()],
                    true => Vec::new(),
                    false => [words, vec![format!("{text}{sign}{OTHER}").into()]].concat(),
                }
            })
        });
        made.collect()
    }

    /// The change to a value of the policy, if it may be there.
    fn to(&self, constant: &Json) -> Option<Change> {
        let (key, to) = match (&self.entry, constant) {
            (None, constant) => (None, constant),
            (Some(entry), Json::String(key)) => (Some(key), entry),
            (Some(_), Json::Object(entry)) => {
                let (key, value) = entry.iter().next()?;
                (Some(key), value)
            }
            (Some(_), _) => return None,
        };
        let is_there = |key: &&String| self.from.as_ref().is_some_and(|map| map.get(key).is_some());
        if !self.takes.takes(to) || key.as_ref().is_some_and(is_there) {
            return None;
        }
        let mut place = self.place.clone();
        let mut path = self.path.clone();
        if let Some(key) = key {
            place.push(Step::Name(key.clone()));
            path = entry_path(&path, key);
        }
        Some(Change {
            path,
            place,
            change: self.change,
            from: self.from.clone().filter(|_| key.is_none()),
            to: Some(to.clone()),
        })
    }
}

#[derive(Default)]
pub(super) struct Finder {
    pub changes: Vec<Change>,
    pub spots: Vec<Spot>,
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
            let path = member(&self.path, name);
            self.within(Step::Name(name.clone()), &path, |finder| match field {
                Some(field) => finder.field(field, value),
                None => finder.untyped(value),
            });
        }
    }

    fn field(&mut self, field: &'static Field, value: &Json) {
        let new = || default_of(&field.ty);
        let takes = Takes::of_type(&field.ty);
        match (field.label, value) {
            (Label::Repeated, Json::Array(items)) => {
                self.list(items, new(), takes, |finder, item| {
                    finder.single(&field.ty, item);
                });
            }
            (Label::Map(_), Json::Object(entries)) => {
                self.map(entries, new(), takes, |finder, item| {
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
        let begin = self.changes.len();
        match (ty, value) {
            (Type::Message(_), Json::Null) => {
                return self.change(Kind::Added, None, Some(default_of(ty)));
            }
            (Type::Message(message), value) => return self.message(message, value),
            (Type::Scalar(Scalar::Bytes), Json::Array(bytes)) => {
                for to in others_of_bytes(bytes) {
                    self.change(Kind::Changed, Some(value.clone()), Some(to));
                }
            }
            (ty, Json::Null) => self.change(Kind::Added, None, Some(default_of(ty))),
            (_, value) => self.scalar(value),
        }
        self.spot(begin, Kind::Changed, value, Takes::of_type(ty));
    }

    /// Changes a value by what it is.
    pub(super) fn untyped(&mut self, value: &Json) {
        let begin = self.changes.len();
        match value {
            Json::Array(items) => {
                let new = items.last().cloned().unwrap_or_else(|| OTHER.into());
                let takes = items.first().map_or(Some(Takes::Text), Takes::like);
                self.list(items, new, takes, Finder::untyped);
            }
            Json::Object(members) => {
                for (name, value) in members {
                    let path = member(&self.path, name);
                    self.within(Step::Name(name.clone()), &path, |finder| {
                        finder.untyped(value);
                    });
                }
            }
            value => {
                self.scalar(value);
                self.spot(begin, Kind::Changed, value, Takes::like(value));
            }
        }
    }

    fn scalar(&mut self, value: &Json) {
        let others: Vec<Json> = match value {
            Json::Null => return self.change(Kind::Added, None, Some(OTHER.into())),
            Json::Bool(flag) => vec![(!flag).into()],
            Json::Number(number) => others_of_number(number),
            Json::String(text) => {
                let others = others_of_text(text).into_iter();
                others.map(Json::from).collect()
            }
            Json::Array(_) | Json::Object(_) => return self.untyped(value),
        };
        for to in others {
            self.change(Kind::Changed, Some(value.clone()), Some(to));
        }
    }

    fn list(
        &mut self,
        items: &[Json],
        new: Json,
        takes: Option<Takes>,
        mut each: impl FnMut(&mut Self, &Json),
    ) {
        let begin = self.changes.len();
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
            let begin = finder.changes.len();
            finder.change(Kind::Added, None, Some(new));
            match again {
                Some(_) => finder.change(Kind::Added, None, again),
                // Else what is permitted shows where an element is changed.
                None if items.is_empty() => {
                    finder.spot(begin, Kind::Added, &Json::Null, takes.clone());
                }
                None => {}
            }
        });
        let reversed: Vec<_> = items.iter().rev().cloned().collect();
        if reversed != items {
            let to = Some(Json::Array(reversed));
            self.change(Kind::Reversed, Some(items.into()), to);
        }
        for regrouped in regrouped(items, " ") {
            self.change(Kind::Changed, Some(items.into()), Some(regrouped));
        }
        let takes = takes.map(|of| Takes::List(Box::new(of)));
        self.spot(begin, Kind::Changed, &items.into(), takes);
    }

    fn map(
        &mut self,
        entries: &serde_json::Map<String, Json>,
        new: Json,
        takes: Option<Takes>,
        mut each: impl FnMut(&mut Self, &Json),
    ) {
        for (key, item) in entries {
            let path = entry_path(&self.path, key);
            self.within(Step::Name(key.clone()), &path, |finder| {
                each(finder, item);
                finder.change(Kind::Removed, Some(item.clone()), None);
            });
        }
        let begin = self.changes.len();
        for (key, item) in entries {
            // A pattern may permit more keys that begin like this one.
            self.added(&format!("{key}-{OTHER}"), item.clone());
        }
        let entry = entries.values().next().unwrap_or(&new).clone();
        self.added(OTHER, new);
        self.spot(begin, Kind::Added, &entries.clone().into(), takes);
        if let Some(spot) = self
            .spots
            .last_mut()
            .filter(|spot| spot.changes.start == begin)
        {
            spot.entry = Some(entry);
        }
    }

    /// An entry is added to a map.
    fn added(&mut self, key: &str, to: Json) {
        let path = entry_path(&self.path, key);
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

    /// Notes the place of a value that was changed from `begin` on.
    fn spot(&mut self, begin: usize, change: Kind, from: &Json, takes: Option<Takes>) {
        let Some(takes) = takes else { return };
        self.spots.push(Spot {
            path: self.path.clone(),
            place: self.place.clone(),
            change: if from.is_null() { Kind::Added } else { change },
            from: Some(from.clone()).filter(|from| !from.is_null()),
            takes,
            entry: None,
            changes: begin..self.changes.len(),
        });
    }
}

fn member(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn entry_path(path: &str, key: &str) -> String {
    format!("{path}[{}]", Json::from(key))
}

/// The texts of a policy that may be a part of what is in a field of this name, and whether there
/// are more: those first that functions are given.
fn parts<'a>(constants: &'a Constants, name: &str) -> (Vec<&'a str>, bool) {
    let mut seen = HashSet::new();
    let mut short = |value: &'a Json| {
        let text = value.as_str()?;
        let is_short = !text.is_empty() && text.len() <= MAX_PART;
        (is_short && seen.insert(text)).then_some(text)
    };
    let given = constants.given_near(name).filter_map(&mut short);
    let mut parts: Vec<_> = given.take(MAX_PARTS + 1).collect();
    let has_more = parts.len() > MAX_PARTS;
    parts.extend(constants.plain_near(name).filter_map(short));
    parts.truncate(MAX_PARTS);
    (parts, has_more)
}
