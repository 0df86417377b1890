//! `sim://`: the simulated agent in this process, over a real socket. How to
//! reach it is handed in, so this file need not know which protos it answers.

use std::os::fd::OwnedFd;

use super::address::AddressProblem;
use super::refusal::Refusal;
use super::{Attempt, Transport};

/// The simulated agent.
pub(super) struct Sim;

/// Reads what follows `sim://`: nothing.
pub(super) fn parse(text: &str) -> Result<Sim, AddressProblem> {
    if text.is_empty() {
        Ok(Sim)
    } else {
        Err(AddressProblem::Trailing(text.to_owned()))
    }
}

impl Transport for Sim {
    fn open(&self, attempt: &Attempt) -> Result<OwnedFd, Refusal> {
        let connect = attempt.sim.ok_or(Refusal::NoSim)?;
        connect()
            .map(OwnedFd::from)
            .map_err(|error| Refusal::SimFailed(error.to_string()))
    }
}
