//! Files and standard input that commands name. Everything is read whole, with
//! a bound, before anything is sent.

mod open;

use std::io::{self, Read};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::{SFlag, fstat, makedev};

use agent_report::error::Error;
use agent_text::NotText;

pub use agent_text::reason;
pub use open::{Opened, StandardInput, open};

/// The number of `/dev/null`.
const NULL_DEVICE: u64 = makedev(1, 3);

/// The largest document or script that is read, in bytes. A request holds at
/// most 4 MiB; base64, escapes and layout make its JSON larger, not this large.
pub const LIMIT: u64 = 64 << 20;

/// The largest file that is a field's value, in bytes: the largest ttRPC message, which no
/// field can exceed.
const VALUE_LIMIT: u64 = 4 << 20;

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened or read.
    #[error("{}: {reason}", named(.name))]
    Read {
        /// The file's name as given.
        name: String,
        /// What the operating system says.
        reason: String,
    },
    /// There is more than is read of it.
    #[error("{} is larger than {} MiB", named(.name), .limit >> 20)]
    TooLarge {
        /// The file's name as given.
        name: String,
        /// The most bytes that it may have.
        limit: u64,
    },
    /// The content is not text.
    #[error("{} is {error}", named(.name))]
    NotText {
        /// The file's name as given.
        name: String,
        /// Where the first wrong byte stands.
        error: NotText,
    },
    /// Two commands ask for standard input.
    #[error("standard input can be read only once, and it is read already")]
    StandardInputTaken,
}

/// A file's name in quotes, or what `-` stands for.
fn named(name: &str) -> String {
    match name {
        "-" => "standard input".to_owned(),
        name => format!("{name:?}"),
    }
}

/// Reads inputs, and remembers whether standard input has been taken.
#[derive(Debug, Default)]
pub struct Inputs {
    standard_input_taken: bool,
    wait_limit: Option<Duration>,
}

impl Inputs {
    /// The text of a file, or of standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read, is larger than [`LIMIT`], is not UTF-8, or is
    /// standard input for the second time.
    pub fn text(&mut self, name: &str) -> Result<String, InputError> {
        let text = String::from_utf8(self.bytes(name)?).map_err(|error| InputError::NotText {
            name: name.to_owned(),
            error: error.utf8_error().into(),
        })?;
        // Some editors begin a file with a byte order mark.
        match text.strip_prefix('\u{feff}') {
            Some(rest) => Ok(rest.to_owned()),
            None => Ok(text),
        }
    }

    /// The content of a file, or of standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read, is larger than [`LIMIT`], or is standard input
    /// for the second time.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, InputError> {
        match name {
            "-" => {
                if std::mem::replace(&mut self.standard_input_taken, true) {
                    return Err(InputError::StandardInputTaken);
                }
                check_standard_input().map_err(|error| failed(name, &error))?;
                read(name, io::stdin().lock(), LIMIT)
            }
            path => read_file(path, LIMIT, self.wait_limit),
        }
    }

    /// Leaves standard input to a prompt.
    pub fn without_standard_input() -> Self {
        Self {
            standard_input_taken: true,
            wait_limit: None,
        }
    }

    /// Lets each file block for at most this time, from now on.
    pub fn wait_at_most(&mut self, limit: Option<Duration>) {
        self.wait_limit = limit;
    }

    /// How long a file may block, if there is a limit.
    pub(crate) fn wait_limit(&self) -> Option<Duration> {
        self.wait_limit
    }

    /// Whether standard input is free for a stream's messages.
    pub fn standard_input_is_free(&self) -> bool {
        !self.standard_input_taken
    }
}

/// Makes sure that there is a standard input.
///
/// # Errors
/// When it was closed: Rust's runtime has opened `/dev/null` in its place then, to read
/// and to write, as nobody does who means to read from it.
pub fn check_standard_input() -> io::Result<()> {
    let stdin = io::stdin();
    let is_null = fstat(&stdin).is_ok_and(|it| {
        SFlag::from_bits_truncate(it.st_mode).contains(SFlag::S_IFCHR) && it.st_rdev == NULL_DEVICE
    });
    let flags = OFlag::from_bits_retain(fcntl(&stdin, FcntlArg::F_GETFL)?);
    match is_null && flags.contains(OFlag::O_RDWR) {
        true => Err(io::Error::other("it is closed")),
        false => Ok(()),
    }
}

/// The content of the file that is a field's value, and that may block for as long as the
/// limit says.
///
/// # Errors
/// When it cannot be read, or no message could carry it.
pub fn value(path: &str, wait_limit: Option<Duration>) -> Result<Vec<u8>, InputError> {
    read_file(path, VALUE_LIMIT, wait_limit)
}

fn read_file(path: &str, limit: u64, wait_limit: Option<Duration>) -> Result<Vec<u8>, InputError> {
    let file = open(path, wait_limit).map_err(|error| failed(path, &error))?;
    // One that states its size need not be read to be too large.
    match file.metadata() {
        Ok(metadata) if metadata.len() > limit => Err(too_large(path, limit)),
        _ => read(path, file, limit),
    }
}

fn read(name: &str, source: impl Read, limit: u64) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    // Devices and pipes state no length, so what is read is counted as well.
    source
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| failed(name, &error))?;
    match bytes.len() as u64 > limit {
        true => Err(too_large(name, limit)),
        false => Ok(bytes),
    }
}

fn too_large(name: &str, limit: u64) -> InputError {
    let name = name.to_owned();
    InputError::TooLarge { name, limit }
}

fn failed(name: &str, error: &io::Error) -> InputError {
    InputError::Read {
        name: name.to_owned(),
        reason: reason(error),
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::usage(error)
    }
}
