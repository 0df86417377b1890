//! The policy of an agent that was built with one: it is asked about each
//! request before anything else, about a new policy too.

use ttrpc::Code;

use crate::fields;
use crate::options::{Feature, GuestOptions};
use crate::refusal::{internal, invalid, not_found, refusal};
use crate::state::State;
use crate::state::policy::{PolicyError, Verdict};
use agent_schema::{Reflect, Rpc};

use super::wording::quoted;
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/SetPolicy", set_policy)];

/// The service whose requests are held to the policy. Others, such as that of
/// health, answer anybody.
const SERVICE: &str = "grpc.AgentService";

/// Refuses a request that the policy does not allow.
///
/// # Errors
/// `PERMISSION_DENIED`; `INTERNAL` for a request that no rule is about.
pub(crate) fn permit(
    options: &GuestOptions,
    state: &State,
    rpc: &'static Rpc,
) -> ttrpc::Result<()> {
    if !options.has(Feature::Policy) || rpc.service != SERVICE {
        return Ok(());
    }
    let request = last(rpc.request.full_name);
    match state.policy.verdict(request) {
        Verdict::Allowed => Ok(()),
        Verdict::Denied => Err(refusal(
            Code::PERMISSION_DENIED,
            quoted(format!("{request} is blocked by policy: ")),
        )),
        Verdict::Undefined => Err(internal(quoted(format!(
            "{request}: internal error policy check: unexpected eval_query result len \
             QueryResults {{ result: [] }}"
        )))),
    }
}

/// The last part of a name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Replaces the policy. An agent without one has no such call.
fn set_policy(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    if !context.options.has(Feature::Policy) {
        return Err(not_found("/grpc.AgentService/SetPolicy is not supported"));
    }
    let text = fields::string(request, "policy");
    let set = context.state.policy.set(text);
    set.map_err(|error| match error {
        PolicyError::Wrong { .. } => invalid(error),
        PolicyError::Unknown(_) => refusal(Code::UNIMPLEMENTED, error),
    })?;
    Ok(Outcome::Done)
}
