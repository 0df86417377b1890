//! From records to calls: a request with its answer, or with what came in place of one. A call
//! is told when it ends, so that only the open ones are kept.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::{Duration, SystemTime};

use agent_schema::json::string::escape_unprintable;
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use serde_json::value::RawValue;

use crate::recording::{Kind, Payload, Record, Status, is_made_by_rule};

/// How many calls are kept that have no answer yet, and how many bytes they take. The oldest are
/// told as open then.
const MOST_OPEN: usize = 1 << 16;
const MOST_BYTES: usize = 16 << 20;

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
    /// The kinds of the rules that were applied to it.
    pub faults: Vec<String>,
    /// Whether one of them kept it from the agent.
    pub kept_from_agent: bool,
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
    /// The places of further fields, which the recorder did not know.
    pub unknown_fields: Vec<String>,
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
        /// Its status; none when it was not ttRPC.
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
    /// The same in the order in which they began.
    order: BTreeMap<u64, (u64, u32)>,
    begun: u64,
    /// What the open ones take.
    bytes: usize,
}

impl Calls {
    /// Takes the next record, and tells what it completes.
    pub(crate) fn take(&mut self, record: Record, mut tell: impl FnMut(Told)) {
        let (Some(connection), stream) = (record.connection, record.stream) else {
            return tell(Told::Else(Box::new(record)));
        };
        match (record.kind, stream) {
            (Kind::Request, Some(stream)) => {
                let key = (connection, stream);
                if let Some(before) = self.remove(key) {
                    tell(Told::Call(Box::new(before)));
                }
                self.insert(key, Call::begin(connection, stream, record));
                // The last one is kept, however large it is.
                while self.open.len() > 1
                    && (self.open.len() > MOST_OPEN || self.bytes > MOST_BYTES)
                    && let Some(oldest) = self.order.values().next().copied()
                    && let Some(call) = self.remove(oldest)
                {
                    tell(Told::Call(Box::new(call)));
                }
            }
            (Kind::Response, Some(stream)) => {
                let begun = self.remove((connection, stream));
                let call = Call::end(connection, stream, begun, record);
                tell(Told::Call(Box::new(call)));
            }
            (Kind::Fault, Some(stream)) => match self.open.get_mut(&(connection, stream)) {
                Some((_, call)) => {
                    call.faults.extend(record.faults);
                    call.kept_from_agent |= record.kept_from_agent == Some(true);
                }
                None => tell(Told::Else(Box::new(record))),
            },
            (Kind::Close, _) => {
                let lost: Vec<_> = self
                    .order
                    .values()
                    .filter(|(of, _)| *of == connection)
                    .copied()
                    .collect();
                for mut call in lost.into_iter().filter_map(|key| self.remove(key)) {
                    call.end = End::Lost(record.time);
                    tell(Told::Call(Box::new(call)));
                }
                tell(Told::Else(Box::new(record)));
            }
            _ => tell(Told::Else(Box::new(record))),
        }
    }

    /// Tells the calls that are still open, when no more records come.
    pub(crate) fn finish(mut self, mut tell: impl FnMut(Told)) {
        while let Some((_, key)) = self.order.pop_first() {
            if let Some((_, call)) = self.open.remove(&key) {
                tell(Told::Call(Box::new(call)));
            }
        }
    }

    fn insert(&mut self, key: (u64, u32), call: Call) {
        self.begun += 1;
        self.bytes += call.size();
        self.order.insert(self.begun, key);
        self.open.insert(key, (self.begun, call));
    }

    fn remove(&mut self, key: (u64, u32)) -> Option<Call> {
        let (number, call) = self.open.remove(&key)?;
        self.order.remove(&number);
        self.bytes -= call.size();
        Some(call)
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
                unknown_fields: record.unknown_fields,
                error: record.error,
            }),
            faults: Vec::new(),
            kept_from_agent: false,
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
            faults: Vec::new(),
            kept_from_agent: false,
            end: End::Open,
        });
        // The answer names them all.
        if !record.faults.is_empty() {
            call.faults = record.faults;
        }
        call.kept_from_agent |= record.kept_from_agent == Some(true);
        let response = record.payload.map(|Payload(payload)| Said {
            payload,
            message: record.message,
            unknown_fields: record.unknown_fields,
            error: record.error,
        });
        call.end = End::Answered {
            time: record.time,
            status: record.status,
            response,
        };
        call
    }

    /// The bytes that it takes while it is open.
    fn size(&self) -> usize {
        let request = self.request.as_ref().map_or(0, |said| {
            let message = said.message.as_ref().map_or(0, |text| text.get().len());
            let error = said.error.as_ref().map_or(0, String::len);
            let unknown: usize = said.unknown_fields.iter().map(String::len).sum();
            said.payload.len() + message + unknown + error
        });
        let pair = |(key, value): &(String, String)| {
            size_of::<(String, String)>() + key.len() + value.len()
        };
        let metadata: usize = self.metadata.iter().map(pair).sum();
        size_of::<Call>() + self.service.len() + self.method.len() + metadata + request
    }

    /// How long it took; none while it is open.
    pub(crate) fn took(&self) -> Option<Duration> {
        let end = match &self.end {
            End::Answered { time, .. } | End::Lost(time) => *time,
            End::Open => return None,
        };
        // A clock that was set back says nothing.
        Some(end.duration_since(self.begun).unwrap_or_default())
    }

    /// Its status, if it has one.
    pub(crate) fn status(&self) -> Option<&Status> {
        match &self.end {
            End::Answered { status, .. } => status.as_ref(),
            _ => None,
        }
    }

    /// Whether its answer, or that there is none, is what a rule made of it.
    pub(crate) fn is_made_by_rule(&self) -> bool {
        is_made_by_rule(&self.faults, self.kept_from_agent, self.status())
    }

    /// The call as one line of JSON, as the simulated agent's log has it, with its newline.
    ///
    /// # Errors
    /// When JSON has no form for it.
    pub(crate) fn line<'a>(&'a self) -> serde_json::Result<Vec<u8>> {
        let said = |said: Option<&'a Said>| said.and_then(|said| said.message.as_deref());
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
        let unknown = |said: Option<&'a Said>| said.map_or(&[][..], |said| &said.unknown_fields);
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
            unknown_fields: unknown(request),
            error: error(request).or_else(|| error(response)),
            payload: bytes(request),
            metadata,
            timeout_nano: self.timeout_nano,
            status: self.status(),
            response: said(response),
            response_unknown_fields: unknown(response),
            response_payload: bytes(response),
            given_up: matches!(self.end, End::Lost(_)).then_some(true),
            open: matches!(self.end, End::Open).then_some(true),
            duration_us: self.took().map(|took| took.as_micros()),
            faults: &self.faults,
            kept_from_agent: self.kept_from_agent.then_some(true),
        };
        let mut text = Vec::with_capacity(self.size());
        line.serialize(&mut Serializer::with_formatter(&mut text, Printable))?;
        text.push(b'\n');
        Ok(text)
    }
}

/// Writes JSON in one line, with strings in which nothing acts on a terminal: names, metadata
/// and errors are a peer's.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(escape_unprintable(fragment).as_bytes())
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
    request: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unknown_fields: &'a [String],
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
    response: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    response_unknown_fields: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_up: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_us: Option<u128>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    faults: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_from_agent: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: Kind, stream: u32, payload: usize) -> Record {
        Record {
            connection: Some(1),
            stream: Some(stream),
            payload: Some(Payload(vec![0; payload])),
            ..Record::new(SystemTime::UNIX_EPOCH, kind)
        }
    }

    /// The streams of the calls that a record completes, and whether they are told as open.
    fn told(calls: &mut Calls, record: Record) -> Vec<(u32, bool)> {
        let mut told = Vec::new();
        calls.take(record, |each| {
            if let Told::Call(call) = each {
                told.push((call.stream, matches!(call.end, End::Open)));
            }
        });
        told
    }

    #[test]
    fn nothing_of_a_peer_acts_on_a_terminal() {
        const WILD: &str = "a\u{202e}\u{9b}\u{feff}\u{7f}\u{1b}b";
        let mut call = Call::begin(1, 1, record(Kind::Request, 1, 0));
        call.method = WILD.to_owned();
        call.metadata = vec![(WILD.to_owned(), WILD.to_owned())];
        let mut answer = record(Kind::Response, 1, 0);
        answer.payload = None;
        answer.status = Some(Status {
            message: WILD.to_owned(),
            ..Status::ok()
        });
        let line = Call::end(1, 1, Some(call), answer).line().unwrap();
        let line = String::from_utf8(line).unwrap();
        let plain = line.chars().all(|c| c == '\n' || (' '..='~').contains(&c));
        assert!(plain, "{line}");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["method"], WILD);
        assert_eq!(line["metadata"][WILD][0], WILD);
        assert_eq!(line["status"]["message"], WILD);
    }

    #[test]
    fn what_is_kept_of_open_calls_is_bounded() {
        // Eight calls with as much fill the bound.
        const LARGE: usize = MOST_BYTES / 8 - size_of::<Call>();
        let mut calls = Calls::default();
        for stream in 0..8 {
            assert_eq!(told(&mut calls, record(Kind::Request, stream, LARGE)), []);
        }
        assert_eq!(told(&mut calls, record(Kind::Request, 8, 1)), [(0, true)]);
        assert_eq!(told(&mut calls, record(Kind::Response, 1, 0)), [(1, false)]);
        assert_eq!(told(&mut calls, record(Kind::Request, 9, LARGE)), []);
        let ends = told(&mut calls, record(Kind::Close, 0, 0));
        let streams: Vec<u32> = ends.iter().map(|(stream, _)| *stream).collect();
        assert_eq!(streams, [2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!((calls.bytes, calls.order.len()), (0, 0));
        // Names and metadata count too.
        let mut wordy = record(Kind::Request, 1, 0);
        wordy.metadata = vec![("k".repeat(LARGE), String::new()); 9];
        assert_eq!(told(&mut calls, wordy.clone()), []);
        wordy.stream = Some(2);
        assert_eq!(told(&mut calls, wordy), [(1, true)]);
        told(&mut calls, record(Kind::Close, 0, 0));
        // One alone is kept, however large.
        assert_eq!(told(&mut calls, record(Kind::Request, 1, 20 * LARGE)), []);
        let mut open = 0;
        calls.finish(|_| open += 1);
        assert_eq!(open, 1);
    }
}
