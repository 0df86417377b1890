//! The health service: is the agent there, and which one is it.

use crate::schema::Reflect;
use crate::sim::fields;

use super::{AGENT_VERSION, Context};

/// The version of the agent's interface, as agents have told it since it was made.
const INTERFACE_VERSION: &str = "0.0.1";

/// An agent that answers is serving.
pub(super) fn check(
    _: &Context<'_>,
    _: &dyn Reflect,
    response: &mut dyn Reflect,
) -> ttrpc::Result<()> {
    fields::set_enum(response, "status", "SERVING");
    Ok(())
}

/// Tells the version of this build.
pub(super) fn version(
    _: &Context<'_>,
    _: &dyn Reflect,
    response: &mut dyn Reflect,
) -> ttrpc::Result<()> {
    fields::set_string(response, "grpc_version", INTERFACE_VERSION);
    fields::set_string(response, "agent_version", AGENT_VERSION);
    Ok(())
}
