//! A recording for people and for other programs. Whatever the form, it is made while the
//! recording is read, so that one of any length takes the memory of its open calls.

mod bytes;
mod html;
mod pcapng;
mod text;
mod wireshark;

use std::io::{self, BufRead, Write};

use crate::calls::{Calls, Told};
use crate::recording::{ReadError, Reader};

pub use self::bytes::bytes_fields;
pub use self::html::Page;
pub use self::pcapng::pcapng;
pub use self::text::Text;
pub use self::wireshark::dissector;

/// Why a recording was not shown to its end.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    /// It cannot be read on.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is shown cannot be written.
    #[error("{}", agent_text::reason(.0))]
    Write(io::Error),
}

/// Something that a recording is shown as.
pub trait Form {
    /// The recording begins; `what` is what was recorded.
    ///
    /// # Errors
    /// When it cannot be written.
    fn begin(&mut self, what: &crate::recording::Record, out: &mut dyn Write) -> io::Result<()>;

    /// The next that is told.
    ///
    /// # Errors
    /// When it cannot be written.
    fn tell(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()>;

    /// The recording has ended. `is_cut` if its last line was cut off.
    ///
    /// # Errors
    /// When it cannot be written.
    fn end(&mut self, is_cut: bool, out: &mut dyn Write) -> io::Result<()>;
}

/// Shows a recording. Tells whether its last line was cut off.
///
/// # Errors
/// As [`ShowError`] lists them.
pub fn show(
    recording: impl BufRead,
    form: &mut dyn Form,
    out: &mut dyn Write,
) -> Result<bool, ShowError> {
    let (mut reader, first) = Reader::new(recording)?;
    let mut outcome = form.begin(&first, out);
    let mut calls = Calls::default();
    for record in &mut reader {
        calls.take(record?, |told| {
            if outcome.is_ok() {
                outcome = form.tell(&told, out);
            }
        });
        if outcome.is_err() {
            break;
        }
    }
    calls.finish(|told| {
        if outcome.is_ok() {
            outcome = form.tell(&told, out);
        }
    });
    let is_cut = reader.is_cut();
    let ended = outcome.and_then(|()| form.end(is_cut, out));
    ended.map(|()| is_cut).map_err(ShowError::Write)
}

/// Each call as a line of JSON, as the simulated agent logs it.
#[derive(Debug, Default)]
pub struct Lines;

impl Form for Lines {
    fn begin(&mut self, _: &crate::recording::Record, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn tell(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        match told {
            Told::Call(call) => out.write_all(&call.line()?),
            Told::Else(_) => Ok(()),
        }
    }

    fn end(&mut self, _: bool, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
