//! Standard output: whole responses at a time, so that a reader never waits
//! for the rest of one.

use std::io::{self, Write};

use crate::error::Error;
use crate::standard_output;

/// Writes to standard output.
#[derive(Debug, Default)]
pub struct Output {
    buffer: Vec<u8>,
}

impl Output {
    /// Writes what `fill` puts into the buffer it is given.
    ///
    /// # Errors
    /// What `fill` fails with, or when standard output takes no more.
    pub fn write(
        &mut self,
        fill: impl FnOnce(&mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.buffer.clear();
        fill(&mut self.buffer)?;
        let mut standard_output = io::stdout().lock();
        standard_output::check()
            .and_then(|()| standard_output.write_all(&self.buffer))
            .and_then(|()| standard_output.flush())
            .map_err(Error::Output)
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
