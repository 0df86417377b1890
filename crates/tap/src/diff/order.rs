//! Which calls of two recordings are each other's, by their order.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::Seen;
use crate::ids::Ids;

/// Among how many calls of one RPC and one container that came elsewhere one is looked for.
const MOST_CANDIDATES: usize = 64;

/// What the calls of two recordings are put side by side by: the RPC, and the IDs of the first
/// recording. Where one recording has more of them than the other, as when a runtime tried again,
/// a call that an agent did not get is not one that it got.
pub(super) fn keys(first: &[Seen], second: &[Seen], names: &Ids) -> [Vec<String>; 2] {
    let key = |seen: &Seen, names: Option<&Ids>| {
        let mut key = seen.named.name.clone();
        for (_, id) in &seen.ids {
            key.push(' ');
            key.push_str(names.and_then(|names| names.other(id)).unwrap_or(id));
        }
        key
    };
    let mut old: Vec<String> = first.iter().map(|seen| key(seen, None)).collect();
    let mut new: Vec<String> = second.iter().map(|seen| key(seen, Some(names))).collect();
    let mut more: HashMap<String, i64> = HashMap::new();
    for (keys, each) in [(&old, 1), (&new, -1)] {
        for key in keys {
            *more.entry(key.clone()).or_default() += each;
        }
    }
    for (keys, calls) in [(&mut old, first), (&mut new, second)] {
        for (key, seen) in keys.iter_mut().zip(calls) {
            if seen.call.kept_from_agent && more.get(key).is_some_and(|more| *more != 0) {
                key.push_str(" !");
            }
        }
    }
    [old, new]
}

/// A part of two lists that is the same, or not.
pub(super) struct Block {
    pub(super) old: std::ops::Range<usize>,
    pub(super) new: std::ops::Range<usize>,
    pub(super) is_equal: bool,
}

/// The calls, by their places in both lists, that are there twice, but beside others: what is done
/// with two containers has no order of its own. Those about one container keep theirs.
pub(super) fn moved(
    first: &[Seen],
    (old, new): (&[String], &[String]),
    blocks: &[Block],
) -> HashMap<usize, usize> {
    // For each ID, the calls about it that are put side by side.
    let mut lives: HashMap<&str, BTreeMap<usize, usize>> = HashMap::new();
    let ids = |place: usize| {
        let seen: Option<&Seen> = first.get(place);
        seen.into_iter().flat_map(|seen| &seen.ids)
    };
    for block in blocks.iter().filter(|block| block.is_equal) {
        for (old, new) in block.old.clone().zip(block.new.clone()) {
            for (_, id) in ids(old) {
                lives.entry(id).or_default().insert(old, new);
            }
        }
    }
    let unequal = || blocks.iter().filter(|block| !block.is_equal);
    let mut left: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for place in unequal().flat_map(|block| block.new.clone()) {
        let key = new.get(place).map_or("", String::as_str);
        left.entry(key).or_default().push_back(place);
    }
    let mut moved = HashMap::new();
    for place in unequal().flat_map(|block| block.old.clone()) {
        let key = old.get(place).map_or("", String::as_str);
        let Some(candidates) = left.get_mut(key) else {
            continue;
        };
        let keeps_order = |candidate: usize| {
            ids(place).all(|(_, id)| {
                let Some(life) = lives.get(id.as_str()) else {
                    return true;
                };
                let before = life.range(..place).next_back();
                let after = life.range(place..).next();
                before.is_none_or(|(_, new)| *new < candidate)
                    && after.is_none_or(|(_, new)| *new > candidate)
            })
        };
        let mut nearest = candidates.iter().take(MOST_CANDIDATES);
        let Some(index) = nearest.position(|candidate| keeps_order(*candidate)) else {
            continue;
        };
        if let Some(candidate) = candidates.remove(index) {
            moved.insert(place, candidate);
            for (_, id) in ids(place) {
                lives.entry(id).or_default().insert(place, candidate);
            }
        }
    }
    moved
}

pub(super) fn blocks<T: std::hash::Hash + Ord>(old: &[T], new: &[T]) -> Vec<Block> {
    let operations = similar::capture_diff_slices(similar::Algorithm::Myers, old, new);
    let mut blocks: Vec<Block> = Vec::new();
    for operation in operations {
        let is_equal = matches!(operation, similar::DiffOp::Equal { .. });
        let (old, new) = (operation.old_range(), operation.new_range());
        match blocks.last_mut() {
            // What is gone and what came in its place are one.
            Some(last) if !last.is_equal && !is_equal => {
                last.old.end = old.end;
                last.new.end = new.end;
            }
            _ => blocks.push(Block { old, new, is_equal }),
        }
    }
    blocks
}
