//! What is noted of the names in a request while it is read, to be warned of: fields that this
//! build does not know, where they are passed over, and names of older releases.

use std::cell::{Cell, RefCell};

use agent_schema::Dialect;

/// Of how many fields of one request is told.
const MOST: usize = 16;

/// The fields that were passed over. As a dialect it passes over all that are not known, and
/// adds nothing else.
#[derive(Debug, Default)]
pub struct PassedOver {
    paths: RefCell<Vec<String>>,
    more: Cell<usize>,
}

impl PassedOver {
    /// Notes a field.
    pub(super) fn note(&self, path: &str) {
        let mut paths = self.paths.borrow_mut();
        match paths.len() < MOST {
            true => paths.push(path.to_owned()),
            false => self.more.set(self.more.get() + 1),
        }
    }

    /// A warning of each field, up to a number of them.
    pub fn warnings(self) -> Vec<String> {
        let paths = self.paths.into_inner().into_iter();
        let mut warnings: Vec<_> = paths
            .map(|path| format!("{path}: this build has no such field; it is left out"))
            .collect();
        let more = self.more.get();
        if more > 0 {
            warnings.push(format!("{more} more fields that this build does not have"));
        }
        warnings
    }
}

impl Dialect for PassedOver {
    fn passes_over(&self, path: &str) -> bool {
        self.note(path);
        true
    }
}

/// Names that fields had in older releases: a warning of each, once.
#[derive(Debug, Default)]
pub(super) struct FormerNames(RefCell<Vec<String>>);

impl FormerNames {
    /// Notes a name that is called `field` since `release`.
    pub(super) fn note(&self, name: &str, field: &str, release: &str) {
        let warning = format!("{name:?} is called {field} since Kata Containers {release}");
        let mut warnings = self.0.borrow_mut();
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }

    /// A warning of each.
    pub(super) fn warnings(self) -> Vec<String> {
        self.0.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_bounded() {
        let passed = PassedOver::default();
        for number in 0..20 {
            assert!(passed.passes_over(&format!("f{number}")));
        }
        let warnings = passed.warnings();
        assert_eq!(warnings.len(), 17);
        assert_eq!(
            warnings.first().map(String::as_str),
            Some("f0: this build has no such field; it is left out")
        );
        assert_eq!(
            warnings.last().map(String::as_str),
            Some("4 more fields that this build does not have")
        );
    }
}
