//! What the table says of an API, for a user: the list of RPCs, and one RPC, service,
//! message or enum in full, as text and as JSON. What the program adds to the proto,
//! such as automatic values and aliases, comes in through [`Annotations`].

mod document;
mod example;
mod json;
mod layout;
mod list;
mod sample;
mod text;

use crate::descriptor::{Message, Rpc, Scalar, Schema};
use crate::dialect::{Dialect, Plain};
use crate::lookup::Item;

pub use self::example::{Example, Form, examples};
pub use self::list::{first_sentence, list, list_json};
pub(crate) use self::sample::key_text as example_key;
pub use self::sample::{Sample, of as sample};

/// What is known beyond the proto: of fields, and of the program that makes the calls.
pub trait Annotations {
    /// What a field is filled with when a user leaves it out, in a few words.
    /// `rpc` is the one that is described, if one is.
    fn automatic(
        &self,
        rpc: Option<&'static Rpc>,
        message: &'static Message,
        index: usize,
    ) -> Option<String> {
        let _ = (rpc, message, index);
        None
    }

    /// What a command of this RPC takes beside the fields of its request.
    fn parameters(&self, rpc: &'static Rpc) -> Vec<&'static Parameter> {
        let _ = rpc;
        Vec::new()
    }

    /// Commands of this RPC that use such words.
    fn conveniences(&self, rpc: &'static Rpc) -> Vec<Convenience> {
        let _ = rpc;
        Vec::new()
    }

    /// A call of this RPC that does what it is there for.
    fn call(&self, rpc: &'static Rpc) -> Option<Call> {
        let _ = rpc;
        None
    }

    /// What commands of this RPC take beyond the spellings of the proto.
    fn dialect(&self, rpc: &'static Rpc) -> Box<dyn Dialect> {
        let _ = rpc;
        Box::new(Plain)
    }

    /// The field's extra names.
    fn aliases(&self, message: &'static Message, index: usize) -> Vec<String> {
        let _ = (message, index);
        Vec::new()
    }

    /// The first release that has an RPC, where one is known.
    fn rpc_since(&self, rpc: &'static Rpc) -> Option<&'static str> {
        let _ = rpc;
        None
    }

    /// The first release that has a message, where one is known.
    fn message_since(&self, message: &'static Message) -> Option<&'static str> {
        let _ = message;
        None
    }

    /// The first release that has a field, where one is known.
    fn field_since(&self, message: &'static Message, index: usize) -> Option<&'static str> {
        let _ = (message, index);
        None
    }

    /// The lines that a user types for an example; none if they cannot type it.
    fn lines(&self, example: &Example) -> Vec<String> {
        let before = example
            .call
            .before
            .iter()
            .map(|command| (*command).to_owned());
        before.chain([example.command()]).collect()
    }

    /// The line that describes a type.
    fn describe_line(&self, name: &str) -> String {
        format!("describe {name}")
    }
}

/// A call that does what its RPC is there for.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Commands that make what it needs.
    pub before: &'static [&'static str],
    /// Paths and values of setters. None of them has a single quote.
    pub setters: &'static [(&'static str, &'static str)],
    /// Whether it also does something when nothing is given.
    pub is_alone: bool,
    /// How long to wait for an answer that may not come; empty for as long as it takes.
    pub limit: &'static str,
    /// What comes of it, if that is not a plain answer.
    pub outcome: &'static str,
}

impl Default for Call {
    /// One that needs nothing.
    fn default() -> Self {
        Self {
            before: &[],
            setters: &[],
            is_alone: true,
            limit: "",
            outcome: "",
        }
    }
}

/// A command of words that are not fields of the request.
#[derive(Debug, Clone, Copy)]
pub struct Convenience {
    /// Their names and values. None of them needs quotes.
    pub words: &'static [(&'static str, &'static str)],
    /// What is on standard input; empty for nothing.
    pub input: &'static str,
}

/// A word that a command takes beside the fields of its request.
#[derive(Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// The type of its value in a document: a string or a bool.
    pub ty: Scalar,
    /// What its value is, in a word.
    pub value: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// Nothing beyond the proto.
#[derive(Debug, Clone, Copy)]
pub struct Unannotated;

impl Annotations for Unannotated {}

/// Describes one item, as lines of text.
pub fn describe(schema: &'static Schema, item: Item, annotations: &dyn Annotations) -> String {
    text::describe(schema, item, annotations)
}

/// Describes one item, as a JSON object with keys in a fixed order.
pub fn describe_json(schema: &'static Schema, item: Item, annotations: &dyn Annotations) -> String {
    document::describe(schema, item, annotations).pretty()
}

/// The RPCs that `message` is the request of, and those it is the response of.
fn uses(schema: &Schema, message: &Message) -> (Vec<&'static Rpc>, Vec<&'static Rpc>) {
    let rpcs = || schema.services.iter().flat_map(|service| service.rpcs);
    let is_it = |other: &Message| other.full_name == message.full_name;
    (
        rpcs().filter(|rpc| is_it(rpc.request)).collect(),
        rpcs().filter(|rpc| is_it(rpc.response)).collect(),
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
