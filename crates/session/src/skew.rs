//! An agent of another version than the protos of this build: what it answers and
//! nobody here knows, and what it does not have. Told, and nothing more: no call
//! goes another way for it.

use std::time::Duration;

use super::call::{decode, not_an_answer};
use super::{CallOptions, Session};
use agent_client::Connection;
use agent_client::interrupt;
use agent_report::error::Error;
use agent_report::log::{Level, Logger};
use agent_schema::{Reflect, Rpc, Schema, UnknownField, Value, decode_noting, history, lookup};
use agent_text::excerpt::Excerpt;
use agent_text::hex;
use agent_wire::Content;

/// Of how many unknown fields an RPC's answers are told, in a run.
const MOST_FIELDS: usize = 16;
/// The RPC that tells an agent's version, where there is one, and the field.
const VERSION: (&str, &str) = ("grpc.Health/Version", "agent_version");
/// How long an agent may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(2);
/// The status codes of an agent that does not have an RPC: the one for that, and
/// those that servers answer with, NOT_FOUND and INVALID_ARGUMENT, which have other
/// reasons too.
const UNIMPLEMENTED: i32 = 12;
const OTHERS: [i32; 2] = [3, 5];

/// What has been told of an agent's version so far.
#[derive(Debug, Default)]
pub(super) struct Skew {
    /// RPC, message, map and field number of each unknown field.
    told: Vec<(String, &'static str, Option<u32>, u32)>,
    /// The version that the agent reports, once it was asked.
    version: Option<Option<String>>,
}

impl Skew {
    /// Decodes an answer, and warns of what this build does not know in it: of each
    /// field once.
    pub(super) fn decode(
        &mut self,
        schema: &'static Schema,
        rpc: &'static Rpc,
        answer: &[u8],
        verbose: bool,
        logger: Logger,
    ) -> Result<Box<dyn Reflect>, Error> {
        if !logger.shows(Level::Warn) {
            return decode(rpc.response, answer);
        }
        let mut message = (rpc.response.new)();
        let found = decode_noting(&mut *message, answer, schema, MOST_FIELDS)
            .map_err(|error| not_an_answer(rpc.response, answer, &error))?;
        if found.fields.is_empty() {
            return Ok(message);
        }
        for field in &found.fields {
            let map = field.map.map(|map| map.number);
            let key = (rpc.path(), field.message.full_name, map, field.number);
            if self.told_of(&key.0) >= MOST_FIELDS || self.told.contains(&key) {
                continue;
            }
            self.told.push(key);
            let mut text = warning(rpc, field);
            if verbose {
                text.push_str(&content(field));
            }
            logger.log(Level::Warn, text);
        }
        // No field has the number 0.
        let key = (rpc.path(), "", None, 0);
        if found.has_more && !self.told.contains(&key) {
            self.told.push(key);
            logger.log(
                Level::Warn,
                format_args!(
                    "{}: the answer has more fields that are not known",
                    rpc.name
                ),
            );
        }
        Ok(message)
    }

    fn told_of(&self, rpc: &str) -> usize {
        self.told.iter().filter(|(told, ..)| told == rpc).count()
    }
}

fn warning(rpc: &Rpc, field: &UnknownField<'_>) -> String {
    let place = match field.place.as_str() {
        "" => String::new(),
        place => format!("{place}: "),
    };
    let (name, message, number) = (rpc.name, field.message.full_name, field.number);
    match field.known() {
        None if let Some(map) = field.map => match (1..=2).contains(&number) {
            true => format!(
                "{name}: {place}the answer has the entry's {} as {}, and this build has {:?} as {}",
                if number == 1 { "key" } else { "value" },
                kind(field.content),
                map.name,
                map.declared_type()
            ),
            false => {
                format!("{name}: {place}the answer has field {number}, which no entry of a map has")
            }
        },
        None => format!(
            "{name}: {place}the answer has field {number}, which {message} of this build does not \
             have"
        ),
        Some(known) => format!(
            "{name}: {place}the answer has field {number} as {}, and {message} of this build has \
             it as {:?}, {}",
            kind(field.content),
            known.name,
            known.declared_type()
        ),
    }
}

fn kind(content: Content<'_>) -> &'static str {
    match content {
        Content::Varint(_) => "a number",
        Content::Fixed32(_) => "32 bits",
        Content::Fixed64(_) => "64 bits",
        Content::Bytes(_) => "bytes",
        Content::Group(_) => "a group",
    }
}

fn content(field: &UnknownField<'_>) -> String {
    let content = match field.content {
        Content::Varint(number) => format!("the number {number}"),
        Content::Fixed32(bits) => format!("the 32 bits {bits:#010x}"),
        Content::Fixed64(bits) => format!("the 64 bits {bits:#018x}"),
        Content::Bytes([]) => "no bytes".to_owned(),
        Content::Bytes(bytes) => {
            format!("{} bytes: {}", bytes.len(), hex::excerpt(bytes))
        }
        Content::Group([]) => "an empty group".to_owned(),
        Content::Group(bytes) => {
            format!("a group of {} bytes: {}", bytes.len(), hex::excerpt(bytes))
        }
    };
    match field.count {
        1 => format!(": {content}"),
        count => format!(": {count} times, first {content}"),
    }
}

impl Session {
    /// The failure of a call, with the details that the agent sent, and with what is known of
    /// the agent if that does not have the RPC.
    pub(super) fn explained(&mut self, rpc: &'static Rpc, error: Error) -> Error {
        let error = error.with_details(self.schema);
        let Some(status) = error.status() else {
            return self.hint_of_hybrid(error);
        };
        // Such servers name the service; what a call is about has no such name.
        let is_named = OTHERS.contains(&status.code) && status.message.contains(rpc.service);
        if status.code != UNIMPLEMENTED && !is_named {
            return error;
        }
        let version = match &self.skew.version {
            Some(version) => version.clone(),
            None => {
                let version = self.channel.connection().and_then(|connection| {
                    ask(
                        connection,
                        self.schema,
                        &self.options.settings.calls,
                        self.logger,
                        rpc,
                    )
                });
                // The agent is asked again where the user broke that off.
                if interrupt::is_raised() {
                    return interrupt::Interrupted.into();
                }
                self.skew.version.insert(version).clone()
            }
        };
        let version = version.map(|it| format!(", and reports version {}", Excerpt(&it)));
        let version = version.unwrap_or_default();
        let since = history::of_rpc(self.schema, rpc);
        let since = since.map(|release| format!(", which is there since {release}"));
        let since = since.unwrap_or_default();
        error.with_hint(format!(
            "; this agent does not have {}{since}{version}",
            rpc.name
        ))
    }
}

/// The version that the agent reports, if there is an RPC for it and it answers.
fn ask(
    connection: &mut Connection,
    schema: &'static Schema,
    options: &CallOptions,
    logger: Logger,
    failed: &Rpc,
) -> Option<String> {
    let (name, field) = VERSION;
    let rpc = lookup::rpc(schema, name).ok()?;
    if rpc.path() == failed.path() || rpc.is_streaming() {
        return None;
    }
    let field = rpc.response.fields.iter().position(|it| it.name == field)?;
    logger.log(Level::Debug, "asking the agent for its version");
    let mut call = options.call_of(rpc, &[]);
    call.timeout = Some(
        options
            .timeout
            .map_or(PATIENCE, |limit| limit.min(PATIENCE)),
    );
    let answer = connection.call(&call).ok()?;
    match decode(rpc.response, &answer).ok()?.get(field)? {
        Value::String(version) if !version.is_empty() => Some(version.to_owned()),
        _ => None,
    }
}
