//! A copy on its way: one thing after the other, each in pieces of bounded size.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::vec;

use super::payload::Payload;
use super::request::{self, GivenFields};
use super::scan::{Entry, Kind};
use super::source::Source;
use crate::conveniences::{Piece, Pieces};
use crate::error::Error;
use crate::interrupt;
use crate::schema::Reflect;

/// How many bytes of a file one request holds at most: with all other fields it
/// stays far below ttRPC's limit of 4 MiB.
pub(super) const LARGEST_PIECE: u32 = 1 << 20;

/// A copy on its way.
pub(super) struct Copying {
    entries: vec::IntoIter<Entry>,
    total: u64,
    message: Box<dyn Reflect>,
    given: GivenFields,
    current: Option<Current>,
    payload: Payload,
    totals: Totals,
    with_summary: bool,
}

/// What is being sent.
struct Current {
    entry: Entry,
    source: Option<Source>,
    title: String,
}

impl Copying {
    /// Begins to copy the entries by requests that begin as `message`.
    pub(super) fn new(
        entries: Vec<Entry>,
        message: Box<dyn Reflect>,
        given: GivenFields,
        with_summary: bool,
    ) -> Self {
        Self {
            total: entries.iter().map(Entry::size).sum(),
            entries: entries.into_iter(),
            message,
            given,
            current: None,
            payload: Payload::default(),
            totals: Totals::default(),
            with_summary,
        }
    }

    /// Goes on to what comes next; tells whether there is anything.
    fn advance(&mut self) -> Result<bool, Error> {
        if let Some(Current {
            source: Some(source),
            ..
        }) = self.current.take()
        {
            source.check()?;
        }
        let Some(mut entry) = self.entries.next() else {
            return Ok(false);
        };
        let source = match &mut entry.kind {
            Kind::File(size) => {
                let source = Source::open(&entry.source)?;
                // It may have changed since it was looked at, as long as it was not sent.
                let metadata = source.metadata();
                *size = metadata.size();
                entry.mode = metadata.mode();
                entry.uid = metadata.uid();
                entry.gid = metadata.gid();
                Some(source)
            }
            Kind::Directory | Kind::Filled | Kind::Link(_) => None,
        };
        self.given.fill(self.message.as_mut(), &entry)?;
        self.totals.add(&entry);
        self.current = Some(Current {
            title: title(&entry),
            entry,
            source,
        });
        Ok(true)
    }
}

impl Pieces for Copying {
    fn total(&self) -> u64 {
        self.total
    }

    fn next(&mut self) -> Result<Option<Piece<'_>>, Error> {
        interrupt::check()?;
        let goes_on = self.current.as_ref().is_some_and(Current::has_more);
        if !goes_on && !self.advance()? {
            return Ok(None);
        }
        let Some(current) = &mut self.current else {
            return Ok(None);
        };
        let (offset, left) = match (&current.source, &current.entry.kind) {
            (Some(source), _) => (source.offset(), source.left()),
            (None, Kind::Link(target)) => (0, target.len() as u64),
            (None, Kind::File(_) | Kind::Directory | Kind::Filled) => (0, 0),
        };
        let length = u32::try_from(left).map_or(LARGEST_PIECE, |left| left.min(LARGEST_PIECE));
        let message = self.message.as_mut();
        request::set_offset(message, offset);
        let number = request::data_number(message);
        let data = self.payload.begin(message, number, length);
        let data = data?;
        match (&mut current.source, &current.entry.kind) {
            (Some(source), _) => source.read(data)?,
            (None, Kind::Link(target)) => {
                let target = target.get(..data.len()).unwrap_or_default();
                data.copy_from_slice(target);
            }
            (None, Kind::File(_) | Kind::Directory | Kind::Filled) => {}
        }
        Ok(Some(Piece {
            payload: self.payload.bytes(),
            of: &current.entry.source,
            offset,
            length: length.into(),
            begins: (!goes_on).then_some(&current.title),
        }))
    }

    fn summary(&self) -> Option<String> {
        self.with_summary.then(|| self.totals.to_string())
    }
}

impl Current {
    fn has_more(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.left() > 0)
    }
}

/// What is sent, in words.
fn title(entry: &Entry) -> String {
    let what = match &entry.kind {
        Kind::File(1) => "1 byte".to_owned(),
        Kind::File(size) => format!("{size} bytes"),
        Kind::Directory => "a directory".to_owned(),
        Kind::Filled => "the directory's owner again".to_owned(),
        Kind::Link(target) => format!("a link to {:?}", String::from_utf8_lossy(target)),
    };
    format!("{:?} to {:?} ({what})", entry.source, entry.target)
}

/// What a copy has sent so far, for people to read at its end.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    files: u64,
    directories: u64,
    links: u64,
    /// The content of the files.
    bytes: u64,
}

impl Totals {
    /// Counts one more.
    fn add(&mut self, entry: &Entry) {
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
