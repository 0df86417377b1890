//! Where a policy's own values are tried, and which: as they are, and as functions may make them
//! of what is there.

use std::collections::HashSet;
use std::ops::Range;

use serde_json::Value as Json;

use super::values::{OTHER, Takes, joined_texts, regrouped, with_more};
use super::{Change, Kind, Step};
use crate::trace::Constants;

/// How many of a policy's values are tried in a place.
const MAX_CONSTANTS: usize = 32;
/// How many texts of a policy are joined to what is in a place.
const MAX_PARTS: usize = 8;
/// The longest text that is, in bytes.
const MAX_PART: usize = 64;

/// A place where a value of the policy may be permitted.
#[derive(Debug)]
pub(super) struct Spot {
    pub path: String,
    pub place: Vec<Step>,
    pub change: Kind,
    /// What is there.
    pub from: Option<Json>,
    pub takes: Takes,
    /// What an entry gets that is added to a map under another key.
    pub entry: Option<Json>,
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
            !(is_shown || is_open_at_begin && joined.ends_with(text))
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

/// The path of an entry of a map.
pub(super) fn entry_path(path: &str, key: &str) -> String {
    format!("{path}[{}]", Json::from(key))
}
