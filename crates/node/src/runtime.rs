//! The two runtimes, and where each keeps what it knows of its sandboxes.

/// Whose sandbox it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// The runtime written in Go.
    Go,
    /// The runtime written in Rust, runtime-rs.
    Rust,
}

impl Runtime {
    pub(crate) const ALL: [Self; 2] = [Self::Go, Self::Rust];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Rust => "rust",
        }
    }

    /// The folder with a folder for each sandbox.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Go => "/run/vc/sbs",
            Self::Rust => "/run/kata",
        }
    }

    pub(crate) fn state_file(self) -> &'static str {
        match self {
            Self::Go => "persist.json",
            Self::Rust => "state.json",
        }
    }
}
