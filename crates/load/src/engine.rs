//! The loop of a load test: begins calls when they are due and there is room,
//! gives up those that take too long, and counts how each one ended. It is one
//! thread that never blocks on a connection.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use agent_client::{Call, Status};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeValLike;

use crate::connections::{CallId, Connections, InFlight};
use crate::histogram::time_of;
use crate::schedule::{Pace, Turns};
use crate::tally::{Failure, Tally};
use crate::{Calls, Options, StartError};

/// How long answers are waited for in the end, where calls have no timeout.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// How often the loop looks up although nothing happens, and how often it tells how
/// far it is: faster than this nobody reads.
const TICK: Duration = Duration::from_millis(100);

/// What a load test ended with.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) stopped: Stopped,
    /// For how long there was no connection at all.
    pub(crate) unconnected: Duration,
    /// Processor time of this process over the calls, the warm-up included.
    pub(crate) cpu_time: Duration,
    /// How many calls that was for.
    pub(crate) cpu_calls: u64,
}

/// Why a load test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It was over.
    Done,
    /// A signal came.
    Interrupted,
    /// No connection was left, and none could be made.
    NoConnection,
}

/// A load test that is ready to run.
pub(crate) struct Engine<'a> {
    options: &'a Options,
    calls: &'a mut dyn Calls,
    turns: Turns,
    connections: Connections<'a>,
}

/// What changes while it runs.
struct Run {
    pace: Pace,
    tally: Tally,
    /// When calls are to be given up, in the order in which they began.
    expiries: VecDeque<(Instant, CallId)>,
    measured_from: Instant,
    end: Instant,
    begun: u64,
    measured: u64,
    lost_since: Option<Instant>,
    unconnected: Duration,
    /// When the last call had begun.
    over_since: Option<Instant>,
}

impl<'a> Engine<'a> {
    /// Makes the connections.
    pub(crate) fn start(
        options: &'a Options,
        calls: &'a mut dyn Calls,
    ) -> Result<Self, StartError> {
        allow_many_descriptors();
        // Otherwise a call may be due up to 50 µs before the kernel tells.
        let _ = nix::sys::prctl::set_timerslack(1);
        Ok(Engine {
            options,
            turns: Turns::new(calls.commands().iter().map(|command| command.weight)),
            connections: Connections::connect(options)?,
            calls,
        })
    }

    /// Runs to the end, or until a signal comes. `show` is told now and then how far
    /// it is, in words.
    pub(crate) fn run(mut self, mut show: Option<&mut dyn FnMut(String)>) -> Outcome {
        let start = Instant::now();
        let measured_from = start + self.options.warm_up;
        let end = measured_from + self.options.duration;
        let mut run = Run {
            pace: Pace::new(start, self.options.rate),
            tally: Tally::new(self.calls.commands().len(), measured_from, end),
            expiries: VecDeque::new(),
            measured_from,
            end,
            begun: 0,
            measured: 0,
            lost_since: None,
            unconnected: Duration::ZERO,
            over_since: None,
        };
        let mut next_shown = start;
        let cpu_before = cpu_time();
        let stopped = loop {
            let now = Instant::now();
            self.expire(&mut run, now);
            self.connections.reconnect(now);
            self.begin(&mut run, now);
            self.connections.send(count(&mut run.tally, Instant::now()));
            if let Some(show) = &mut show
                && now >= next_shown
            {
                show(progress(&run, now));
                next_shown = now + TICK;
            }
            if let Some(stopped) = self.is_over(&mut run, now) {
                break stopped;
            }
            let until = self.next_event(&run, now);
            let (tally, calls) = (&mut run.tally, &*self.calls);
            let timeout = self.options.timeout;
            if !self.connections.wait(until, |tag, answer| {
                let now = Instant::now();
                let is_late = |status: &Status| {
                    timeout.is_some_and(|it| status.is_of_deadline(it, now - tag.began))
                };
                let end = match answer {
                    Err(Failure::Status(status)) if is_late(&status) => Err(Failure::Timeout),
                    Err(failure) => Err(failure),
                    Ok(answer) => calls.judge(tag.command, &answer).map_err(Failure::Wrong),
                };
                tally.ended(tag.command, tag.due, now, &end);
            }) {
                break Stopped::Interrupted;
            }
        };
        let cpu_time = cpu_time().saturating_sub(cpu_before);
        self.finish(run, stopped, cpu_time)
    }

    /// Begins the calls that are due, as far as there is room.
    fn begin(&mut self, run: &mut Run, now: Instant) {
        while now < run.end && self.connections.has_room() && !self.is_enough(run) {
            let room = self.connections.room_since();
            let due = run.pace.due(now);
            if due > now || due >= run.end {
                return;
            }
            let command = self.turns.next();
            let tag = InFlight {
                command,
                due,
                began: now,
            };
            run.pace.advance();
            run.begun += 1;
            run.measured += u64::from(due >= run.measured_from);
            let call = self.calls.request(command).and_then(|request| {
                let call = Call {
                    service: request.service,
                    method: request.method,
                    payload: &request.payload,
                    metadata: &self.options.metadata,
                    timeout: self.options.timeout,
                };
                self.connections
                    .begin(&call, tag)
                    .map_err(|error| error.to_string())
            });
            match call {
                Ok(call) => {
                    run.tally.began(due, room, Instant::now());
                    if let Some(timeout) = self.options.timeout {
                        run.expiries.push_back((now + timeout, call));
                    }
                }
                Err(reason) => run
                    .tally
                    .ended(command, due, now, &Err(Failure::Lost(reason))),
            }
        }
    }

    fn is_enough(&self, run: &Run) -> bool {
        self.options
            .calls
            .is_some_and(|calls| run.measured >= calls)
    }

    /// Gives up the calls whose time is over.
    fn expire(&mut self, run: &mut Run, now: Instant) {
        while let Some((at, call)) = run.expiries.front().copied() {
            if at > now {
                return;
            }
            run.expiries.pop_front();
            if let Some(tag) = self.connections.give_up(call) {
                run.tally
                    .ended(tag.command, tag.due, now, &Err(Failure::Timeout));
            }
        }
    }

    fn is_over(&self, run: &mut Run, now: Instant) -> Option<Stopped> {
        if self.connections.all_lost() {
            let since = *run.lost_since.get_or_insert(now);
            if now - since >= self.options.connect.timeout || now >= run.end {
                run.unconnected += now - since;
                return Some(Stopped::NoConnection);
            }
        } else if let Some(since) = run.lost_since.take() {
            run.unconnected += now - since;
        }
        let begins_no_more = now >= run.end || self.is_enough(run);
        if !begins_no_more {
            return None;
        }
        let since = *run.over_since.get_or_insert(now);
        let is_last = now - since >= self.options.timeout.unwrap_or(LAST_ANSWERS);
        (self.connections.in_flight() == 0 || is_last).then_some(Stopped::Done)
    }

    /// Until when nothing is to be done unless something comes in.
    fn next_event(&self, run: &Run, now: Instant) -> Instant {
        let mut next = now + TICK;
        if let Some((at, _)) = run.expiries.front() {
            next = next.min(*at);
        }
        if now < run.end {
            next = next.min(run.end);
            if self.connections.has_room() && !self.is_enough(run) {
                next = next.min(run.pace.due(now));
            }
        }
        next
    }

    fn finish(self, mut run: Run, stopped: Stopped, cpu_time: Duration) -> Outcome {
        let now = Instant::now();
        let is_enough = self.is_enough(&run);
        if stopped != Stopped::Done || is_enough {
            run.tally.cut(now);
        }
        if !is_enough {
            let end = run.end.min(now);
            let (count, first) = run.pace.overdue(run.measured_from, end);
            run.tally.never_began(count, first, end);
        }
        // A signal ends the test in the midst of calls, which is not their fault.
        if stopped != Stopped::Interrupted {
            for tag in self.connections.close() {
                run.tally
                    .ended(tag.command, tag.due, now, &Err(Failure::Unanswered));
            }
        }
        run.tally.finish();
        Outcome {
            tally: run.tally,
            stopped,
            unconnected: run.unconnected,
            cpu_time,
            cpu_calls: run.begun,
        }
    }
}

/// Counts the calls that end at `now`.
fn count(tally: &mut Tally, now: Instant) -> impl FnMut(InFlight, Failure) {
    move |tag, failure| tally.ended(tag.command, tag.due, now, &Err(failure))
}

/// How far it is, for a person to read.
fn progress(run: &Run, now: Instant) -> String {
    let figures = &run.tally.all;
    if now < run.measured_from {
        let left = run.measured_from - now;
        return format!("warming up, {} s more", left.as_secs() + 1);
    }
    let time = now - run.measured_from;
    format!(
        "{} s of {} s  {} calls  {:.0}/s  p50 {}  p99 {}  {} errors",
        time.as_secs(),
        (run.end - run.measured_from).as_secs(),
        figures.calls(),
        figures.calls() as f64 / time.as_secs_f64().max(1e-3),
        time_of(figures.latency.quantile(0.5)),
        time_of(figures.latency.quantile(0.99)),
        figures.errors()
    )
}

/// The processor time that this process has used.
fn cpu_time() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// As many descriptors as the system lets this process have.
fn allow_many_descriptors() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // If not, connecting tells what is missing.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::borrow::Cow;
    use std::io::{self, Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use agent_client::ConnectOptions;

    use super::*;
    use crate::{Command, Request};

    /// One call, whose answers are all good.
    struct Check([Command; 1]);

    impl Calls for Check {
        fn commands(&self) -> &[Command] {
            &self.0
        }

        fn request(&mut self, _: usize) -> Result<Request<'_>, String> {
            Ok(Request {
                service: "grpc.Health",
                method: "Check",
                payload: Cow::Borrowed(&[]),
            })
        }

        fn judge(&self, _: usize, _: &[u8]) -> Result<(), String> {
            Ok(())
        }
    }

    /// Answers every request with an empty response.
    fn answer(mut stream: UnixStream) -> io::Result<()> {
        loop {
            let mut header = [0; 10];
            stream.read_exact(&mut header)?;
            let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
            stream.read_exact(&mut vec![0; length as usize])?;
            header[..4].fill(0);
            header[8] = 2;
            stream.write_all(&header)?;
        }
    }

    #[test]
    fn a_connection_whose_stream_ids_are_used_up_is_made_anew() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("agent.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || answer(stream));
            }
        });
        for rate in [None, Some(1000.0)] {
            let options = Options {
                address: format!("unix://{}", path.display()).parse().unwrap(),
                connect: ConnectOptions::default(),
                // Of two, one might make all calls while the other waits to be accepted.
                connections: 1,
                in_flight: 3,
                rate,
                duration: Duration::from_secs(60),
                warm_up: Duration::ZERO,
                calls: Some(100),
                timeout: None,
                metadata: Vec::new(),
            };
            let mut calls = Check([Command {
                name: "Check".to_owned(),
                weight: 1,
            }]);
            let before = accepted.load(Ordering::SeqCst);
            let mut engine = Engine::start(&options, &mut calls).unwrap();
            // Five calls are left on it.
            engine.connections.use_stream_ids_from(u32::MAX - 8);
            let outcome = engine.run(None);
            assert_eq!(outcome.tally.all.ok, 100, "{:?}", outcome.tally.all);
            assert_eq!(outcome.tally.all.errors(), 0);
            assert_eq!(outcome.stopped, Stopped::Done);
            assert_eq!(accepted.load(Ordering::SeqCst) - before, 2);
        }
    }
}
