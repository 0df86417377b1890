//! Which fields a user gave, apart from what their values are. A field given
//! at its default is given all the same, and must not be overwritten later.

use std::collections::BTreeMap;

/// The fields of one message that were given explicitly, by index, and within
/// singular message fields the same again. Lists and maps are not descended
/// into: a given list is the whole list, and a map's keys speak for themselves.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Explicit {
    fields: BTreeMap<usize, Explicit>,
}

impl Explicit {
    /// Notes a field as given, and hands out the record of what is within it.
    pub fn mark(&mut self, index: usize) -> &mut Explicit {
        self.fields.entry(index).or_default()
    }

    /// Forgets a field and everything within it.
    pub fn unmark(&mut self, index: usize) {
        self.fields.remove(&index);
    }

    /// Whether a field was given.
    pub fn contains(&self, index: usize) -> bool {
        self.fields.contains_key(&index)
    }

    /// What was given within a field, if the field was.
    pub fn within(&self, index: usize) -> Option<&Explicit> {
        self.fields.get(&index)
    }
}
