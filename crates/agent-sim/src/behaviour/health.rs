//! The health service: is the agent there, and which one is it.

use crate::fields;
use agent_schema::Reflect;

use super::{AGENT_VERSION, Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.Health/Check", check),
    ("grpc.Health/Version", version),
];

/// The version of the agent's interface, as agents have told it since it was made.
const INTERFACE_VERSION: &str = "0.0.1";

/// An agent that answers is serving.
fn check(_: &mut Context<'_>, _: &dyn Reflect, response: &mut dyn Reflect) -> Answer {
    fields::set_enum(response, "status", "SERVING");
    Ok(Outcome::Done)
}

/// Tells the version of the agent that is imitated.
fn version(_: &mut Context<'_>, _: &dyn Reflect, response: &mut dyn Reflect) -> Answer {
    fields::set_string(response, "grpc_version", INTERFACE_VERSION);
    fields::set_string(response, "agent_version", AGENT_VERSION);
    Ok(Outcome::Done)
}
