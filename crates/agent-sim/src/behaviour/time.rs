//! The guest's clock and its random numbers: what a guest lacks after it was
//! restored from a template.

use crate::fields;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/SetGuestDateTime", set_guest_date_time),
    ("grpc.AgentService/ReseedRandomDev", reseed_random_dev),
];

/// Sets the guest's clock, never this machine's.
fn set_guest_date_time(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let number = |name| i64::try_from(fields::integer(request, name)).unwrap_or(i64::MAX);
    let set = context.state.clock.set(number("Sec"), number("Usec"));
    // Its name and its text, as the agent's library tells an error number.
    set.map_err(|error| internal(error.to_string()))?;
    Ok(Outcome::Done)
}

/// Takes entropy, and has no use for it: the simulation draws no random numbers.
fn reseed_random_dev(_: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    if fields::bytes(request, "data").is_empty() {
        return Err(internal("missing entropy data"));
    }
    Ok(Outcome::Done)
}
