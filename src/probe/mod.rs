//! Which RPCs of this build an agent has. Each is called with a payload that no decoder takes:
//! an agent that has the RPC says so of the payload, and one that lacks it says that, before
//! either has done anything.

mod verdict;

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;

use crate::client::{Call, CallError, ConnectOptions, Multiplexer};
use crate::error::{Error, Kind};
use crate::interrupt::{self, Interrupted, Stop};
use crate::schema::{Rpc, Schema, history, lookup};
use crate::session::by_name::ByName;
use crate::transport::Address;

pub(crate) use verdict::Verdict;

/// The RPC that an agent answers whatever state it is in.
const CHECK: &str = "grpc.Health/Check";
/// The RPC that tells an agent's version, and the field that has it.
const VERSION: (&str, &str) = ("grpc.Health/Version", "agent_version");

/// A payload that is not a message: there is no field with the number 0.
const UNDECODABLE: &[u8] = &[0];
/// The empty message.
const NOTHING: &[u8] = &[];

/// What an agent has.
#[derive(Debug)]
pub(crate) struct Probe {
    /// The version that it reports.
    pub version: Option<String>,
    /// The API of the build.
    pub schema: &'static Schema,
    /// Each RPC of the build, and whether the agent has it; `None` for a stream, which is not
    /// called.
    pub rpcs: Vec<(&'static Rpc, Option<Verdict>)>,
}

impl Probe {
    /// The agent's release by its RPCs: the first that it can be, and the first that it cannot
    /// be any more.
    pub(crate) fn releases(&self) -> (Option<&'static str>, Option<&'static str>) {
        let since = |verdict: Verdict| {
            let rpcs = self.rpcs.iter();
            let those = rpcs.filter(move |(_, found)| *found == Some(verdict));
            those.filter_map(|(rpc, _)| history::of_rpc(self.schema, rpc))
        };
        let from = since(Verdict::Has).max_by(|a, b| history::compare(a, b));
        let before = since(Verdict::Lacks).min_by(|a, b| history::compare(a, b));
        (from, before)
    }
}

/// Asks an agent which RPCs it has. `patience` is for each answer; without it they are waited
/// for forever.
///
/// # Errors
/// When there is no connection, it is lost, or the agent does not answer at all, and when it
/// takes the payload that is not a message: then nothing more is sent.
pub(crate) fn probe(
    schema: &'static Schema,
    address: &Address,
    options: &ConnectOptions,
    patience: Option<Duration>,
) -> Result<Probe, Error> {
    let mut agent = Agent {
        calls: Multiplexer::connect(address, options)?,
        patience,
    };
    let named = |name| {
        let rpc = lookup::rpc(schema, name).ok()?;
        Some(rpc).filter(|rpc| !rpc.is_streaming())
    };
    let check = named(CHECK);
    let version = named(VERSION.0);
    let first = version.map(|rpc| (rpc, NOTHING));
    let first = first.into_iter().chain(check.map(|rpc| (rpc, UNDECODABLE)));
    let mut first = agent.ask_all(first)?.into_iter();
    let said = version.and_then(|rpc| Some((rpc, first.next().flatten()?)));
    let taken = check.and_then(|_| first.next().flatten());
    if let Some(Ok(_)) = taken {
        let what = "the agent takes a payload that is not a message: to go on might run its RPCs";
        return Err(Error::new(Kind::Protocol, what));
    }
    let silent = || {
        let limit = patience.unwrap_or_default();
        let what = format!("the agent answered nothing within {limit:?}");
        Error::new(Kind::Timeout, what)
    };
    if let (None, None, Some(check)) = (&said, &taken, check)
        && agent.ask(check, NOTHING)?.is_none()
    {
        return Err(silent());
    }
    let version = said.and_then(|(rpc, answer)| version_in(rpc, &answer.ok()?));
    let services = schema.services.iter();
    let rpcs: Vec<&'static Rpc> = services.flat_map(|service| service.rpcs).collect();
    let asked = rpcs.iter().copied().filter(|rpc| !rpc.is_streaming());
    let answers = agent.ask_all(asked.map(|rpc| (rpc, UNDECODABLE)))?;
    // An agent of 2.x says nothing to such a payload, and goes on.
    let lives_on = answers.contains(&None)
        && match check {
            Some(check) => agent.ask(check, NOTHING)?.is_some(),
            None => false,
        };
    if !lives_on && answers.iter().all(Option::is_none) {
        return Err(silent());
    }
    let is_of_2 = version.as_deref().is_some_and(|it| it.starts_with("2."));
    let mut verdicts = answers.iter().map(|answer| match answer {
        Some(answer) => Verdict::of(answer),
        None if lives_on && is_of_2 => Verdict::Has,
        None => Verdict::NoAnswer,
    });
    let rpcs = rpcs.into_iter().map(|rpc| match rpc.is_streaming() {
        true => (rpc, None),
        false => (rpc, verdicts.next()),
    });
    Ok(Probe {
        schema,
        version,
        rpcs: rpcs.collect(),
    })
}

/// The version in an answer.
fn version_in(rpc: &Rpc, answer: &[u8]) -> Option<String> {
    let answer = ByName::answer(rpc, answer).ok()?;
    Some(answer.text(VERSION.1).to_owned()).filter(|version| !version.is_empty())
}

/// What came of a call.
type Answer = Result<Vec<u8>, CallError>;

/// An agent, with many calls at a time.
struct Agent {
    calls: Multiplexer<usize>,
    patience: Option<Duration>,
}

impl Agent {
    /// The answer to one call, if one comes in time.
    fn ask(&mut self, rpc: &Rpc, payload: &[u8]) -> Result<Option<Answer>, Error> {
        Ok(self.ask_all([(rpc, payload)])?.pop().flatten())
    }

    /// The answers to these calls, as far as they come in time, which begins anew with each: an
    /// agent may answer one after the other.
    fn ask_all<'a>(
        &mut self,
        asked: impl IntoIterator<Item = (&'a Rpc, &'a [u8])>,
    ) -> Result<Vec<Option<Answer>>, Error> {
        let mut answers: Vec<Option<Answer>> = Vec::new();
        let mut stream_ids = Vec::new();
        for (index, (rpc, payload)) in asked.into_iter().enumerate() {
            answers.push(None);
            let call = Call {
                service: rpc.service,
                method: rpc.name,
                payload,
                metadata: &[],
                timeout: None,
            };
            stream_ids.push(self.calls.start(&call, index)?);
        }
        let patience = self.patience;
        let from_now = || Instant::now().checked_add(patience?);
        let mut end = from_now();
        while self.calls.in_flight() > 0 {
            self.calls.send()?;
            let events = match self.calls.is_sending() {
                true => PollFlags::POLLIN | PollFlags::POLLOUT,
                false => PollFlags::POLLIN,
            };
            match interrupt::wait(Some((self.calls.as_fd(), events)), end) {
                Ok(()) => {}
                Err(Stop::Late) => break,
                Err(Stop::Interrupted) => return Err(Interrupted.into()),
                Err(Stop::Failed(errno)) => return Err(Error::new(Kind::Connection, errno.desc())),
            }
            self.calls.receive(|index, answer| {
                end = from_now();
                if let Some(place) = answers.get_mut(index) {
                    *place = Some(answer);
                }
            })?;
        }
        for stream_id in stream_ids {
            self.calls.give_up(stream_id);
        }
        Ok(answers)
    }
}
