//! A recording: every call on some connections as lines of JSON, readable while it is written
//! and, after a crash, up to the last whole line. Its schema is [`Record`]; a line's `kind`
//! says which of the fields it has.

mod mistake;
mod reader;
mod writer;

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::conversation::Direction;

pub use self::reader::{ReadError, Reader};
pub use self::writer::{CreateError, check, create};

/// What the first line says that this is.
pub const FORMAT: &str = "kata-agent-ctl recording";
/// The version of the schema. Lines may gain fields and kinds within a version.
pub const VERSION: u32 = 1;

/// What a line is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The first line: `format`, `version`, and in `text` what was recorded.
    Recording,
    /// A connection was made; `text` says by whom to where, as far as that is known.
    Open,
    /// A line of the handshake of hybrid vsock, in `text`.
    Handshake,
    /// A call begins.
    Request,
    /// A call ends with an answer.
    Response,
    /// One message of a stream, or its end.
    Data,
    /// A rule of the proxy was applied to a call: its kind in `faults`.
    Fault,
    /// Bytes that are not ttRPC, in `payload`; `error` says of the first ones why.
    Bytes,
    /// A connection has ended. `text` says why, if it was not by one of the two sides.
    Close,
    /// So many frames are missing here: `lost`.
    Lost,
    /// A kind that a later version has.
    #[default]
    #[serde(other)]
    Unknown,
}

/// One line of a recording.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// When it happened.
    #[serde(with = "rfc3339")]
    pub time: SystemTime,
    /// What happened.
    pub kind: Kind,
    /// In the first line: [`FORMAT`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format: Option<String>,
    /// In the first line: [`VERSION`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u32>,
    /// The connection, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connection: Option<u64>,
    /// The stream on that connection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stream: Option<u32>,
    /// Which way it went.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub direction: Option<Direction>,
    /// The service's full name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    /// The RPC's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub method: Option<String>,
    /// The time in nanoseconds that the caller gives the call; absent for no limit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timeout_nano: Option<i64>,
    /// ttRPC metadata, in the order in which it came.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub metadata: Vec<(String, String)>,
    /// The frame's flags, where there are any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flags: Option<u8>,
    /// How a call ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Status>,
    /// The kinds of the rules that were applied to the call, if any were: who asked was told what
    /// they made of it, which may be nothing that the agent said.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub faults: Vec<String>,
    /// Whether a rule kept the call from the agent; absent if none did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kept_from_agent: Option<bool>,
    /// The message, decoded: ProtoJSON.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<Box<RawValue>>,
    /// The places of fields that are in the payload and not in the message, as the recorder's
    /// protos lack them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unknown_fields: Vec<String>,
    /// Why the payload has no message.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// How many bytes went to the agent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes_to_agent: Option<u64>,
    /// How many bytes came from the agent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes_to_runtime: Option<u64>,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lost: Option<Lost>,
    /// The payload as it came, in base64.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload: Option<Payload>,
}

/// An answer's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The code.
    pub code: i32,
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The message.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub message: String,
    /// More about an error: `google.protobuf.Any` messages.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<Detail>,
}

/// A message that tells more about an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Its type's full name, mostly behind a prefix that ends in `/`.
    pub type_url: String,
    /// The message, decoded, if the recorder knew its type.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<serde_json::Value>,
    /// The message as it came, in base64.
    pub value: Payload,
}

/// What is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// Frames, or packets of a capture.
    pub frames: u64,
    /// Their bytes, if that is known.
    pub bytes: u64,
}

/// Bytes, which are base64 in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payload(pub Vec<u8>);

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let bytes = STANDARD
            .decode(text.as_bytes())
            .map_err(serde::de::Error::custom)?;
        Ok(Payload(bytes))
    }
}

impl Status {
    /// The status of a call that succeeded.
    pub(crate) fn ok() -> Status {
        Status {
            code: 0,
            name: Some("OK".to_owned()),
            message: String::new(),
            details: Vec::new(),
        }
    }
}

/// Whether the answer to a call is what a rule made it. Of a call that only had to wait it is
/// the agent's own, unless its time was over.
pub(crate) fn is_made_by_rule(faults: &[String], kept: bool, status: Option<&Status>) -> bool {
    let is_late = || status.is_some_and(|status| status.code == DEADLINE_EXCEEDED);
    kept || faults.iter().any(|kind| kind != DELAY || is_late())
}

/// The kind of the rules that only let a call wait.
const DELAY: &str = "delay";
/// The status code of a call whose time is over.
const DEADLINE_EXCEEDED: i32 = 4;

impl Record {
    /// A record of this kind, with nothing else in it.
    pub(crate) fn new(time: SystemTime, kind: Kind) -> Record {
        Record {
            time,
            kind,
            format: None,
            version: None,
            connection: None,
            stream: None,
            direction: None,
            service: None,
            method: None,
            timeout_nano: None,
            metadata: Vec::new(),
            flags: None,
            status: None,
            faults: Vec::new(),
            kept_from_agent: None,
            message: None,
            unknown_fields: Vec::new(),
            error: None,
            text: None,
            bytes_to_agent: None,
            bytes_to_runtime: None,
            lost: None,
            payload: None,
        }
    }

    /// The first line of a recording of `what`.
    pub(crate) fn first(time: SystemTime, what: &str) -> Record {
        Record {
            format: Some(FORMAT.to_owned()),
            version: Some(VERSION),
            text: Some(what.to_owned()),
            ..Record::new(time, Kind::Recording)
        }
    }

    /// The record as a line, with its newline.
    ///
    /// # Errors
    /// When JSON has no form for it, as for a time before 1970.
    pub fn line(&self) -> serde_json::Result<Vec<u8>> {
        let message = self.message.as_ref().map_or(0, |text| text.get().len());
        let payload = self.payload.as_ref().map_or(0, |bytes| bytes.0.len());
        // What the rest takes mostly.
        let mut line = Vec::with_capacity(512 + message + payload.div_ceil(3) * 4);
        serde_json::to_writer(&mut line, self)?;
        line.push(b'\n');
        Ok(line)
    }
}

mod rfc3339 {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &SystemTime, out: S) -> Result<S::Ok, S::Error> {
        // `humantime` panics on a time before 1970, which a clock may show.
        let time = (*time).max(SystemTime::UNIX_EPOCH);
        out.collect_str(&humantime::format_rfc3339_nanos(time))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        humantime::parse_rfc3339(&text).map_err(|error| {
            serde::de::Error::custom(format_args!("{text:?} is not a time: {error}"))
        })
    }
}

#[cfg(test)]
mod tests;
