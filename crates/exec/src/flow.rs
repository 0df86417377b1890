//! One exec from its start to its end: the process is started, its streams are passed on, and
//! what ended it becomes an exit status.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::Signal;

use super::calls::Rpcs;
use super::process::Exec;
use super::pump::{End, Pump, Tag, poll_timeout};
use super::signals::{Signalled, Signals};
use super::terminal::{self, RawTerminal};
use agent_client::interrupt::{self, Interrupted};
use agent_client::transport::Address;
use agent_client::{Call, CallError, ConnectOptions, Multiplexer};
use agent_report::error::{Error, Kind};
use agent_report::log::{Level, Logger};
use agent_schema::{Rpc, Schema};
use agent_session::by_name::ByName;

/// How long an agent may take for what is asked of it at the very end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What an agent with a policy has among its features.
const POLICY: &str = "agent-policy";

/// How an exec ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The process ended with this status.
    Status(u8),
    /// The user left it alone, and it lives on.
    Detached,
}

/// Runs a process, until it ends or the user leaves it alone.
///
/// # Errors
/// When it cannot be run, or the agent is lost.
pub fn exec(
    schema: &'static Schema,
    address: &Address,
    options: &ConnectOptions,
    exec: &Exec<'_>,
    logger: Logger,
) -> Result<Ended, Error> {
    let rpcs = Rpcs::of(schema)?;
    let mut start = ByName::about(rpcs.start, exec.container_id, exec.exec_id)?;
    start.within("process", |message| {
        exec.process.put(exec.config, message, schema)
    })?;
    let start = start.payload()?;
    let (agent, signals) = connect(address, options)?;
    let mut agent = Agent {
        calls: agent,
        signals,
        held: None,
    };
    // The agent is told how long a process may run, as a start may block for long.
    let answer = agent.ask(rpcs.start, &start, exec.timeout)?;
    answer.map_err(|error| Error::from(error).within(rpcs.start.name))?;

    let raw = match exec.process.terminal && exec.input {
        true => RawTerminal::enter(),
        false => None,
    };
    let end = exec
        .timeout
        .and_then(|limit| Instant::now().checked_add(limit));
    let mut pump = Pump::new(rpcs, exec, raw, end)?;
    if let Some(signal) = agent.held.take() {
        pump.pass_on(&mut agent.calls, signal)?;
    }
    if exec.process.terminal
        && let Some(size) = terminal::size()
    {
        pump.resize(&mut agent.calls, size)?;
    }
    let ended = pump.run(&mut agent.calls, &agent.signals);
    let came = pump.warnings();
    let was_silent = pump.was_silent();
    // The terminal must be as it was before anything is told.
    drop(pump);
    for text in came {
        logger.log(Level::Warn, text);
    }
    match ended? {
        End::Status(status) => {
            let reason = Errno::from_raw(status.into());
            if was_silent && matches!(reason, Errno::EACCES | Errno::ENOEXEC) {
                logger.log(
                    Level::Warn,
                    format_args!(
                        "no output came, and {status} is also how a process ends whose program \
                         the guest cannot run: {}",
                        reason.desc().to_lowercase()
                    ),
                );
            }
            if was_silent && has_policy(&mut agent, &rpcs) {
                logger.log(
                    Level::Warn,
                    "no output came, and the agent has a policy, which may withhold output \
                     (ReadStreamRequest)",
                );
            }
            Ok(Ended::Status(status))
        }
        End::Detached => Ok(Ended::Detached),
        End::Late(limit) => {
            agent.end(rpcs.signal, exec, nix::libc::SIGKILL);
            let what = format!("the process did not end within {limit:?}, and was killed");
            Err(Error::new(Kind::Timeout, what))
        }
        End::ReaderGone(error) => {
            // As a process of this machine would end that writes to nobody.
            agent.end(rpcs.signal, exec, nix::libc::SIGPIPE);
            Err(Error::output(&error))
        }
        End::Interrupted => Err(Interrupted.into()),
    }
}

/// Connects, and takes over the signals, which end a run that has not connected yet.
fn connect(
    address: &Address,
    options: &ConnectOptions,
) -> Result<(Multiplexer<Tag>, Signals), Error> {
    let take = || Signals::take().map_err(|errno| Error::new(Kind::Connection, errno.desc()));
    // The threads of a simulated agent in this process must not get them.
    if *address == Address::Sim {
        let signals = take()?;
        return Ok((Multiplexer::connect(address, options)?, signals));
    }
    // Without it Ctrl-C ends the run without a word, which is all that is lost.
    let _ = interrupt::install();
    let agent = Multiplexer::connect(address, options)?;
    let signals = take()?;
    interrupt::check()?;
    Ok((agent, signals))
}

/// The agent before and after the process's streams flow.
struct Agent {
    calls: Multiplexer<Tag>,
    signals: Signals,
    /// A signal that came while a call was waited for.
    held: Option<Signal>,
}

impl Agent {
    /// Makes one call and waits for its answer. A signal is held: it ends the wait if a little
    /// later the answer is still not there, as does a second one.
    fn ask(
        &mut self,
        rpc: &Rpc,
        payload: &[u8],
        timeout: Option<Duration>,
    ) -> Result<Result<Vec<u8>, CallError>, Error> {
        let call = Call {
            service: rpc.service,
            method: rpc.name,
            payload,
            metadata: &[],
            timeout,
        };
        self.calls.start(&call, Tag::Only)?;
        let mut end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut answer = None;
        while answer.is_none() {
            self.calls.send()?;
            let mut events = PollFlags::POLLIN;
            events.set(PollFlags::POLLOUT, self.calls.is_sending());
            let mut polled = [
                PollFd::new(self.calls.as_fd(), events),
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            ];
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let _ = poll(&mut polled, poll_timeout(left));
            while let Some(signal) = self.signals.next() {
                if let Signalled::PassOn(signal) = signal {
                    if self.held.replace(signal).is_some() {
                        return Err(Interrupted.into());
                    }
                    let soon = Instant::now() + LAST_WORDS;
                    end = Some(end.map_or(soon, |end| end.min(soon)));
                }
            }
            self.calls.receive(|tag, came| {
                if tag == Tag::Only {
                    answer = Some(came);
                }
            })?;
            if let (None, Some(Duration::ZERO)) = (&answer, left) {
                return Err(match (self.held, timeout) {
                    (None, Some(after)) => {
                        let what = format!("{}: no answer within {after:?}", rpc.name);
                        Error::new(Kind::Timeout, what)
                    }
                    _ => Interrupted.into(),
                });
            }
        }
        Ok(answer.unwrap_or(Err(CallError::Unusable)))
    }

    /// Sends the process a signal that is meant to end it. Nothing more can be done if that
    /// fails.
    fn end(&mut self, rpc: &Rpc, exec: &Exec<'_>, signal: i32) {
        let request = ByName::about(rpc, exec.container_id, exec.exec_id);
        if let Ok(mut request) = request
            && request.set_number("signal", signal.unsigned_abs()).is_ok()
            && let Ok(payload) = request.payload()
        {
            let _ = self.ask(rpc, &payload, Some(LAST_WORDS));
        }
    }
}

/// Whether the agent says that it evaluates a policy.
fn has_policy(agent: &mut Agent, rpcs: &Rpcs) -> bool {
    let Some(rpc) = rpcs.details else {
        return false;
    };
    let Ok(Ok(answer)) = agent.ask(rpc, &[], Some(LAST_WORDS)) else {
        return false;
    };
    let details = ByName::answer(rpc, &answer);
    let features = details.map(|details| details.texts("agent_details", "extra_features"));
    features.is_ok_and(|features| features.iter().any(|feature| feature == POLICY))
}
