//! The answers of a recording, for whoever asks again: by RPC and request, in their order, with
//! the IDs of who asks in place of the recorded ones.

mod likeness;

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;
use std::time::Duration;

use agent_schema::{Message, Reflect, Rpc, Schema};

use crate::comparison::Comparison;
use crate::conversation::{Direction, FLAG_NO_DATA, FLAG_REMOTE_CLOSED};
use crate::ids::{Ids, ids_of};
use crate::recorder::rpc_of;
use crate::recording::{Kind, ReadError, Reader, Record, Status};

use self::likeness::{Likeness, Names};

/// What a call that was not recorded is answered with: `FAILED_PRECONDITION`. Agents answer
/// other codes to calls that they do not know.
const NOT_RECORDED: i32 = 9;
/// What an answer that was not ttRPC becomes: `INTERNAL`.
const NOT_TTRPC: i32 = 13;

/// The answers of a recording.
#[derive(Debug)]
pub struct Answers {
    schema: &'static Schema,
    calls: Vec<Kept>,
    /// Which calls an RPC has, by its service and method.
    by_rpc: BTreeMap<(String, String), Vec<usize>>,
    /// Which calls are about an ID.
    by_id: HashMap<String, Vec<usize>>,
    names: Names,
    comparison: Comparison,
    /// Frames that the recording lacks.
    lost: u64,
    is_cut: bool,
}

/// A recorded call.
#[derive(Debug)]
struct Kept {
    rpc: Option<&'static Rpc>,
    request: Request,
    passed: Vec<Passed>,
    end: Option<Ending>,
    turn: Option<Turn>,
    is_stream: bool,
    /// Whether it was asked for again.
    is_used: bool,
}

/// What was asked.
#[derive(Debug)]
enum Request {
    Message(Box<dyn Reflect>),
    /// Bytes that are not a message of the RPC's, or of an RPC that this build does not have.
    Bytes(Vec<u8>),
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With a response.
    Response(Status, Vec<u8>),
    /// As a stream does whose messages are all there is.
    Stream,
}

/// A message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Passed {
    /// The client said something, or that it says no more.
    FromClient,
    /// The agent said this.
    FromAgent(Vec<u8>),
}

/// What stood before an answer in the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The call that came last before it.
    pub after: usize,
    /// How long the answer took: nobody waits longer for that call.
    pub at_most: Duration,
}

/// How a call is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The messages of a stream, in their order.
    pub passed: Vec<Passed>,
    /// What the answer waits for.
    pub turn: Option<Turn>,
    /// How it ends; none for a call that was not answered.
    pub end: Option<Ending>,
}

impl Answers {
    /// Reads a recording.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(
        schema: &'static Schema,
        recording: impl BufRead,
        comparison: Comparison,
    ) -> Result<Answers, ReadError> {
        let (mut reader, _) = Reader::new(recording)?;
        let mut loading = Loading {
            open: HashMap::new(),
            answers: Answers {
                schema,
                calls: Vec::new(),
                by_rpc: BTreeMap::new(),
                by_id: HashMap::new(),
                names: Names::new(Ids::new(comparison.ids)),
                comparison,
                lost: 0,
                is_cut: false,
            },
        };
        for record in &mut reader {
            loading.take(record?);
        }
        let mut answers = loading.answers;
        answers.is_cut = reader.is_cut();
        Ok(answers)
    }

    /// Whether the recording's last line was cut off.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How many frames the recording lacks.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The service and the method of each RPC that was called, and whether it is a stream.
    pub fn rpcs(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.by_rpc.iter().map(|((service, method), calls)| {
            let calls = calls.iter().filter_map(|call| self.calls.get(*call));
            let is_stream = calls.into_iter().any(|call| call.is_stream);
            (&service[..], &method[..], is_stream)
        })
    }

    /// Answers a call as it was answered when the recording was made: the first such call that
    /// was not asked for yet; if all of them were, the last one again. If an ID is new where
    /// another one was used before, what was recorded of it begins anew.
    pub fn answer(&mut self, service: &str, method: &str, payload: &[u8]) -> Answer {
        match self.find(service, method, payload) {
            Ok((index, met)) => self.give(index, met),
            Err(message) => not_recorded(message),
        }
    }

    /// The recorded call that is made again, and what stands for the IDs in it.
    fn find(
        &self,
        service: &str,
        method: &str,
        payload: &[u8],
    ) -> Result<(usize, Vec<(String, String)>), String> {
        let name = format!("{service}/{method}");
        let calls = self.by_rpc.get(&(service.to_owned(), method.to_owned()));
        let calls = calls.ok_or_else(|| format!("the recording has no call of {name}"))?;
        let (used, unused): (Vec<usize>, Vec<usize>) =
            calls.iter().partition(|call| self.has_come(**call));
        let in_turn = unused.into_iter().chain(used.into_iter().rev());
        // An ID that is new begins with the first call that is about it.
        let anew = calls.iter().copied();
        let order = in_turn
            .map(|call| (call, false))
            .chain(anew.map(|call| (call, true)));
        let but = self.comparison.measures_of(&name);
        let rpc = rpc_of(self.schema, service, method);
        let now = Request::of(rpc, payload);
        let mut first_reason = None;
        for (index, renames) in order {
            let Some(call) = self.calls.get(index) else {
                continue;
            };
            let mut likeness = Likeness::new(&self.names, renames);
            match call.request.compare(&now, but, &mut likeness) {
                Ok(()) => return Ok((index, likeness.into_met())),
                Err(reason) => {
                    first_reason.get_or_insert(reason);
                }
            }
        }
        let reason = first_reason.unwrap_or_default();
        Err(format!(
            "the recording has no such call of {name}: {reason}"
        ))
    }

    /// Whether a call was asked for.
    pub fn has_come(&self, call: usize) -> bool {
        self.calls.get(call).is_none_or(|call| call.is_used)
    }

    /// Begins from the start, as if nothing had been asked.
    pub fn begin_anew(&mut self) {
        self.names.forget();
        for call in &mut self.calls {
            call.is_used = false;
        }
    }

    /// Gives a recorded answer, with these IDs in place of recorded ones.
    fn give(&mut self, index: usize, met: Vec<(String, String)>) -> Answer {
        for recorded in self.names.learn(met) {
            for call in self.by_id.get(&recorded).into_iter().flatten() {
                if let Some(call) = self.calls.get_mut(*call) {
                    call.is_used = false;
                }
            }
        }
        let Some(call) = self.calls.get_mut(index) else {
            return not_recorded(String::new());
        };
        call.is_used = true;
        let ids = &self.names.ids;
        let response = call.rpc.map(|rpc| rpc.response);
        let passed = call.passed.iter().map(|passed| match passed {
            Passed::FromClient => Passed::FromClient,
            Passed::FromAgent(payload) => Passed::FromAgent(with_ids(ids, response, payload)),
        });
        Answer {
            passed: passed.collect(),
            turn: call.turn,
            end: call.end.as_ref().map(|end| match end {
                Ending::Stream => Ending::Stream,
                Ending::Response(status, payload) => {
                    let mut status = status.clone();
                    if let Some(message) = ids.replaced(&status.message, false) {
                        status.message = message;
                    }
                    Ending::Response(status, with_ids(ids, response, payload))
                }
            }),
        }
    }
}

fn not_recorded(message: String) -> Answer {
    Answer {
        passed: Vec::new(),
        turn: None,
        end: Some(Ending::Response(failed(NOT_RECORDED, message), Vec::new())),
    }
}

fn failed(code: i32, message: String) -> Status {
    Status {
        code,
        name: agent_client::status_name(code).map(str::to_owned),
        message,
        details: Vec::new(),
    }
}

/// A recorded message with the IDs of now.
fn with_ids(ids: &Ids, message: Option<&'static Message>, payload: &[u8]) -> Vec<u8> {
    let replaced = || {
        let mut value = (message?.new)();
        value.merge_from(payload).ok()?;
        if !ids.replace(&mut *value) {
            return None;
        }
        let mut fresh = Vec::new();
        value.encode_into(&mut fresh).ok()?;
        Some(fresh)
    };
    replaced().unwrap_or_else(|| payload.to_vec())
}

impl Request {
    fn of(rpc: Option<&'static Rpc>, payload: &[u8]) -> Request {
        let decode = || {
            let mut message = (rpc?.request.new)();
            message.merge_from(payload).ok()?;
            Some(message)
        };
        match decode() {
            Some(message) => Request::Message(message),
            None => Request::Bytes(payload.to_vec()),
        }
    }

    /// Whether this was asked for again. If not, why.
    fn compare(&self, now: &Request, but: &[&str], like: &mut Likeness<'_>) -> Result<(), String> {
        match (self, now) {
            (Request::Message(recorded), Request::Message(now)) => like
                .messages(&**recorded, &**now, but)
                .map_err(|unlike| unlike.to_string()),
            (Request::Bytes(recorded), Request::Bytes(now)) if recorded == now => Ok(()),
            _ => Err("its bytes are others".to_owned()),
        }
    }
}

/// What is known while a recording is read.
struct Loading {
    /// The calls that may go on, by connection and stream, each with its begin.
    open: HashMap<(u64, u32), (usize, std::time::SystemTime)>,
    answers: Answers,
}

impl Loading {
    fn take(&mut self, record: Record) {
        if let Some(lost) = record.lost {
            self.answers.lost += lost.frames;
        }
        let Some(connection) = record.connection else {
            return;
        };
        match (record.kind, record.stream) {
            (Kind::Request, Some(stream)) => self.request((connection, stream), record),
            (Kind::Data, Some(stream)) => self.data((connection, stream), record),
            (Kind::Response, Some(stream)) => self.response((connection, stream), record),
            (Kind::Close, _) => self.open.retain(|(of, _), _| *of != connection),
            _ => {}
        }
    }

    fn request(&mut self, key: (u64, u32), record: Record) {
        let (Some(service), Some(method)) = (record.service, record.method) else {
            return;
        };
        let rpc = rpc_of(self.answers.schema, &service, &method);
        let payload = record.payload.unwrap_or_default().0;
        let request = Request::of(rpc, &payload);
        let answers = &mut self.answers;
        let index = answers.calls.len();
        if let Request::Message(message) = &request {
            let ids = &mut answers.names.ids;
            ids.learn(&**message, |_, _, id| id.to_owned());
            for (_, id) in ids_of(&**message, ids.fields) {
                answers.by_id.entry(id.to_owned()).or_default().push(index);
            }
        }
        let is_stream = rpc.is_some_and(Rpc::is_streaming);
        // A stream's first message may stand in its request.
        let has_message = record.flags.unwrap_or(0) & FLAG_NO_DATA == 0;
        let begins = (is_stream && has_message).then_some(Passed::FromClient);
        answers.calls.push(Kept {
            rpc,
            request,
            passed: begins.into_iter().collect(),
            end: None,
            turn: None,
            is_stream,
            is_used: false,
        });
        let of_rpc = answers.by_rpc.entry((service, method)).or_default();
        of_rpc.push(index);
        self.open.insert(key, (index, record.time));
    }

    fn data(&mut self, key: (u64, u32), record: Record) {
        let Some((index, _)) = self.open.get(&key) else {
            return;
        };
        let Some(call) = self.answers.calls.get_mut(*index) else {
            return;
        };
        call.is_stream = true;
        let flags = record.flags.unwrap_or(0);
        let payload = record.payload.unwrap_or_default().0;
        let has_message = flags & FLAG_NO_DATA == 0;
        match record.direction {
            Some(Direction::ToRuntime) => {
                if has_message {
                    call.passed.push(Passed::FromAgent(payload));
                }
                if flags & FLAG_REMOTE_CLOSED != 0 {
                    call.end = Some(Ending::Stream);
                    self.open.remove(&key);
                }
            }
            _ if has_message || flags & FLAG_REMOTE_CLOSED != 0 => {
                call.passed.push(Passed::FromClient);
            }
            _ => {}
        }
    }

    fn response(&mut self, key: (u64, u32), record: Record) {
        let Some((index, begun)) = self.open.remove(&key) else {
            return;
        };
        let turn = self.last_before(index).map(|after| Turn {
            after,
            at_most: record.time.duration_since(begun).unwrap_or_default(),
        });
        let end = match record.status {
            Some(status) => Ending::Response(status, record.payload.unwrap_or_default().0),
            None => {
                let message = "the recorded answer is not ttRPC".to_owned();
                Ending::Response(failed(NOT_TTRPC, message), Vec::new())
            }
        };
        if let Some(call) = self.answers.calls.get_mut(index) {
            call.turn = turn;
            call.end = Some(end);
        }
    }

    /// The last call that began while this one was open, and is about the same: an end that a
    /// process is waited for comes after the signal.
    fn last_before(&self, index: usize) -> Option<usize> {
        let fields = self.answers.comparison.ids;
        let ids = |index: usize| {
            let call = self.answers.calls.get(index);
            let message = call.and_then(|call| match &call.request {
                Request::Message(message) => Some(&**message),
                Request::Bytes(_) => None,
            });
            message.into_iter().flat_map(move |it| ids_of(it, fields))
        };
        let own: Vec<&str> = ids(index).map(|(_, id)| id).collect();
        let is_about = |id: &str| own.is_empty() || own.contains(&id);
        let later = index + 1..self.answers.calls.len();
        later
            .rev()
            .find(|later| own.is_empty() || ids(*later).any(|(_, id)| is_about(id)))
    }
}

#[cfg(test)]
mod tests;
