//! Reading a recording, line by line, so that one of any length takes the memory of one line.

use std::io::{self, BufRead, Read as _};

use super::{FORMAT, Kind, Record, VERSION};

/// The longest line, in bytes: a frame of 4 MiB whose payload and message both need several
/// times its size has room in it.
const LONGEST_LINE: u64 = 64 << 20;

/// Why a recording cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("{}", agent_text::reason(.0))]
    Io(#[from] io::Error),
    /// It has no first line that says so.
    #[error("this is not a recording: its first line should say \"format\": {FORMAT:?}")]
    NotARecording,
    /// Its schema is newer than this reader.
    #[error("it has version {0} of the recordings' schema, and this tool reads {VERSION}")]
    Version(u32),
    /// A line is no record.
    #[error("line {line}: {reason}")]
    Line {
        /// Counted from 1.
        line: u64,
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
    /// When this is no recording, or one of another version.
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
            _ => return Err(ReadError::NotARecording),
        };
        if first.kind != Kind::Recording || first.format.as_deref() != Some(FORMAT) {
            return Err(ReadError::NotARecording);
        }
        match first.version {
            Some(VERSION) => Ok((reader, first)),
            version => Err(ReadError::Version(version.unwrap_or(0))),
        }
    }

    /// Whether the last line was cut off, as after a crash or while it is being written.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn error(&self, reason: impl ToString) -> ReadError {
        ReadError::Line {
            line: self.line,
            reason: reason.to_string(),
        }
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
                    return Some(Err(
                        self.error(format_args!("it is longer than {LONGEST_LINE} bytes"))
                    ));
                }
                self.is_cut = true;
                return None;
            }
            if self.text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let record = serde_json::from_slice(&self.text);
            return Some(record.map_err(|error| self.error(error)));
        }
    }
}
