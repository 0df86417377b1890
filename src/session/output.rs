//! Standard output: whole responses at a time, so that a reader never waits
//! for the rest of one.

use std::io;

use crate::error::Error;
use crate::interrupt::{self, Interrupted};
use crate::standard_output;

/// Writes to standard output.
#[derive(Debug, Default)]
pub struct Output {
    buffer: Vec<u8>,
}

impl Output {
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
        standard_output::write(&self.buffer).map_err(|error| match error.kind() {
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
