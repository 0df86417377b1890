//! Making recorded calls again on another agent. Calls begin in the order in which they were
//! recorded, and each waits for the answers that had come before it, so that calls which were
//! open side by side are so again.

mod kept;
mod told;

use std::collections::HashMap;
use std::io::BufRead;
use std::os::fd::AsFd;
use std::time::{Duration, Instant, SystemTime};

use agent_client::interrupt;
use agent_client::{Address, CallError, ConnectOptions, Multiplexer};
use agent_schema::{Rpc, Schema};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::decoded::{self, status_of};
use crate::ids::Ids;
use crate::recorder::rpc_of;
use crate::recording::{Kind, Reader, Record, Status, is_made_by_rule};

pub use self::kept::Kept;
pub use self::told::{Answer, Outcome, ReplayError, Step, unanswered};

/// How long a wait for an answer goes on before signals are looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// How much longer than a recorded time limit an answer is waited for: the agent has that limit
/// too, and its answer says so.
const GRACE: Duration = Duration::from_secs(1);

/// The status code of an agent that gave up a call because of its time limit.
const DEADLINE_EXCEEDED: i32 = 4;

/// How to make recorded calls again.
pub struct Replay<'a> {
    /// The agent.
    pub address: &'a Address,
    /// How to connect to it.
    pub connect: ConnectOptions,
    /// The time that each call may take; none for as long as its caller gave it, or forever.
    pub timeout: Option<Duration>,
    /// How many times as fast as recorded; none for as fast as the agent answers.
    pub speed: Option<f64>,
    /// Whether to go on after an answer whose status differs.
    pub goes_on: bool,
    /// The recorded IDs, and which ones take their place.
    pub ids: Ids,
    /// The calls that the recorded agent did not get.
    pub kept: Kept,
}

/// A call that was begun here.
struct Begun {
    name: String,
    rpc: &'static Rpc,
    /// The stream of the call now.
    stream: u32,
    at: Instant,
    timeout: Option<Duration>,
}

/// One connection of the recording, made again.
struct Connection {
    multiplexer: Multiplexer<u32>,
    /// By recorded stream.
    begun: HashMap<u32, Begun>,
    /// Answers that came, by recorded stream.
    answers: HashMap<u32, (Result<Vec<u8>, CallError>, Instant)>,
    lost: Option<CallError>,
}

struct Run<'a, 'b> {
    schema: &'static Schema,
    options: Replay<'a>,
    connections: HashMap<u64, Connection>,
    /// How many recorded requests there were.
    requests: u64,
    outcome: Outcome,
    tell: &'b mut dyn FnMut(Step),
    /// When the recording and the replay began.
    began: Option<(SystemTime, Instant)>,
}

/// Makes the calls of a recording again, and tells each step.
///
/// # Errors
/// As [`ReplayError`] lists them.
pub fn replay(
    schema: &'static Schema,
    recording: impl BufRead,
    options: Replay<'_>,
    tell: &mut dyn FnMut(Step),
) -> Result<Outcome, ReplayError> {
    let (mut reader, first) = Reader::new(recording)?;
    let what = format!(
        "replay of {:?} to {}",
        first.text.unwrap_or_default(),
        options.address
    );
    tell(Step::Record(Box::new(Record::first(
        SystemTime::now(),
        &what,
    ))));
    let mut run = Run {
        schema,
        options,
        connections: HashMap::new(),
        requests: 0,
        outcome: Outcome::default(),
        tell,
        began: None,
    };
    for record in &mut reader {
        if !run.record(record?)? {
            run.outcome.stopped = true;
            return Ok(run.outcome);
        }
    }
    let open: Vec<u64> = run.connections.keys().copied().collect();
    for connection in open {
        run.close(connection)?;
    }
    run.outcome.is_cut = reader.is_cut();
    Ok(run.outcome)
}

impl Run<'_, '_> {
    /// Does what a record says, and tells whether to go on.
    fn record(&mut self, record: Record) -> Result<bool, ReplayError> {
        let Some(connection) = record.connection else {
            return Ok(true);
        };
        match (record.kind, record.stream) {
            (Kind::Request, Some(stream)) => self.request(connection, stream, record),
            (Kind::Response, Some(stream)) => self.response(connection, stream, &record),
            (Kind::Close, _) => {
                self.close(connection)?;
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    fn request(
        &mut self,
        connection: u64,
        stream: u32,
        record: Record,
    ) -> Result<bool, ReplayError> {
        let (service, method) = (
            record.service.unwrap_or_default(),
            record.method.unwrap_or_default(),
        );
        let name = format!("{service}/{method}");
        self.requests += 1;
        if self.options.kept.contain(self.requests) {
            return Ok(self.skip(name, "a rule kept it from the recorded agent"));
        }
        let rpc = match rpc_of(self.schema, &service, &method) {
            None => return Ok(self.skip(name, "this build does not have the RPC")),
            Some(rpc) if rpc.is_streaming() => {
                return Ok(self.skip(name, "streams are not made again"));
            }
            Some(rpc) => rpc,
        };
        let payload = record.payload.unwrap_or_default().0;
        let payload = self.with_fresh_ids(rpc, payload);
        self.keep_pace(record.time)?;
        let recorded = record
            .timeout_nano
            .and_then(|time| u64::try_from(time).ok());
        let timeout = self.options.timeout.or(recorded.map(Duration::from_nanos));
        let call = agent_client::Call {
            service: rpc.service,
            method: rpc.name,
            payload: &payload,
            metadata: &record.metadata,
            timeout,
        };
        let connected = self.connection(connection)?;
        let started = connected.multiplexer.start(&call, stream);
        let now = started.map_err(|error| ReplayError::Call {
            name: name.clone(),
            error,
        })?;
        connected.begun.insert(
            stream,
            Begun {
                name,
                rpc,
                stream: now,
                at: Instant::now(),
                timeout,
            },
        );
        self.outcome.calls += 1;
        self.tell_record(
            connection,
            now,
            Record {
                // That of its caller: what was asked is the same.
                timeout_nano: record.timeout_nano,
                metadata: record.metadata,
                ..self.of_rpc(Kind::Request, rpc, rpc.request, payload)
            },
        );
        self.exchange(Some(Duration::ZERO))?;
        Ok(true)
    }

    fn response(
        &mut self,
        connection: u64,
        stream: u32,
        record: &Record,
    ) -> Result<bool, ReplayError> {
        let Some(begun) = self
            .connections
            .get_mut(&connection)
            .and_then(|connection| connection.begun.remove(&stream))
        else {
            return Ok(true);
        };
        let answer = self.wait(connection, stream, &begun)?;
        let (now, at) = match answer {
            None => (None, Instant::now()),
            Some((answer, at)) => (Some(self.answered(connection, &begun, answer)?), at),
        };
        let of_limit = |status: &Option<Status>| {
            let code = status.as_ref().map(|status| status.code);
            code == Some(DEADLINE_EXCEEDED)
        };
        // One that the agent gave up is not an answer in time, unless it gave it up before too.
        let is_late = now.is_none() || of_limit(&now) && !of_limit(&record.status);
        self.outcome.late += u64::from(is_late);
        let answer = Answer {
            name: begun.name,
            recorded: record.status.clone(),
            now,
            took: at.saturating_duration_since(begun.at),
            rules: match is_made_by_rule(&record.faults, false, record.status.as_ref()) {
                true => record.faults.clone(),
                false => Vec::new(),
            },
        };
        let is_same = answer.is_same();
        self.outcome.differ += u64::from(!is_same);
        (self.tell)(Step::Answer(answer));
        Ok(is_same || self.options.goes_on)
    }

    /// Records an answer of now, and tells its status.
    fn answered(
        &mut self,
        connection: u64,
        begun: &Begun,
        answer: Result<Vec<u8>, CallError>,
    ) -> Result<Status, ReplayError> {
        let (status, record) = match answer {
            Ok(payload) => {
                let of_rpc = self.of_rpc(Kind::Response, begun.rpc, begun.rpc.response, payload);
                (Status::ok(), of_rpc)
            }
            Err(CallError::Status(status)) => {
                let record = Record {
                    service: Some(begun.rpc.service.to_owned()),
                    method: Some(begun.rpc.name.to_owned()),
                    ..Record::new(SystemTime::now(), Kind::Response)
                };
                (status_of(self.schema, status), record)
            }
            Err(error) => {
                let name = begun.name.clone();
                return Err(ReplayError::Call { name, error });
            }
        };
        let record = Record {
            status: Some(status.clone()),
            ..record
        };
        self.tell_record(connection, begun.stream, record);
        Ok(status)
    }

    /// Ends a connection, and tells of its calls that have no recorded answer.
    fn close(&mut self, connection: u64) -> Result<(), ReplayError> {
        if self.connections.contains_key(&connection) {
            self.exchange(Some(Duration::ZERO))?;
        }
        let Some(mut of) = self.connections.remove(&connection) else {
            return Ok(());
        };
        let mut open: Vec<(u32, Begun)> = of.begun.drain().collect();
        open.sort_by_key(|(_, begun)| begun.at);
        for (stream, begun) in open {
            let now = match of.answers.remove(&stream) {
                None => None,
                Some((answer, _)) => Some(self.answered(connection, &begun, answer)?),
            };
            let name = begun.name;
            (self.tell)(Step::Unanswered { name, now });
        }
        Ok(())
    }

    fn skip(&mut self, name: String, reason: &str) -> bool {
        self.outcome.skipped += 1;
        let reason = reason.to_owned();
        (self.tell)(Step::Skipped { name, reason });
        true
    }

    /// A recorded request with fresh IDs. One that is not a message of its type goes as it came.
    fn with_fresh_ids(&self, rpc: &'static Rpc, payload: Vec<u8>) -> Vec<u8> {
        let mut request = (rpc.request.new)();
        if agent_schema::decode(&mut *request, &payload).is_err() {
            return payload;
        }
        if !self.options.ids.replace(&mut *request) {
            return payload;
        }
        let mut fresh = Vec::new();
        match request.encode_into(&mut fresh) {
            Ok(()) => fresh,
            Err(_) => payload,
        }
    }

    fn of_rpc(
        &self,
        kind: Kind,
        rpc: &'static Rpc,
        message: &'static agent_schema::Message,
        payload: Vec<u8>,
    ) -> Record {
        let mut record = Record {
            service: Some(rpc.service.to_owned()),
            method: Some(rpc.name.to_owned()),
            ..Record::new(SystemTime::now(), kind)
        };
        decoded::put(self.schema, message, payload, &mut record);
        record
    }

    fn tell_record(&mut self, connection: u64, stream: u32, record: Record) {
        (self.tell)(Step::Record(Box::new(Record {
            connection: Some(connection),
            stream: Some(stream),
            ..record
        })));
    }

    fn connection(&mut self, number: u64) -> Result<&mut Connection, ReplayError> {
        use std::collections::hash_map::Entry;
        Ok(match self.connections.entry(number) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Connection {
                multiplexer: Multiplexer::connect(self.options.address, &self.options.connect)?,
                begun: HashMap::new(),
                answers: HashMap::new(),
                lost: None,
            }),
        })
    }

    /// Waits until it is time for what was recorded at `time`.
    fn keep_pace(&mut self, time: SystemTime) -> Result<(), ReplayError> {
        let (recorded, here) = *self.began.get_or_insert_with(|| (time, Instant::now()));
        let Some(speed) = self.options.speed else {
            return Ok(());
        };
        let since = time.duration_since(recorded).unwrap_or_default();
        let due = here + since.div_f64(speed);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.exchange(Some(left))?;
        }
    }

    /// The answer to a call, once it is there; none if its time is over before.
    #[expect(
        clippy::type_complexity,
        reason = "it is told here and read in one place"
    )]
    fn wait(
        &mut self,
        connection: u64,
        stream: u32,
        begun: &Begun,
    ) -> Result<Option<(Result<Vec<u8>, CallError>, Instant)>, ReplayError> {
        let grace = match self.options.timeout {
            Some(_) => Duration::ZERO,
            None => GRACE,
        };
        let limit = begun.timeout.and_then(|timeout| timeout.checked_add(grace));
        let deadline = limit.and_then(|limit| begun.at.checked_add(limit));
        loop {
            let Some(of) = self.connections.get_mut(&connection) else {
                return Ok(None);
            };
            if let Some(answer) = of.answers.remove(&stream) {
                return Ok(Some(answer));
            }
            if let Some(error) = &of.lost {
                return Err(ReplayError::Call {
                    name: begun.name.clone(),
                    error: error.clone(),
                });
            }
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                of.multiplexer.give_up(begun.stream);
                return Ok(None);
            }
            self.exchange(left)?;
        }
    }

    /// Sends what waits and takes what comes, on all connections, for so long at the most.
    fn exchange(&mut self, limit: Option<Duration>) -> Result<(), ReplayError> {
        if interrupt::is_raised() {
            return Err(ReplayError::Interrupted);
        }
        let mut live: Vec<&mut Connection> = self
            .connections
            .values_mut()
            .filter(|connection| connection.lost.is_none())
            .collect();
        for connection in &mut live {
            let sent = connection.multiplexer.send();
            connection.lost = sent.err();
        }
        let mut polled: Vec<PollFd<'_>> = live
            .iter()
            .map(|connection| {
                let mut flags = PollFlags::POLLIN;
                flags.set(PollFlags::POLLOUT, connection.multiplexer.is_sending());
                PollFd::new(connection.multiplexer.as_fd(), flags)
            })
            .collect();
        let limit = limit.map_or(GLANCE, |limit| limit.min(GLANCE));
        let time = PollTimeout::try_from(limit).unwrap_or(PollTimeout::ZERO);
        match poll(&mut polled, time) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => {
                return Err(ReplayError::Lost(CallError::Io {
                    stage: agent_client::Stage::Waiting,
                    errno,
                }));
            }
        }
        for connection in live {
            let Connection {
                multiplexer,
                answers,
                lost,
                ..
            } = connection;
            let received = multiplexer.receive(|stream, answer| {
                answers.insert(stream, (answer, Instant::now()));
            });
            if let Err(error) = received {
                lost.get_or_insert(error);
            }
        }
        Ok(())
    }
}
