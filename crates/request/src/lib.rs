//! One request, from what a command says to what is sent: a document, setters, the
//! conveniences of some RPCs, values that are remembered and automatic ones. RPCs and fields
//! are named in tables only, and a row whose names the API does not have does nothing.

#![deny(unsafe_code)]
// The printing macros panic when nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod auto;
pub mod conveniences;
pub mod input;
mod notes;
mod request;

pub use notes::RowNotes;
pub use request::{ConfigNotes, Memory, PassedOver, Request, RequestDialect, RequestOptions};
