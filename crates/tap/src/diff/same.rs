//! Which IDs of two recordings stand for each other: those that are the same in both, then those
//! whose calls are the most alike, in the order in which they came, and then the others.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use agent_schema::Schema;

use super::order::Block;
use super::{Seen, request_of};
use crate::comparison::Comparison;
use crate::ids::Ids;

/// By how many places the order of two IDs that are compared may differ, so that recordings with
/// many take no more than their number's time.
const MOST_APART: usize = 64;

/// How large the table of those comparisons may become. Where it were larger, each ID is compared
/// with some of the next ones.
const MOST_CELLS: usize = 1 << 22;

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
    // Each stands for itself already.
    let old_ids: HashSet<&str> = old.iter().map(|life| life.id).collect();
    let new_ids: HashSet<&str> = new.iter().map(|life| life.id).collect();
    old.retain(|life| !new_ids.contains(life.id));
    new.retain(|life| !old_ids.contains(life.id));
    let mut pairs = in_order(&old, &new);
    let paired: (HashSet<usize>, HashSet<usize>) = pairs.iter().copied().unzip();
    let mut left: Vec<usize> = (0..old.len())
        .filter(|place| !paired.0.contains(place))
        .collect();
    for (place, life) in new.iter().enumerate() {
        if paired.1.contains(&place) {
            continue;
        }
        // Of those that are as much alike the first one is meant.
        let mut best = (0, 0);
        for (index, other) in left.iter().take(MOST_APART).enumerate() {
            let alike = old.get(*other).map_or(0, |old| likeness(old, life));
            if alike > best.1 {
                best = (index, alike);
            }
        }
        if best.1 > 0 {
            pairs.push((left.remove(best.0), place));
        }
    }
    for (of, life) in pairs {
        if let (Some(of), Some(life)) = (old.get(of), new.get(life)) {
            names.rename(life.id, of.id);
        }
    }
    names
}

/// The pairs of IDs, each after the one before, that are the most alike together.
fn in_order(old: &[Life<'_>], new: &[Life<'_>]) -> Vec<(usize, usize)> {
    let is_same = |(one, other): &(&Life<'_>, &Life<'_>)| one.asked == other.asked;
    let begin = old.iter().zip(new).take_while(is_same).count();
    let rest = (
        old.get(begin..).unwrap_or_default(),
        new.get(begin..).unwrap_or_default(),
    );
    let mut pairs: Vec<(usize, usize)> = (0..begin).map(|place| (place, place)).collect();
    if rest.0.len().saturating_mul(rest.1.len()) > MOST_CELLS {
        return pairs;
    }
    // How much alike those up to two places are at the most, and whether by a pair of the last
    // two, or without the last one of the old or of the new.
    let width = rest.1.len() + 1;
    let mut most = vec![(0_usize, Step::Old); (rest.0.len() + 1) * width];
    let at = |old: usize, new: usize| old * width + new;
    for (i, one) in rest.0.iter().enumerate() {
        for (j, other) in rest.1.iter().enumerate() {
            let score = |place: usize| most.get(place).map_or(0, |(score, _)| *score);
            let (without_old, without_new) = (score(at(i, j + 1)), score(at(i + 1, j)));
            let alike = match i.abs_diff(j) > MOST_APART {
                true => 0,
                false => likeness(one, other),
            };
            let pair = score(at(i, j)) + alike;
            let best = if alike > 0 && pair >= without_old.max(without_new) {
                (pair, Step::Pair)
            } else if without_old >= without_new {
                (without_old, Step::Old)
            } else {
                (without_new, Step::New)
            };
            if let Some(cell) = most.get_mut(at(i + 1, j + 1)) {
                *cell = best;
            }
        }
    }
    let (mut i, mut j) = (rest.0.len(), rest.1.len());
    while i > 0 && j > 0 {
        match most.get(at(i, j)).map(|(_, step)| *step) {
            Some(Step::Pair) => {
                (i, j) = (i - 1, j - 1);
                pairs.push((begin + i, begin + j));
            }
            Some(Step::New) => j -= 1,
            _ => i -= 1,
        }
    }
    pairs
}

/// How the best pairs of a begin of two lists end.
#[derive(Clone, Copy)]
enum Step {
    Pair,
    Old,
    New,
}

/// How many of the calls about two IDs are the same, in thousandths, those that asked the same
/// counted four times.
fn likeness(one: &Life<'_>, other: &Life<'_>) -> usize {
    let same = |blocks: Vec<Block>| -> usize {
        let equal = blocks.iter().filter(|block| block.is_equal);
        equal.map(|block| block.old.len()).sum()
    };
    let calls = same(super::order::blocks(&one.calls, &other.calls));
    let asked = same(super::order::blocks(&one.asked, &other.asked));
    2000 * (calls + 3 * asked) / (one.calls.len() + other.calls.len()).max(1)
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
    let mut ids = Ids::new(comparison.ids).with_bytes();
    for seen in calls.iter().filter(|seen| !seen.ids.is_empty()) {
        if let Some(request) = request_of(schema, &seen.call) {
            ids.learn(&*request, |_, _, id| other(id));
        }
    }
    ids
}
