//! How the bytes of an input are taken apart. A message's type stands in them
//! by name, so that an input means the same after the protos have changed.

use kata_agent_ctl::request::RequestDialect;
use kata_agent_ctl::schema::{Dialect, Message, Plain, Schema};

/// The byte after the name of a message's type.
pub const MESSAGE_END: u8 = b'\n';

/// The APIs whose messages are used: that of this build, and one with every
/// kind of field.
pub fn schemas() -> [&'static Schema; 2] {
    [kata_agent_ctl::schema(), wide_api::schema()]
}

/// The type of a message, and where it is from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) schema: &'static Schema,
    pub(crate) message: &'static Message,
}

impl Typed {
    /// The extra spellings that a command takes for this message: those of the
    /// RPC whose request it is.
    pub(crate) fn dialect(&self) -> Box<dyn Dialect> {
        let rpcs = self.schema.services.iter().flat_map(|service| service.rpcs);
        let mut requests = rpcs.filter(|rpc| rpc.request.full_name == self.message.full_name);
        match requests.next() {
            Some(rpc) => Box::new(RequestDialect::of(self.schema, rpc)),
            None => Box::new(Plain),
        }
    }
}

/// The type that the input's first line names, and the rest of it. A line that
/// names none stands for one by its bytes.
pub(crate) fn typed(data: &[u8]) -> Option<(Typed, &[u8])> {
    let end = data.iter().position(|byte| *byte == MESSAGE_END)?;
    let (name, rest) = data.split_at(end);
    let all = schemas().into_iter().flat_map(|schema| {
        let messages = schema.messages.iter();
        messages.map(move |message| Typed { schema, message })
    });
    let all: Vec<Typed> = all.collect();
    let named = all
        .iter()
        .find(|typed| typed.message.full_name.as_bytes() == name);
    let sum = name
        .iter()
        .fold(0, |sum: usize, byte| sum * 31 % 65_521 + usize::from(*byte));
    let typed = named.or_else(|| all.get(sum % all.len().max(1)))?;
    Some((*typed, rest.get(1..).unwrap_or_default()))
}
