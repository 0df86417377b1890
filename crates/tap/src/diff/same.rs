//! Which IDs of two recordings stand for each other: those that are the same in both, then those
//! with the same calls, and then those whose calls are the most alike.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use agent_schema::Schema;

use super::{Seen, request_of};
use crate::comparison::Comparison;
use crate::ids::Ids;

/// How many IDs are looked at for one whose calls are like no other's. They stand in the order in
/// which they came, so that further ones are unlikely.
const MOST_CANDIDATES: usize = 64;

/// An ID, and the calls that are about it.
struct Life<'a> {
    id: &'a str,
    /// The RPC and the field of each.
    calls: Vec<String>,
    /// A digest of each request, in which all IDs are one.
    asked: Vec<u64>,
}

/// The IDs of the second recording, each with the one of the first that it stands for, or with
/// itself.
pub(super) fn names(
    schema: &Schema,
    first: &[Seen],
    second: &[Seen],
    comparison: Comparison,
) -> Ids {
    let mut old = lives(schema, first, comparison);
    let mut new = lives(schema, second, comparison);
    let mut names = known(schema, second, comparison, str::to_owned);
    pair(&mut old, &mut new, &mut names, |life| life.id.to_owned());
    pair(&mut old, &mut new, &mut names, |life| life.asked.clone());
    pair(&mut old, &mut new, &mut names, |life| life.calls.clone());
    for life in new {
        // Of those that are as much alike the first one is meant.
        let mut best = (0, 0);
        for (place, other) in old.iter().take(MOST_CANDIDATES).enumerate() {
            let alike = likeness(other, &life);
            if alike > best.1 {
                best = (place, alike);
            }
        }
        if best.1 > 0 {
            names.rename(life.id, old.remove(best.0).id);
        }
    }
    names
}

/// How many of the calls about two IDs are the same, in thousandths.
fn likeness(one: &Life<'_>, other: &Life<'_>) -> usize {
    let blocks = super::blocks(&one.calls, &other.calls);
    let same = blocks.iter().filter(|block| block.is_equal);
    let same: usize = same.map(|block| block.old.len()).sum();
    2000 * same / (one.calls.len() + other.calls.len()).max(1)
}

/// Takes out the IDs that have the same key in both recordings, the first one with the first one.
fn pair<K: Hash + Eq>(
    old: &mut Vec<Life<'_>>,
    new: &mut Vec<Life<'_>>,
    names: &mut Ids,
    key: impl Fn(&Life<'_>) -> K,
) {
    let mut by_key: HashMap<K, Vec<&str>> = HashMap::new();
    for life in old.iter().rev() {
        by_key.entry(key(life)).or_default().push(life.id);
    }
    let mut taken = Vec::new();
    new.retain(|life| match by_key.get_mut(&key(life)).and_then(Vec::pop) {
        Some(id) => {
            names.rename(life.id, id);
            taken.push(id.to_owned());
            false
        }
        None => true,
    });
    old.retain(|life| !taken.iter().any(|id| id == life.id));
}

/// The IDs of a recording, in the order in which they came.
fn lives<'a>(schema: &Schema, calls: &'a [Seen], comparison: Comparison) -> Vec<Life<'a>> {
    let one = known(schema, calls, comparison, |_| "*".to_owned());
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut lives: Vec<Life<'a>> = Vec::new();
    for seen in calls.iter().filter(|seen| !seen.ids.is_empty()) {
        let mut digest = DefaultHasher::new();
        if let Some(mut request) = request_of(schema, &seen.call) {
            one.replace(&mut *request);
            let mut bytes = Vec::new();
            if request.encode_into(&mut bytes).is_ok() {
                bytes.hash(&mut digest);
            }
        }
        let digest = digest.finish();
        for (field, id) in &seen.ids {
            let place = *places.entry(id).or_insert_with(|| {
                lives.push(Life {
                    id,
                    calls: Vec::new(),
                    asked: Vec::new(),
                });
                lives.len() - 1
            });
            if let Some(life) = lives.get_mut(place) {
                life.calls.push(format!("{} {field}", seen.named.name));
                life.asked.push(digest);
            }
        }
    }
    lives
}

/// The IDs of a recording, with what stands for each.
fn known(
    schema: &Schema,
    calls: &[Seen],
    comparison: Comparison,
    other: impl Fn(&str) -> String,
) -> Ids {
    let mut ids = Ids::new(comparison.ids);
    for seen in calls.iter().filter(|seen| !seen.ids.is_empty()) {
        if let Some(request) = request_of(schema, &seen.call) {
            ids.learn(&*request, |_, _, id| other(id));
        }
    }
    ids
}
