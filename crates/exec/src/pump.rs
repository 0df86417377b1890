//! The streams of a process, as calls that are in flight at the same time: both outputs are
//! read side by side, input is written as the process takes it, and signals and the window's
//! size go between them.
//!
//! An output ends with an empty answer. One may come early, while another process holds the
//! pipe, so two in a row make the end. Only once both outputs have ended is the process waited
//! for, as the agent then drops what was not read.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::unistd::read;

use super::calls::Rpcs;
use super::detach::Watch;
use super::process::Exec;
use super::signals::{Signalled, Signals};
use super::streams::{Inlet, Outlet, PIECE};
use super::terminal::{self, RawTerminal};
use agent_client::{Call, CallError, Multiplexer};
use agent_report::error::Error;
use agent_schema::Rpc;
use agent_session::by_name::ByName;

/// What ends the input of a terminal: ctrl-d.
const END_OF_INPUT: &[u8] = b"\x04";

/// The status of a call that a policy forbids.
const PERMISSION_DENIED: i32 = 7;
/// What reading a terminal answers once its processes have ended.
const INTERNAL: i32 = 13;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// The only one that is waited for.
    Only,
    /// To read this output.
    Read(Stream),
    /// To write input.
    Write,
    /// To end input.
    Close,
    /// To tell the window's size.
    Resize,
    /// To send a signal.
    Signal,
    /// To wait for the process's end.
    Wait,
}

/// An output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// What ended the flow.
#[derive(Debug)]
pub(super) enum End {
    /// The process ended with this status.
    Status(u8),
    /// The user typed the keys for it.
    Detached,
    /// The process ran for longer than this.
    Late(Duration),
    /// An output cannot be written any more.
    ReaderGone(io::Error),
    /// A second signal came before the agent had taken the first.
    Interrupted,
}

/// The flow of all streams.
pub(super) struct Pump<'a> {
    rpcs: Rpcs,
    exec: &'a Exec<'a>,
    raw: Option<RawTerminal>,
    end: Option<Instant>,
    stdout: Outlet,
    /// None with a terminal, which has one output.
    stderr: Option<Outlet>,
    stdin: Inlet,
    watch: Watch,
    /// How many signals the agent has not taken yet.
    signals_in_flight: usize,
    is_waited_for: bool,
    status: Option<u8>,
    warnings: Vec<String>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(
        rpcs: Rpcs,
        exec: &'a Exec<'a>,
        raw: Option<RawTerminal>,
        end: Option<Instant>,
    ) -> Result<Self, Error> {
        let terminal = exec.process.terminal;
        let no_keys = super::DetachKeys::none();
        let keys = match terminal && exec.input {
            true => exec.detach_keys,
            false => &no_keys,
        };
        Ok(Self {
            stdout: Outlet::new(rpcs.read_stdout, exec)?,
            stderr: match terminal {
                true => None,
                false => Some(Outlet::new(rpcs.read_stderr, exec)?),
            },
            stdin: Inlet {
                pending: Vec::new(),
                is_open: exec.input,
                // A terminal without input is one that nobody types at.
                is_to_be_closed: exec.input || !terminal,
                is_busy: false,
                sending: 0,
            },
            watch: Watch::new(keys),
            signals_in_flight: 0,
            is_waited_for: false,
            status: None,
            warnings: Vec::new(),
            rpcs,
            exec,
            raw,
            end,
        })
    }

    /// What is to be told once the terminal is as it was.
    pub(super) fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Whether no output came.
    pub(super) fn was_silent(&self) -> bool {
        !self.stdout.was_heard && self.stderr.as_ref().is_none_or(|stderr| !stderr.was_heard)
    }

    /// Passes everything on until the process has ended.
    ///
    /// # Errors
    /// When the agent is lost, or cannot be asked.
    pub(super) fn run(
        &mut self,
        agent: &mut Multiplexer<Tag>,
        signals: &Signals,
    ) -> Result<End, Error> {
        loop {
            self.ask(agent)?;
            // Where nothing can be sent any more, the last answers may still be there.
            let sent = agent.send();
            let ready = self.wait(agent, signals);
            if let Some(end) = self.pass_on_signals(agent, signals)? {
                return Ok(end);
            }
            let mut answers = Vec::new();
            let received = agent.receive(|tag, answer| answers.push((tag, answer)));
            for (tag, answer) in answers {
                self.take(tag, answer)?;
            }
            if self.status.is_none() {
                received.and(sent)?;
            }
            if ready.stdout
                && let Err(error) = self.stdout.write(io::stdout().as_fd())
            {
                return Ok(End::ReaderGone(error));
            }
            if ready.stderr
                && let Some(stderr) = &mut self.stderr
                && let Err(error) = stderr.write(io::stderr().as_fd())
            {
                return Ok(End::ReaderGone(error));
            }
            if ready.stdin && self.type_in() {
                return Ok(End::Detached);
            }
            let is_written = self.outlets().all(|outlet| outlet.is_written());
            if let Some(status) = self.status.filter(|_| is_written) {
                return Ok(End::Status(status));
            }
            if let (Some(end), Some(limit)) = (self.end, self.exec.timeout)
                && end <= Instant::now()
            {
                return Ok(End::Late(limit));
            }
        }
    }

    fn outlets(&self) -> impl Iterator<Item = &Outlet> {
        [&self.stdout].into_iter().chain(&self.stderr)
    }

    /// Starts the calls that it is time for.
    fn ask(&mut self, agent: &mut Multiplexer<Tag>) -> Result<(), Error> {
        if self.status.is_none() {
            let mut outlets = vec![(Stream::Stdout, &mut self.stdout)];
            outlets.extend(self.stderr.as_mut().map(|stderr| (Stream::Stderr, stderr)));
            for (stream, outlet) in outlets {
                // What has ended is asked only while the process is waited for.
                let is_due = !outlet.has_ended() || self.is_waited_for;
                if is_due && outlet.wants_more() {
                    start(agent, outlet.rpc, &outlet.request, Tag::Read(stream))?;
                    outlet.is_asked = true;
                }
            }
        }
        let have_ended = self
            .outlets()
            .all(|outlet| outlet.has_ended() && outlet.is_written());
        if have_ended && !self.is_waited_for {
            let request = self.about(self.rpcs.wait)?.payload()?;
            start(agent, self.rpcs.wait, &request, Tag::Wait)?;
            self.is_waited_for = true;
        }
        self.send_input(agent)
    }

    fn about(&self, rpc: &Rpc) -> Result<ByName, Error> {
        ByName::about(rpc, self.exec.container_id, self.exec.exec_id)
    }

    fn send_input(&mut self, agent: &mut Multiplexer<Tag>) -> Result<(), Error> {
        if self.stdin.is_busy {
            return Ok(());
        }
        if self.stdin.pending.is_empty() && !self.stdin.is_open && self.stdin.is_to_be_closed {
            self.stdin.is_to_be_closed = false;
            if !self.exec.process.terminal {
                let request = self.about(self.rpcs.close)?.payload()?;
                start(agent, self.rpcs.close, &request, Tag::Close)?;
                self.stdin.is_busy = true;
                return Ok(());
            }
            // To close a terminal's input is to destroy the terminal.
            self.stdin.pending.extend_from_slice(END_OF_INPUT);
        }
        if !self.stdin.pending.is_empty() {
            let mut request = self.about(self.rpcs.write)?;
            request.set_bytes("data", &self.stdin.pending)?;
            start(agent, self.rpcs.write, &request.payload()?, Tag::Write)?;
            self.stdin.is_busy = true;
            self.stdin.sending = self.stdin.pending.len();
        }
        Ok(())
    }

    /// Waits until something can be done.
    fn wait(&self, agent: &Multiplexer<Tag>, signals: &Signals) -> Ready {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, agent.is_sending());
        let mut polled = vec![
            PollFd::new(agent.as_fd(), events),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        let mut add = |is_wanted: bool, descriptor, events| {
            is_wanted.then(|| {
                polled.push(PollFd::new(descriptor, events));
                polled.len() - 1
            })
        };
        let wants_input = self.stdin.is_open && self.stdin.pending.is_empty();
        let input = add(wants_input, stdin.as_fd(), PollFlags::POLLIN);
        let has_stdout = !self.stdout.is_written();
        let output = add(has_stdout, stdout.as_fd(), PollFlags::POLLOUT);
        let has_stderr = self.stderr.as_ref().is_some_and(|it| !it.is_written());
        let errors = add(has_stderr, stderr.as_fd(), PollFlags::POLLOUT);
        let rests = self.outlets().filter(|_| self.is_waited_for);
        let rests = rests
            .filter(|outlet| !outlet.is_asked)
            .filter_map(|it| it.rests_until);
        let end = rests.chain(self.end).min();
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let _ = poll(&mut polled, poll_timeout(left));
        let is_ready = |index: Option<usize>| {
            let polled = index.and_then(|index| polled.get(index));
            polled.is_some_and(|polled| polled.any() != Some(false))
        };
        Ready {
            stdin: is_ready(input),
            stdout: is_ready(output),
            stderr: is_ready(errors),
        }
    }

    fn pass_on_signals(
        &mut self,
        agent: &mut Multiplexer<Tag>,
        signals: &Signals,
    ) -> Result<Option<End>, Error> {
        while let Some(signal) = signals.next() {
            match signal {
                Signalled::PassOn(_) if self.signals_in_flight > 0 => {
                    return Ok(Some(End::Interrupted));
                }
                Signalled::PassOn(signal) => self.pass_on(agent, signal)?,
                Signalled::Resized | Signalled::Continued => {
                    if let (Signalled::Continued, Some(raw)) = (signal, &self.raw) {
                        raw.enter_again();
                    }
                    if let Some(size) = terminal::size().filter(|_| self.exec.process.terminal) {
                        self.resize(agent, size)?;
                    }
                }
            }
        }
        Ok(None)
    }

    /// Sends the process a signal.
    ///
    /// # Errors
    /// When the agent cannot be asked.
    pub(super) fn pass_on(
        &mut self,
        agent: &mut Multiplexer<Tag>,
        signal: Signal,
    ) -> Result<(), Error> {
        let mut request = self.about(self.rpcs.signal)?;
        request.set_number("signal", (signal as i32).unsigned_abs())?;
        start(agent, self.rpcs.signal, &request.payload()?, Tag::Signal)?;
        self.signals_in_flight += 1;
        Ok(())
    }

    /// Tells the agent the window's rows and columns.
    ///
    /// # Errors
    /// When the agent cannot be asked.
    pub(super) fn resize(
        &mut self,
        agent: &mut Multiplexer<Tag>,
        (rows, columns): (u16, u16),
    ) -> Result<(), Error> {
        let mut request = self.about(self.rpcs.resize)?;
        request.set_number("row", rows.into())?;
        request.set_number("column", columns.into())?;
        start(agent, self.rpcs.resize, &request.payload()?, Tag::Resize)
    }

    /// Takes the answer to a call.
    fn take(&mut self, tag: Tag, answer: Result<Vec<u8>, CallError>) -> Result<(), Error> {
        match tag {
            Tag::Read(stream) => {
                let (outlet, name) = match (stream, &mut self.stderr) {
                    (Stream::Stderr, Some(stderr)) => (stderr, "standard error"),
                    _ => (&mut self.stdout, "standard output"),
                };
                match answer {
                    Ok(answer) => {
                        let answer = ByName::answer(outlet.rpc, &answer)?;
                        outlet.take(answer.bytes("data"));
                    }
                    Err(CallError::Status(status)) => {
                        outlet.is_asked = false;
                        // After its end a process is not known any more, and a terminal has an
                        // end of its own.
                        let is_end = self.is_waited_for
                            || self.exec.process.terminal && status.code == INTERNAL;
                        if !is_end && !outlet.is_refused {
                            let error = Error::from(CallError::Status(status));
                            self.warnings
                                .push(told(&format!("{name} is not read"), &error));
                        }
                        outlet.is_refused = true;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Tag::Write => {
                self.stdin.is_busy = false;
                let sent = match answer {
                    Ok(answer) => {
                        let length = ByName::answer(self.rpcs.write, &answer)?.number("len");
                        // An agent that does not say how much it took has taken all.
                        match usize::try_from(length) {
                            Ok(length @ 1..) => length.min(self.stdin.sending),
                            _ => self.stdin.sending,
                        }
                    }
                    Err(CallError::Status(status)) => {
                        // A process that reads no more is none of the user's business.
                        if status.code == PERMISSION_DENIED {
                            let error = Error::from(CallError::Status(status));
                            self.warnings
                                .push(told("standard input is not passed on", &error));
                        }
                        self.stdin.is_open = false;
                        self.stdin.is_to_be_closed = false;
                        self.stdin.pending.len()
                    }
                    Err(error) => return Err(error.into()),
                };
                self.stdin
                    .pending
                    .drain(..sent.min(self.stdin.pending.len()));
            }
            Tag::Close => self.stdin.is_busy = false,
            Tag::Signal => self.signals_in_flight = self.signals_in_flight.saturating_sub(1),
            Tag::Wait => {
                let answer = ByName::answer(self.rpcs.wait, &answer?)?;
                // As a shell has it: the lowest eight bits.
                self.status = Some((answer.number("status") & 0xff) as u8);
            }
            Tag::Resize | Tag::Only => {}
        }
        Ok(())
    }

    /// Takes what is typed: whether those were the keys that detach.
    fn type_in(&mut self) -> bool {
        let mut typed = vec![0; PIECE];
        match read(io::stdin(), &mut typed) {
            Ok(0) => self.stdin.is_open = false,
            Ok(count) => {
                let typed = typed.get(..count).unwrap_or_default();
                let (passed, is_detached) = self.watch.pass(typed);
                self.stdin.pending.extend(passed);
                return is_detached;
            }
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            // A terminal that is gone.
            Err(_) => self.stdin.is_open = false,
        }
        false
    }
}

/// Which of the tool's own streams something can be done with.
struct Ready {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

fn start(agent: &mut Multiplexer<Tag>, rpc: &Rpc, payload: &[u8], tag: Tag) -> Result<(), Error> {
    let call = Call {
        service: rpc.service,
        method: rpc.name,
        payload,
        metadata: &[],
        timeout: None,
    };
    agent.start(&call, tag)?;
    Ok(())
}

/// A warning with the agent's words, made safe to show.
fn told(what: &str, error: &Error) -> String {
    let failure = agent_report::error::Failure::new(None, error.clone());
    let text = failure.render(agent_report::error::ErrorFormat::Text, false);
    format!("{what}: {}", text.trim_start_matches("error: "))
}

/// What is left of a wait as the system takes it. A part of a millisecond is waited for as a
/// whole one.
pub(super) fn poll_timeout(left: Option<Duration>) -> PollTimeout {
    match left {
        None => PollTimeout::NONE,
        Some(Duration::ZERO) => PollTimeout::ZERO,
        Some(left) => {
            let left = left + Duration::from_micros(999);
            PollTimeout::try_from(left.as_millis()).unwrap_or(PollTimeout::MAX)
        }
    }
}
