//! A copy on its way: one thing after the other, each in pieces of bounded size. What was
//! given explicitly of a request is left as it is.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::vec;

use nix::libc;

use super::error::CopyError;
use super::tree::{Entry, EntryKind, Tree};
use crate::conveniences::Draft;
use agent_client::interrupt;
use agent_report::error::Error;
use agent_schema::{Reflect, Scalar, Value, ValueMut};
use agent_wire as wire;

/// How many bytes of a file one request holds at most: with all other fields it
/// stays far below ttRPC's limit of 4 MiB.
const LARGEST_PIECE: u64 = 1 << 20;

pub(super) const PATH: &str = "path";
pub(super) const FILE_SIZE: &str = "file_size";
const FILE_MODE: &str = "file_mode";
pub(super) const DIR_MODE: &str = "dir_mode";
const UID: &str = "uid";
const GID: &str = "gid";
pub(super) const OFFSET: &str = "offset";
pub(super) const DATA: &str = "data";

/// The fields of the request that a copy cannot do without.
pub(super) const NEEDS: &[(&str, Scalar)] = &[
    (PATH, Scalar::String),
    (FILE_SIZE, Scalar::Int64),
    (FILE_MODE, Scalar::Uint32),
    (DIR_MODE, Scalar::Uint32),
    (UID, Scalar::Int32),
    (GID, Scalar::Int32),
    (OFFSET, Scalar::Int64),
    (DATA, Scalar::Bytes),
];

/// Which fields a command gave, and so are not a file's to fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct GivenFields {
    file_size: bool,
    file_mode: Option<u32>,
    uid: bool,
    gid: bool,
}

impl GivenFields {
    /// What the draft of a request has.
    pub(super) fn of(draft: &Draft<'_>) -> Self {
        let mode = index(draft.message, FILE_MODE).and_then(|index| draft.message.get(index));
        Self {
            file_size: draft.has(FILE_SIZE),
            file_mode: match mode {
                Some(Value::Uint32(mode)) if draft.has(FILE_MODE) => Some(mode),
                _ => None,
            },
            uid: draft.has(UID),
            gid: draft.has(GID),
        }
    }

    /// Fills in everything that is the same for all pieces of `entry`.
    ///
    /// # Errors
    /// When its owner does not fit the fields.
    fn fill(self, message: &mut dyn Reflect, entry: &Entry) -> Result<(), CopyError> {
        for (is_given, name, id) in [(self.uid, UID, entry.uid), (self.gid, GID, entry.gid)] {
            if !is_given {
                let number = i32::try_from(id).map_err(|_| CopyError::Source {
                    name: entry.source.clone(),
                    what: format!(
                        "belongs to {name} {id}, and at most {} can be sent; give {name}=",
                        i32::MAX
                    ),
                })?;
                set(message, name, number.into());
            }
        }
        if !self.file_size {
            let size = match entry.kind {
                EntryKind::File(size) => size,
                EntryKind::Directory | EntryKind::Filled | EntryKind::Link(_) => 0,
            };
            set(message, FILE_SIZE, number(size));
        }
        set(message, FILE_MODE, self.mode(entry).into());
        if let Some(ValueMut::String(path)) = field(message, PATH) {
            path.clone_from(&entry.target);
        }
        Ok(())
    }

    /// A mode that was given without a kind is sent as it is with a file, as no
    /// kind means a file; anything else needs its kind.
    fn mode(self, entry: &Entry) -> u32 {
        match (self.file_mode, &entry.kind) {
            (None, _) => entry.mode,
            (Some(mode), EntryKind::Directory | EntryKind::Filled | EntryKind::Link(_))
                if mode & libc::S_IFMT == 0 =>
            {
                mode | entry.mode & libc::S_IFMT
            }
            (Some(mode), _) => mode,
        }
    }

    /// How long the longest request for an entry is, in bytes.
    ///
    /// # Errors
    /// When its owner does not fit the fields, or the request has no wire form.
    pub(super) fn largest(self, message: &mut dyn Reflect, entry: &Entry) -> Result<usize, Error> {
        self.fill(message, entry)?;
        // The last piece has the largest offset, and is as long as any other at most.
        set(message, OFFSET, number(entry.size()));
        let mut encoded = Vec::new();
        message.encode_into(&mut encoded)?;
        let length = usize::try_from(entry.size().min(LARGEST_PIECE)).unwrap_or_default();
        if length > 0 {
            let mut fields = message.descriptor().fields.iter();
            let data = fields.find(|field| field.name == DATA);
            wire::put_length(data.map_or(0, |data| data.number), length, &mut encoded);
        }
        Ok(encoded.len() + length)
    }
}

/// Sets a number field to what fits its type.
fn set(message: &mut dyn Reflect, name: &str, number: i64) {
    match field(message, name) {
        Some(ValueMut::Int32(value)) => *value = i32::try_from(number).unwrap_or(i32::MAX),
        Some(ValueMut::Int64(value)) => *value = number,
        Some(ValueMut::Uint32(value)) => *value = u32::try_from(number).unwrap_or(u32::MAX),
        // The convenience is not there where a field is of another type.
        _ => {}
    }
}

/// A size as a field has it; the kernel has no file that is larger.
fn number(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn field<'a>(message: &'a mut dyn Reflect, name: &str) -> Option<ValueMut<'a>> {
    let index = index(message, name)?;
    message.get_mut(index)
}

fn index(message: &dyn Reflect, name: &str) -> Option<usize> {
    let mut fields = message.descriptor().fields.iter();
    fields.position(|field| field.name == name)
}

/// A copy on its way.
pub struct Copying {
    tree: Tree,
    entries: vec::IntoIter<Entry>,
    total: u64,
    /// The request without data.
    message: Box<dyn Reflect>,
    /// The number of the field for them.
    data: Option<u32>,
    given: GivenFields,
    current: Option<Current>,
    /// The request as it is sent, and what stands in it before the data, in memory that is used
    /// again. The data are read to their place.
    payload: Vec<u8>,
    head: Vec<u8>,
    totals: Totals,
    with_summary: bool,
}

/// One request of a copy.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The request, encoded.
    pub payload: &'a [u8],
    /// The name of the file that it is a piece of.
    pub of: &'a str,
    /// Where in it the piece begins, in bytes.
    pub offset: u64,
    /// How many bytes of it the piece holds.
    pub length: u64,
    /// What is sent from here on, in words, at the first piece of something.
    pub begins: Option<&'a str>,
}

/// What is being sent.
struct Current {
    entry: Entry,
    content: Content,
    title: String,
    /// How many bytes of it have been sent.
    offset: u64,
}

enum Content {
    Nothing,
    Bytes(Vec<u8>),
    /// An open file, and how it was when it was opened.
    File(File, Metadata),
}

impl Copying {
    /// Begins to copy the entries of a tree by requests that begin as `message`.
    pub(super) fn new(
        (tree, entries): (Tree, Vec<Entry>),
        mut message: Box<dyn Reflect>,
        given: GivenFields,
        with_summary: bool,
    ) -> Self {
        if let Some(ValueMut::Bytes(data)) = field(message.as_mut(), DATA) {
            data.clear();
        }
        let index = index(message.as_ref(), DATA);
        let data = index.and_then(|index| message.descriptor().fields.get(index));
        Self {
            data: data.map(|field| field.number),
            tree,
            total: entries.iter().map(Entry::size).sum(),
            entries: entries.into_iter(),
            message,
            given,
            current: None,
            payload: Vec::new(),
            head: Vec::new(),
            totals: Totals::default(),
            with_summary,
        }
    }

    /// Goes on to what comes next, if there is anything.
    fn advance(&mut self) -> Result<Option<Current>, Error> {
        let Some(mut entry) = self.entries.next() else {
            return Ok(None);
        };
        let content = match &mut entry.kind {
            EntryKind::File(_) => {
                let (file, metadata) = self.tree.read(&entry)?;
                // It may have changed since it was looked at, as long as it was not sent.
                entry.kind = EntryKind::File(metadata.size());
                entry.mode = metadata.mode();
                entry.uid = metadata.uid();
                entry.gid = metadata.gid();
                Content::File(file, metadata)
            }
            EntryKind::Link(target) => Content::Bytes(target.clone()),
            EntryKind::Directory | EntryKind::Filled => Content::Nothing,
        };
        self.given.fill(self.message.as_mut(), &entry)?;
        self.totals.add(&entry);
        Ok(Some(Current {
            title: title(&entry),
            entry,
            content,
            offset: 0,
        }))
    }

    /// How many bytes there are to send in all, as far as it is known.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The next request, made in memory that is used again; `None` after the last.
    ///
    /// # Errors
    /// When what is to be sent cannot be read or has changed, or a signal came.
    #[expect(
        clippy::should_implement_trait,
        reason = "what it gives is borrowed from it"
    )]
    pub fn next(&mut self) -> Result<Option<Piece<'_>>, Error> {
        interrupt::check()?;
        let is_new = match &self.current {
            Some(current) if current.left() > 0 => false,
            Some(current) => {
                current.check()?;
                true
            }
            None => true,
        };
        if is_new {
            self.current = self.advance()?;
        }
        let Some(current) = &mut self.current else {
            return Ok(None);
        };
        let offset = current.offset;
        let length = match current.content {
            Content::File(..) => current.left().min(LARGEST_PIECE),
            // The target of a link is short.
            Content::Nothing | Content::Bytes(_) => current.left(),
        };
        set(self.message.as_mut(), OFFSET, number(offset));
        self.head.clear();
        self.message.encode_into(&mut self.head)?;
        let length_here = usize::try_from(length).unwrap_or_default();
        if let Some(number) = self.data.filter(|_| length > 0) {
            wire::put_length(number, length_here, &mut self.head);
        }
        // What it holds of the piece before is written over.
        self.payload.resize(self.head.len() + length_here, 0);
        let (head, data) = self.payload.split_at_mut(self.head.len());
        head.copy_from_slice(&self.head);
        current.read(data)?;
        Ok(Some(Piece {
            payload: &self.payload,
            of: &current.entry.source,
            offset,
            length,
            begins: is_new.then_some(&current.title),
        }))
    }

    /// What was done, in words, for a copy that is worth a summary.
    pub fn summary(&self) -> Option<String> {
        self.with_summary.then(|| self.totals.to_string())
    }
}

impl Current {
    /// How many bytes have not been sent yet.
    fn left(&self) -> u64 {
        let size = match &self.content {
            Content::Nothing => 0,
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(_, metadata) => metadata.size(),
        };
        size.saturating_sub(self.offset)
    }

    /// Fills `data` with what comes next, of which there is as much.
    ///
    /// # Errors
    /// When they cannot be read, the file has changed, or a signal came.
    fn read(&mut self, data: &mut [u8]) -> Result<(), Error> {
        let length = data.len() as u64;
        match &mut self.content {
            Content::Nothing => {}
            Content::Bytes(bytes) => data.copy_from_slice(bytes),
            Content::File(file, metadata) => {
                let name = &self.entry.source;
                let mut filled = 0;
                while let Some(rest) = data.get_mut(filled..).filter(|rest| !rest.is_empty()) {
                    match some(file, rest, name)? {
                        0 => {
                            let left = self.offset + filled as u64;
                            return Err(shrank(name, metadata, left).into());
                        }
                        count => filled += count,
                    }
                }
                // Some files, as in /proc, say that they are empty and are not.
                let is_last = self.offset + length >= metadata.size();
                if is_last && some(file, &mut [0], name)? > 0 {
                    return Err(grew(name, metadata).into());
                }
                self.check()?;
            }
        }
        self.offset += length;
        Ok(())
    }

    /// Whether a file still is as it was: half of one state and half of another would not
    /// be a copy.
    fn check(&self) -> Result<(), CopyError> {
        let Content::File(file, then) = &self.content else {
            return Ok(());
        };
        let name = &self.entry.source;
        let now = file.metadata().map_err(|error| CopyError::Read {
            name: name.clone(),
            error,
        })?;
        let written = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
        if now.size() > then.size() {
            Err(grew(name, then))
        } else if now.size() < then.size() {
            Err(shrank(name, then, now.size()))
        } else if now.nlink() == 0 && then.nlink() > 0 {
            Err(changed(name, "was removed while it was sent".to_owned()))
        } else if written(&now) != written(then) {
            Err(changed(name, "was written to while it was sent".to_owned()))
        } else {
            Ok(())
        }
    }
}

/// Reads some bytes; none at the end.
fn some(file: &mut File, into: &mut [u8], name: &str) -> Result<usize, Error> {
    loop {
        interrupt::check()?;
        match file.read(into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // As files of the kernel that tell of what happens.
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(CopyError::Source {
                    name: name.to_owned(),
                    what: "blocks when it is read: it has no end that could be sent".to_owned(),
                }
                .into());
            }
            Err(error) => {
                let name = name.to_owned();
                return Err(CopyError::Read { name, error }.into());
            }
            Ok(count) => return Ok(count),
        }
    }
}

fn grew(name: &str, then: &Metadata) -> CopyError {
    let size = then.size();
    let how = format!("grew while it was sent: it has more than the {size} bytes it had at first");
    changed(name, how)
}

fn shrank(name: &str, then: &Metadata, left: u64) -> CopyError {
    let size = then.size();
    let how = format!("shrank while it was sent: it had {size} bytes at first, and has {left} now");
    changed(name, how)
}

fn changed(name: &str, how: String) -> CopyError {
    CopyError::Changed {
        name: name.to_owned(),
        how,
    }
}

/// What is sent, in words.
fn title(entry: &Entry) -> String {
    let what = match &entry.kind {
        EntryKind::File(1) => "1 byte".to_owned(),
        EntryKind::File(size) => format!("{size} bytes"),
        EntryKind::Directory => "a directory".to_owned(),
        EntryKind::Filled => "the directory's owner again".to_owned(),
        EntryKind::Link(target) => format!("a link to {:?}", String::from_utf8_lossy(target)),
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
            EntryKind::File(size) => {
                self.files += 1;
                self.bytes += size;
            }
            EntryKind::Directory => self.directories += 1,
            EntryKind::Filled => {}
            EntryKind::Link(_) => self.links += 1,
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
