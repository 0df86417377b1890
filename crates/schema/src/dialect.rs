//! What a program accepts beyond the spellings of the proto and of ProtoJSON: other
//! names, other values, and values from files.

use std::error::Error;

use crate::descriptor::{Message, Scalar};
use agent_text::excerpt::Quoted;

/// The content of a file, or why it cannot be read.
pub type Content = Result<Vec<u8>, Box<dyn Error + Send + Sync>>;

/// Extra names of fields, extra spellings of values, and the files of `@file`.
pub trait Dialect {
    /// The field that `name` stands for in `message`, asked only when no field
    /// has that name.
    fn field(&self, message: &'static Message, name: &str) -> Option<usize> {
        let _ = (message, name);
        None
    }

    /// The member that `name` stands for in a document for `message`, if it is not a
    /// field but something for the program itself. Its value is returned by
    /// [`merge`](crate::json::merge).
    fn extra(&self, message: &'static Message, name: &str) -> Option<&'static str> {
        let _ = (message, name);
        None
    }

    /// The type of the values of the member called `name`, one that
    /// [`Dialect::extra`] returned: text, or true and false.
    fn extra_type(&self, name: &str) -> Scalar {
        let _ = name;
        Scalar::String
    }

    /// Whether a member of a document that is not a field of its message is passed over; `path`
    /// is where it stands. It is an error otherwise.
    fn passes_over(&self, path: &str) -> bool {
        let _ = path;
        false
    }

    /// The names that [`Dialect::field`] knows in `message`, each with the index
    /// of its field.
    fn names(&self, message: &'static Message) -> Vec<(&'static str, usize)> {
        let _ = message;
        Vec::new()
    }

    /// The words that [`Dialect::value`] is best known to take for a field, each
    /// with what it stands for.
    fn words(&self, message: &'static Message, index: usize) -> Vec<(&'static str, String)> {
        let _ = (message, index);
        Vec::new()
    }

    /// What `text`, given for a scalar field, stands for (`usr1` for `10`).
    /// `None` leaves the text as it is.
    fn value(&self, message: &'static Message, index: usize, text: &str) -> Option<String> {
        let _ = (message, index, text);
        None
    }

    /// The content of the file that a setter's value `@path` stands for. `path` is
    /// not empty.
    ///
    /// # Errors
    /// When it cannot be read. The error is shown as it is, so it names the file.
    fn file(&self, path: &str) -> Content {
        Err(format!(
            "file {} is not read: only values are taken here",
            Quoted(path)
        )
        .into())
    }
}

/// The proto's own spellings and nothing else; no files.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Dialect for Plain {}
