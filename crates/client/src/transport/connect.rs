//! Connecting with patience: attempt after attempt while the agent may still be starting.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::refusal::Refusal;
use super::{Address, Attempt, SimConnector};
use crate::deadline::Deadline;
use crate::error::ErrorKind;
use crate::interrupt;

/// The pause after the first attempt; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// The time that an only attempt may take.
const ONLY_ATTEMPT: Duration = Duration::from_secs(3);
/// An attempt that the deadline cut shorter than this tells nothing new.
const TELLING_ATTEMPT: Duration = Duration::from_millis(100);

/// How to connect.
#[derive(Debug, Clone, Copy)]
pub struct ConnectOptions {
    /// How long to keep trying, the last attempt included. Zero is one attempt,
    /// for which the other side gets three seconds to react.
    pub timeout: Duration,
    /// How to reach the simulated agent, for `sim://`.
    pub sim: Option<SimConnector>,
}

impl Default for ConnectOptions {
    /// Three seconds, and no simulated agent.
    fn default() -> Self {
        ConnectOptions {
            timeout: Duration::from_secs(3),
            sim: None,
        }
    }
}

/// There is no connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// Trying again would not have helped, or no second attempt was asked for.
    #[error("cannot connect to {address:?}: {refusal}")]
    Refused {
        /// The address as a URI.
        address: String,
        /// Why.
        refusal: Refusal,
    },
    /// The agent did not appear in time.
    #[error("cannot connect to {address:?}: {refusal} (tried for {timeout:?})")]
    NotInTime {
        /// The address as a URI.
        address: String,
        /// Why the last attempt failed.
        refusal: Refusal,
        /// How long was tried.
        timeout: Duration,
    },
    /// SIGINT or SIGTERM came first.
    #[error("interrupted")]
    Interrupted,
}

impl ConnectError {
    /// What the failure is about: the connection, or a signal.
    pub fn kind(&self) -> ErrorKind {
        match self {
            ConnectError::Refused { .. } | ConnectError::NotInTime { .. } => ErrorKind::Connection,
            ConnectError::Interrupted => ErrorKind::Interrupted,
        }
    }
}

/// A connected socket to `address`, which does not block.
///
/// # Errors
/// When there is no connection in time, or a signal came.
pub fn connect(address: &Address, options: &ConnectOptions) -> Result<OwnedFd, ConnectError> {
    let is_only = options.timeout.is_zero();
    let limit = if is_only {
        ONLY_ATTEMPT
    } else {
        options.timeout
    };
    let attempt = Attempt {
        deadline: Deadline::starting_now(Some(limit)),
        sim: options.sim,
    };
    let refused = |refusal| ConnectError::Refused {
        address: address.to_string(),
        refusal,
    };
    let not_in_time = |refusal| ConnectError::NotInTime {
        address: address.to_string(),
        refusal,
        timeout: limit,
    };
    let mut pause = FIRST_PAUSE;
    let mut last: Option<Refusal> = None;
    loop {
        let began = Instant::now();
        let refusal = match address.open(&attempt) {
            Ok(socket) => return Ok(socket),
            Err(Refusal::Interrupted) => return Err(ConnectError::Interrupted),
            Err(refusal) => refusal,
        };
        let left = attempt.deadline.remaining().unwrap_or_default();
        if left.is_zero() {
            let told = last.filter(|_| began.elapsed() < TELLING_ATTEMPT);
            return Err(not_in_time(told.unwrap_or(refusal)));
        }
        if is_only || !refusal.may_pass() {
            return Err(refused(refusal));
        }
        if left <= pause {
            // Nothing is gained by an attempt that has no time.
            interrupt::sleep(left).map_err(|_| ConnectError::Interrupted)?;
            return Err(not_in_time(refusal));
        }
        last = Some(refusal);
        interrupt::sleep(pause).map_err(|_| ConnectError::Interrupted)?;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}
