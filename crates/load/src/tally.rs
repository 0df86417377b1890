//! What became of the calls of a load test, counted as they end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use agent_client::{CallError, Status};
use agent_text::escape;

use crate::histogram::Histogram;

/// How many ways to fail are told apart. An agent chooses its status codes, and
/// must not choose how long a report is.
const MOST_FAILURES: usize = 32;

/// How finely the waiting of calls that never began is counted.
const MOST_STEPS: u64 = 10_000;

/// What the other ways are counted as.
const OTHER_FAILURES: &str = "other failures";

/// How much of an agent's message is kept as an example, in characters.
const LONGEST_EXAMPLE: usize = 200;

/// The figures of a command, or of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// Nanoseconds from when a call was due to its end: an answer, an error, a
    /// timeout, or the end of the load test, by which it had waited so long in vain.
    /// Lost calls are not in it.
    pub(crate) latency: Histogram,
    /// Calls that were answered without an error.
    pub(crate) ok: u64,
    /// The other ones, by what became of them.
    pub(crate) failures: BTreeMap<String, Failures>,
    /// Answered calls in a second, those with an error status included.
    pub(crate) throughput: f64,
    /// Calls that were answered in the time that is measured.
    answered_in_time: u64,
}

/// Calls that failed in one way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failures {
    /// How many.
    pub(crate) count: u64,
    /// What was said about the first.
    pub(crate) example: String,
}

impl Figures {
    /// All calls that ended.
    pub(crate) fn calls(&self) -> u64 {
        self.ok + self.errors()
    }

    /// Those that failed.
    pub(crate) fn errors(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    fn fail(&mut self, failure: &Failure, times: u64) {
        let (name, example) = failure.name_and_example();
        let name = name.as_str();
        let is_new = !self.failures.contains_key(name);
        let name = match is_new && self.failures.len() >= MOST_FAILURES {
            true => OTHER_FAILURES,
            false => name,
        };
        let failures = self.failures.entry(name.to_owned()).or_default();
        if failures.count == 0 {
            failures.example = example;
        }
        failures.count += times;
    }
}

/// How a call ended.
pub(crate) type End = Result<(), Failure>;

/// How a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The agent answered with this status.
    Status(Status),
    /// The answer is not the RPC's message.
    Wrong(String),
    /// It took too long.
    Timeout,
    /// Its connection was lost, or it could not be sent.
    Lost(String),
    /// The load test was over, and there was still no answer.
    Unanswered,
    /// It was due, and all places were taken, or no connection was there.
    NeverBegan,
}

impl Failure {
    /// What it is counted as, and an example of what was said.
    fn name_and_example(&self) -> (String, String) {
        let line = |text: &str| escape::first_line(text, LONGEST_EXAMPLE);
        let (name, example) = match self {
            Failure::Status(status) => return (status.to_string(), line(&status.message)),
            Failure::Wrong(reason) => ("no message of this RPC", line(reason)),
            Failure::Timeout => ("timeout", "no answer in time".to_owned()),
            Failure::Lost(reason) => ("connection lost", line(reason)),
            Failure::Unanswered => {
                let example = "no answer when the load test was over";
                ("unanswered", example.to_owned())
            }
            Failure::NeverBegan => {
                let example = "due, and all places were taken, or no connection was there";
                ("not begun", example.to_owned())
            }
        };
        (name.to_owned(), example)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Failure {
        match error {
            CallError::Status(status) => Failure::Status(status),
            error => Failure::Lost(error.to_string()),
        }
    }
}

/// The counts of all calls and of each command.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Calls that were due before this are not counted.
    measured_from: Instant,
    /// Answers after this do not count for the throughput.
    measured_to: Instant,
    pub(crate) all: Figures,
    pub(crate) first_failure: Option<Failure>,
    pub(crate) commands: Vec<Figures>,
    /// Nanoseconds from when a call was due, and there was a place for it, to when it
    /// was handed to the socket: what this client is to blame for.
    pub(crate) lateness: Histogram,
    /// Nanoseconds for which calls that were due found no place.
    pub(crate) queued: Histogram,
}

impl Tally {
    pub(crate) fn new(commands: usize, measured_from: Instant, measured_to: Instant) -> Tally {
        Tally {
            measured_from,
            measured_to,
            all: Figures::default(),
            first_failure: None,
            commands: vec![Figures::default(); commands],
            lateness: Histogram::default(),
            queued: Histogram::default(),
        }
    }

    /// Notes that a call begins at `now`; there has been a place since `room`.
    pub(crate) fn began(&mut self, due: Instant, room: Instant, now: Instant) {
        if due >= self.measured_from {
            let possible = due.max(room);
            self.queued.record(nanoseconds(possible - due));
            let late = now.saturating_duration_since(possible);
            self.lateness.record(nanoseconds(late));
        }
    }

    /// Notes that so many calls never began, due one after the other between `first`
    /// and `end`. They failed, after as much time as they had. Which commands they
    /// would have been is not told.
    pub(crate) fn never_began(&mut self, count: u64, first: Instant, end: Instant) {
        let steps = count.min(MOST_STEPS);
        let span = nanoseconds(end.saturating_duration_since(first));
        let mut counted = 0;
        for step in 0..steps {
            let part = |of: u64| {
                let part = u128::from(of) * u128::from(step + 1) / u128::from(steps);
                u64::try_from(part).unwrap_or(of)
            };
            let upto = part(count);
            self.all.latency.record_many(part(span), upto - counted);
            counted = upto;
        }
        if count > 0 {
            self.all.fail(&Failure::NeverBegan, count);
            self.first_failure.get_or_insert(Failure::NeverBegan);
        }
    }

    /// Notes that a call has ended.
    pub(crate) fn ended(&mut self, command: usize, due: Instant, now: Instant, end: &End) {
        let in_time = now >= self.measured_from && now <= self.measured_to;
        let counts = due >= self.measured_from;
        for figures in [Some(&mut self.all), self.commands.get_mut(command)]
            .into_iter()
            .flatten()
        {
            let is_answer = matches!(end, Ok(()) | Err(Failure::Status(_) | Failure::Wrong(_)));
            if in_time && is_answer {
                figures.answered_in_time += 1;
            }
            if !counts {
                continue;
            }
            if !matches!(end, Err(Failure::Lost(_))) {
                figures.latency.record(nanoseconds(now - due));
            }
            match end {
                Ok(()) => figures.ok += 1,
                Err(failure) => figures.fail(failure, 1),
            }
        }
        if let Err(failure) = end
            && counts
            && self.first_failure.is_none()
        {
            self.first_failure = Some(failure.clone());
        }
    }

    /// The measurement ends here, earlier than planned.
    pub(crate) fn cut(&mut self, now: Instant) {
        self.measured_to = self.measured_to.min(now);
    }

    /// How long was measured.
    pub(crate) fn measured(&self) -> Duration {
        self.measured_to
            .saturating_duration_since(self.measured_from)
    }

    /// Works out what follows from the counts.
    pub(crate) fn finish(&mut self) {
        let seconds = self.measured().as_secs_f64();
        for figures in std::iter::once(&mut self.all).chain(&mut self.commands) {
            figures.throughput = match seconds > 0.0 {
                true => figures.answered_in_time as f64 / seconds,
                false => 0.0,
            };
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
