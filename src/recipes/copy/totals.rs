//! What a copy has sent so far, for people to read at its end.

use std::fmt;

use super::scan::{Entry, Kind};

/// Counts of what was sent.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    files: u64,
    directories: u64,
    links: u64,
    /// The content of the files.
    bytes: u64,
}

impl Totals {
    /// Counts one more.
    pub fn add(&mut self, entry: &Entry) {
        match entry.kind {
            Kind::File(size) => {
                self.files += 1;
                self.bytes += size;
            }
            Kind::Directory => self.directories += 1,
            Kind::Filled => {}
            Kind::Link(_) => self.links += 1,
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one_or_more = |count: u64, one, more| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {more}"),
        };
        write!(
            f,
            "copied {}, {}, {}: {}",
            one_or_more(self.files, "file", "files"),
            one_or_more(self.directories, "directory", "directories"),
            one_or_more(self.links, "link", "links"),
            one_or_more(self.bytes, "byte", "bytes"),
        )
    }
}
