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
use crate::lookup::Item;

pub use self::example::{Example, Form, examples};
pub use self::list::{list, list_json};
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

    /// Commands of this RPC that use such words, each by the words' names and
    /// values. None of them needs quotes.
    fn conveniences(&self, rpc: &'static Rpc) -> Vec<Words> {
        let _ = rpc;
        Vec::new()
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

    /// The command line that makes a call. `command` is an RPC's name and what it
    /// is given, without any single quote.
    fn call_line(&self, command: &str) -> String {
        command.to_owned()
    }

    /// The command line that prints the template of an RPC's request.
    fn template_line(&self, rpc: &str) -> String {
        format!("template {rpc}")
    }
}

/// Names and values of a command's words.
pub type Words = &'static [(&'static str, &'static str)];

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
pub fn describe(schema: &Schema, item: Item, annotations: &dyn Annotations) -> String {
    text::describe(schema, item, annotations)
}

/// Describes one item, as a JSON object with keys in a fixed order.
pub fn describe_json(schema: &Schema, item: Item, annotations: &dyn Annotations) -> String {
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
