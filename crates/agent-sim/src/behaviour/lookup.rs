//! Finding what a request names, and the different ways in which the agent says
//! that it is not there.

use ttrpc::Error;

use crate::refusal::{internal, invalid, not_found};
use crate::state::{Container, Missing, Sandbox};

/// A container.
///
/// # Errors
/// `INVALID_ARGUMENT`, with quotes in its message.
pub(super) fn container<'a>(
    sandbox: &'a mut Sandbox,
    id: &str,
) -> ttrpc::Result<&'a mut Container> {
    let found = sandbox.containers.find(id);
    found.map_err(|_| invalid("\"invalid container id\""))
}

/// Says what is missing by a status of its own and the name of the mistake.
pub(super) fn by_status(missing: Missing) -> Error {
    match missing {
        Missing::Container => invalid("InvalidContainerId"),
        Missing::First => not_found("InitProcessNotFound"),
        Missing::Process => not_found("InvalidExecId"),
    }
}

/// Says what is missing as any other mistake within the agent.
pub(super) fn by_text(missing: Missing) -> Error {
    internal(missing)
}
