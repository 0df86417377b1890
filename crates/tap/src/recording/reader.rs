//! Reading a recording, line by line, so that one of any length takes the memory of one line.

use std::io::{self, BufRead, Read as _};

use super::{FORMAT, Kind, Record, VERSION, mistake};

/// The longest line, in bytes: a frame of 4 MiB whose payload and message both need several
/// times its size has room in it.
const LONGEST_LINE: u64 = 64 << 20;

/// How compressed files begin, and who unpacks them.
const PACKED: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ", "xz"),
    (b"BZh", "bzip2"),
];

/// Why a recording cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{}", agent_text::reason(.0))]
    Io(#[from] io::Error),
    /// It has no first line that says so.
    #[error("this is not a recording: its first line should say \"format\": {FORMAT:?}")]
    NotARecording,
    /// There is nothing in it.
    #[error("this is not a recording: it is empty")]
    Empty,
    /// Another program has to unpack it.
    #[error("this is compressed: unpack it first, as in \"{0} -dc FILE | kata-agent-ctl show -\"")]
    Compressed(&'static str),
    /// Its schema is newer than this reader.
    #[error("it has version {0} of the recordings' schema, and this tool reads {VERSION}")]
    Version(u32),
    /// It does not say which schema it has.
    #[error("its first line should say \"version\": {VERSION}")]
    NoVersion,
    /// A line is not a record.
    #[error("{reason}")]
    Line {
        /// Counted from 1.
        line: u64,
        /// In bytes, counted from 1.
        column: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Reads the records of a recording.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    line: u64,
    text: Vec<u8>,
    is_cut: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line, and hands it out too.
    ///
    /// # Errors
    /// When this is not a recording, or one of another version.
    pub fn new(source: R) -> Result<(Self, Record), ReadError> {
        let mut reader = Reader {
            source,
            line: 0,
            text: Vec::new(),
            is_cut: false,
        };
        let first = match reader.next() {
            Some(Ok(first)) => first,
            Some(Err(error @ ReadError::Io(_))) => return Err(error),
            // One that says what it is has a mistake elsewhere.
            Some(Err(error)) if reader.says_format() => return Err(error),
            None if !reader.is_cut && reader.text.is_empty() => return Err(ReadError::Empty),
            _ => {
                let packed = PACKED
                    .iter()
                    .find(|(begin, _)| reader.text.starts_with(begin));
                return Err(packed.map_or(ReadError::NotARecording, |(_, program)| {
                    ReadError::Compressed(program)
                }));
            }
        };
        if first.kind != Kind::Recording || first.format.as_deref() != Some(FORMAT) {
            return Err(ReadError::NotARecording);
        }
        match first.version {
            Some(VERSION) => Ok((reader, first)),
            Some(version) => Err(ReadError::Version(version)),
            None => Err(ReadError::NoVersion),
        }
    }

    /// Whether the line that was read last has the format's name.
    fn says_format(&self) -> bool {
        let name = FORMAT.as_bytes();
        self.text.windows(name.len()).any(|part| part == name)
    }

    /// Refuses a message without the bytes that it was decoded from, as those are what was said.
    fn checked(&self, record: Record) -> Result<Record, ReadError> {
        let message = record
            .message
            .as_ref()
            .map_or("{}", |message| message.get());
        match record.payload {
            None if message != "{}" => Err(ReadError::Line {
                line: self.line,
                column: 1,
                reason: "there is a \"message\" without the \"payload\" that it was decoded from"
                    .to_owned(),
            }),
            _ => Ok(record),
        }
    }

    /// Whether the last line was cut off, as after a crash or while it is being written.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.text.clear();
            let mut limited = (&mut self.source).take(LONGEST_LINE);
            match limited.read_until(b'\n', &mut self.text) {
                Ok(0) => return None,
                Ok(_) => self.line += 1,
                Err(error) => return Some(Err(error.into())),
            }
            if self.text.last() != Some(&b'\n') {
                if self.text.len() as u64 == LONGEST_LINE {
                    return Some(Err(ReadError::Line {
                        line: self.line,
                        column: 1,
                        reason: format!("this line is longer than {LONGEST_LINE} bytes"),
                    }));
                }
                // Whoever wrote a whole line may have left out its newline.
                let record = serde_json::from_slice(&self.text);
                self.is_cut = record.is_err();
                return record.ok().map(Ok);
            }
            if self.text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let record = serde_json::from_slice(&self.text).map_err(|error| {
                let (column, reason) = mistake::find(&self.text, &error);
                ReadError::Line {
                    line: self.line,
                    column,
                    reason,
                }
            });
            return Some(record.and_then(|record| self.checked(record)));
        }
    }
}
