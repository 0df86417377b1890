//! From records to calls: a request with its answer, or with what came in place of one. A call
//! is told when it ends, so that only the open ones are kept.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::recording::{Kind, Payload, Record, Status};

/// How many calls are kept that have no answer yet. The oldest are told as open then.
const MOST_OPEN: usize = 1 << 16;

/// A call as it went.
#[derive(Debug, Clone)]
pub struct Call {
    /// The connection, counted from 1.
    pub connection: u64,
    /// The stream on it.
    pub stream: u32,
    /// The service's full name. Empty if the request was not seen.
    pub service: String,
    /// The RPC's name. Empty if the request was not seen.
    pub method: String,
    /// When the request passed, or the answer if no request was seen.
    pub begun: SystemTime,
    /// The time that the caller gave it, in nanoseconds.
    pub timeout_nano: Option<i64>,
    /// ttRPC metadata.
    pub metadata: Vec<(String, String)>,
    /// The request, if it was seen.
    pub request: Option<Said>,
    /// How it ended.
    pub end: End,
}

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct Said {
    /// As it came.
    pub payload: Vec<u8>,
    /// What it says.
    pub message: Option<Box<RawValue>>,
    /// Why it says nothing.
    pub error: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone)]
pub enum End {
    /// With an answer.
    Answered {
        /// When the answer passed.
        time: SystemTime,
        /// Its status; none when it was no ttRPC.
        status: Option<Status>,
        /// Its message; none of an error.
        response: Option<Said>,
    },
    /// The connection ended before an answer came.
    Lost(SystemTime),
    /// It has not, as far as the recording goes.
    Open,
}

/// What the records tell.
#[derive(Debug, Clone)]
pub enum Told {
    /// A call that has ended, or that nothing more will be heard of.
    Call(Box<Call>),
    /// Anything else: a connection's begin and end, a handshake, a message of a stream, bytes
    /// that are not ttRPC, what is missing.
    Else(Box<Record>),
}

/// Puts calls together.
#[derive(Debug, Default)]
pub struct Calls {
    open: HashMap<(u64, u32), (u64, Call)>,
    begun: u64,
}

impl Calls {
    /// Takes the next record, and tells what it completes.
    pub fn take(&mut self, record: Record, mut tell: impl FnMut(Told)) {
        let (Some(connection), stream) = (record.connection, record.stream) else {
            return tell(Told::Else(Box::new(record)));
        };
        match (record.kind, stream) {
            (Kind::Request, Some(stream)) => {
                let call = Call::begin(connection, stream, record);
                self.begun += 1;
                let before = self.open.insert((connection, stream), (self.begun, call));
                if let Some((_, call)) = before {
                    tell(Told::Call(Box::new(call)));
                }
                if self.open.len() > MOST_OPEN
                    && let Some(key) = self.oldest()
                    && let Some((_, call)) = self.open.remove(&key)
                {
                    tell(Told::Call(Box::new(call)));
                }
            }
            (Kind::Response, Some(stream)) => {
                let begun = self.open.remove(&(connection, stream));
                tell(Told::Call(Box::new(Call::end(
                    connection,
                    stream,
                    begun.map(|(_, call)| call),
                    record,
                ))));
            }
            (Kind::Close, _) => {
                let time = record.time;
                let mut lost: Vec<_> = self
                    .open
                    .extract_if(|(of, _), _| *of == connection)
                    .map(|(_, call)| call)
                    .collect();
                lost.sort_by_key(|(number, _)| *number);
                for (_, mut call) in lost {
                    call.end = End::Lost(time);
                    tell(Told::Call(Box::new(call)));
                }
                tell(Told::Else(Box::new(record)));
            }
            _ => tell(Told::Else(Box::new(record))),
        }
    }

    /// Tells the calls that are still open, when no more records come.
    pub fn finish(self, mut tell: impl FnMut(Told)) {
        let mut open: Vec<_> = self.open.into_values().collect();
        open.sort_by_key(|(number, _)| *number);
        for (_, call) in open {
            tell(Told::Call(Box::new(call)));
        }
    }

    fn oldest(&self) -> Option<(u64, u32)> {
        let oldest = self.open.iter().min_by_key(|(_, (number, _))| *number);
        oldest.map(|(key, _)| *key)
    }
}

impl Call {
    fn begin(connection: u64, stream: u32, record: Record) -> Call {
        Call {
            connection,
            stream,
            service: record.service.unwrap_or_default(),
            method: record.method.unwrap_or_default(),
            begun: record.time,
            timeout_nano: record.timeout_nano,
            metadata: record.metadata,
            request: Some(Said {
                payload: record.payload.unwrap_or_default().0,
                message: record.message,
                error: record.error,
            }),
            end: End::Open,
        }
    }

    fn end(connection: u64, stream: u32, begun: Option<Call>, record: Record) -> Call {
        let mut call = begun.unwrap_or_else(|| Call {
            connection,
            stream,
            service: record.service.unwrap_or_default(),
            method: record.method.unwrap_or_default(),
            begun: record.time,
            timeout_nano: None,
            metadata: Vec::new(),
            request: None,
            end: End::Open,
        });
        let response = record.payload.map(|Payload(payload)| Said {
            payload,
            message: record.message,
            error: record.error,
        });
        call.end = End::Answered {
            time: record.time,
            status: record.status,
            response,
        };
        call
    }

    /// How long it took; none while it is open.
    pub fn took(&self) -> Option<Duration> {
        let end = match &self.end {
            End::Answered { time, .. } | End::Lost(time) => *time,
            End::Open => return None,
        };
        // A clock that was set back says nothing.
        Some(end.duration_since(self.begun).unwrap_or_default())
    }

    /// Its status, if it has one.
    pub fn status(&self) -> Option<&Status> {
        match &self.end {
            End::Answered { status, .. } => status.as_ref(),
            _ => None,
        }
    }

    /// The call as one line of JSON, as the simulated agent's log has it, with its newline.
    ///
    /// # Errors
    /// When JSON has no form for it.
    pub fn line(&self) -> serde_json::Result<Vec<u8>> {
        let said = |said: Option<&Said>| {
            let said = said?;
            said.message.clone()
        };
        let bytes = |said: Option<&Said>| {
            let said = said.filter(|said| said.message.is_none() && !said.payload.is_empty())?;
            Some(agent_text::hex::digits(&said.payload))
        };
        let error = |said: Option<&Said>| said.and_then(|said| said.error.clone());
        let response = match &self.end {
            End::Answered { response, .. } => response.as_ref(),
            _ => None,
        };
        let request = self.request.as_ref();
        let mut metadata: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in &self.metadata {
            metadata.entry(key).or_default().push(value);
        }
        let line = Line {
            time: humantime::format_rfc3339_micros(self.begun.max(SystemTime::UNIX_EPOCH))
                .to_string(),
            connection: self.connection,
            stream: self.stream,
            service: &self.service,
            method: &self.method,
            request: said(request),
            error: error(request).or_else(|| error(response)),
            payload: bytes(request),
            metadata,
            timeout_nano: self.timeout_nano,
            status: self.status(),
            response: said(response),
            response_payload: bytes(response),
            given_up: matches!(self.end, End::Lost(_)).then_some(true),
            open: matches!(self.end, End::Open).then_some(true),
            duration_us: self.took().map(|took| took.as_micros()),
        };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        Ok(line)
    }
}

/// A call as a line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    connection: u64,
    stream: u32,
    service: &'a str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<&'a str, Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_nano: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_us: Option<u128>,
}
