//! Standard output: whole responses at a time, so that a reader never waits
//! for the rest of one.

use std::io;

use agent_client::interrupt::{self, Interrupted};
use agent_report::error::Error;
use agent_report::standard_output;

/// What writes all of some bytes, or fails with [`io::ErrorKind::Interrupted`] when a signal
/// comes first.
type Write = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// Writes to standard output.
pub struct Output {
    buffer: Vec<u8>,
    write: Write,
}

impl Default for Output {
    fn default() -> Self {
        Self::writing(standard_output::write)
    }
}

impl Output {
    /// An output that is written by `write`.
    pub(super) fn writing(write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static) -> Self {
        Self {
            buffer: Vec::new(),
            write: Box::new(write),
        }
    }

    /// Writes what `fill` puts into the buffer it is given; nothing of it if a signal
    /// came before.
    ///
    /// # Errors
    /// What `fill` fails with, when standard output takes no more, or when a signal
    /// comes before it has taken all.
    pub fn write(
        &mut self,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        interrupt::check()?;
        self.buffer.clear();
        fill(&mut self.buffer)?;
        interrupt::check()?;
        (self.write)(&self.buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => Interrupted.into(),
            _ => Error::output(&error),
        })
    }

    /// Writes a text as it is.
    ///
    /// # Errors
    /// When standard output takes no more.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.write(|buffer| {
            buffer.extend_from_slice(text.as_bytes());
            Ok(())
        })
    }

    /// Writes a text and ends the line.
    ///
    /// # Errors
    /// When standard output takes no more.
    pub fn line(&mut self, text: &str) -> Result<(), Error> {
        self.write(|buffer| {
            buffer.extend_from_slice(text.as_bytes());
            buffer.push(b'\n');
            Ok(())
        })
    }
}
