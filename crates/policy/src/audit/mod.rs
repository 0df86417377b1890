//! What a policy does not look at: an allowed request is changed in one place after the other,
//! and each change that is still allowed is one that the policy would not notice.

mod finder;
mod spot;
mod values;

use std::collections::BTreeSet;

use agent_schema::Schema;
use serde::Serialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use self::spot::Spot;
use crate::engine::Verdict;
use crate::judge::{Judge, JudgeError};
use crate::request::Request;

/// One change of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Where it is, by the names that the policy has for it, as in `OCI.Mounts[0].type_`.
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
    /// In how many places the policy has more values that could be there than were tried.
    pub more_constants: usize,
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
    let (changes, spots) = finder::changes(schema, &request.rule, &input);
    let mut attempt = |judge: &mut Judge, changes: &[Change], before: usize| {
        let all = before + changes.len();
        let mut numbers = (0..changes.len()).zip(before + 1..);
        let mut allowed = BTreeSet::new();
        let changed = changes.iter().map(|change| change.applied(&input));
        judge.would_allow_each(&request.rule, changed, |verdict| {
            let is_allowed = verdict? == Verdict::Allowed;
            if let Some((place, number)) = numbers.next() {
                allowed.extend(is_allowed.then_some(place));
                done(number, all);
            }
            Ok::<(), JudgeError>(())
        })?;
        Ok::<_, JudgeError>(allowed)
    };
    let allowed = attempt(judge, &changes, 0)?;
    // Where anything is allowed, more values show nothing more.
    let is_open = |spot: &Spot| spot.changes.clone().all(|place| allowed.contains(&place));
    let spots: Vec<_> = spots.into_iter().filter(|spot| !is_open(spot)).collect();
    let mut more_constants = 0;
    let mut others = Vec::new();
    if !spots.is_empty() {
        let constants = judge.constants()?;
        for spot in &spots {
            let tried = changes.get(spot.changes.clone()).unwrap_or_default();
            let allowed_there = spot.changes.clone().filter(|place| allowed.contains(place));
            let allowed_there = allowed_there.filter_map(|place| changes.get(place));
            let allowed_there: Vec<_> = allowed_there.collect();
            let (more, is_cut) = spot.constants(&constants, tried, &allowed_there);
            others.extend(more);
            more_constants += usize::from(is_cut);
        }
    }
    let allowed_others = attempt(judge, &others, changes.len())?;
    let of = |changes: &[Change], places: BTreeSet<usize>| {
        let changes = places.into_iter().filter_map(|place| changes.get(place));
        changes.cloned().collect::<Vec<_>>()
    };
    Ok(Findings {
        request: request.rule.clone(),
        tried: changes.len() + others.len(),
        allowed: [of(&changes, allowed), of(&others, allowed_others)].concat(),
        more_constants,
    })
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
        let mut finder = finder::Finder::default();
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
