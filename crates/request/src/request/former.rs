//! Names that fields had in older releases, where a request uses them: to be warned of.

use std::cell::RefCell;

/// The warnings, each once.
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
