//! What a convenience makes of one command where one call is not enough: a series of
//! calls of the same RPC, piece by piece.

use std::fmt;

use crate::error::Error;
use crate::schema::Reflect;

/// Calls that are made instead of the one that the command names.
pub trait Series: fmt::Debug + Send + Sync {
    /// The length in bytes of the largest payload it will send, found without
    /// reading what the payloads are made of.
    ///
    /// # Errors
    /// When the series cannot be made, or a payload has no wire form.
    fn largest(&self, message: &dyn Reflect) -> Result<usize, Error>;

    /// Begins the series: `message` is the request as the command gave it.
    ///
    /// # Errors
    /// When the series cannot be made; nothing of it was sent then.
    fn start(&self, message: Box<dyn Reflect>) -> Result<Box<dyn Pieces>, Error>;
}

/// A series on its way.
pub trait Pieces {
    /// How much there is to send in all, in bytes, as far as it is known.
    fn total(&self) -> u64;

    /// The next call, made in memory that is used again; `None` after the last.
    ///
    /// # Errors
    /// When what is to be sent cannot be read or has changed, or a signal came.
    fn next(&mut self) -> Result<Option<Piece<'_>>, Error>;

    /// What was done, in words, for a series worth a summary.
    fn summary(&self) -> Option<String>;
}

/// One call of a series.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The request, encoded.
    pub payload: &'a [u8],
    /// What it is a piece of, such as a file's name.
    pub of: &'a str,
    /// Where in it the piece begins, in bytes.
    pub offset: u64,
    /// How many bytes of it the piece holds.
    pub length: u64,
    /// What is sent from here on, in words, at the first piece of something.
    pub begins: Option<&'a str>,
}
