//! Spellings that are accepted beyond those of the proto and of ProtoJSON. The
//! schema modules know that there may be some; which ones is not theirs to know.

use super::descriptor::{Message, Scalar};

/// Extra names of fields and extra spellings of values.
pub trait Dialect {
    /// The field that `name` stands for in `message`, asked only when no field
    /// has that name.
    fn field(&self, message: &'static Message, name: &str) -> Option<usize> {
        let _ = (message, name);
        None
    }

    /// The member that `name` stands for in a document for `message`, if it is
    /// no field and is to be handed back to whoever merges the document.
    fn extra(&self, message: &'static Message, name: &str) -> Option<&'static str> {
        let _ = (message, name);
        None
    }

    /// The type of the values of the member called `name`, which
    /// [`Dialect::extra`] told of: text, or true and false.
    fn extra_type(&self, name: &str) -> Scalar {
        let _ = name;
        Scalar::String
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
}

/// The proto's own spellings and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Dialect for Plain {}
