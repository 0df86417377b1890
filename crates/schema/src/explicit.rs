//! Which fields a user gave, apart from what their values are. A field given
//! at its default is given all the same, and must not be overwritten later.

/// The fields of one message that were given explicitly, by index, and within
/// singular message fields the same again. Lists and maps are not descended
/// into: a given list is the whole list, and a map's keys speak for themselves.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Explicit {
    /// In the order of the indices; few, as commands are.
    fields: Vec<(usize, Explicit)>,
}

impl Explicit {
    /// Where a field is, or would be.
    fn place(&self, index: usize) -> Result<usize, usize> {
        self.fields
            .binary_search_by_key(&index, |(index, _)| *index)
    }

    /// Notes a field as given, and hands out the record of what is within it.
    pub fn mark(&mut self, index: usize) -> &mut Explicit {
        let place = self.place(index).unwrap_or_else(|place| {
            self.fields.insert(place, (index, Explicit::default()));
            place
        });
        &mut self.fields[place].1
    }

    /// Forgets a field and everything within it.
    pub fn unmark(&mut self, index: usize) {
        if let Ok(place) = self.place(index) {
            self.fields.remove(place);
        }
    }

    /// Whether a field was given.
    pub fn contains(&self, index: usize) -> bool {
        self.place(index).is_ok()
    }

    /// What was given within a field, if the field was.
    pub fn within(&self, index: usize) -> Option<&Explicit> {
        let (_, within) = self.fields.get(self.place(index).ok()?)?;
        Some(within)
    }
}
