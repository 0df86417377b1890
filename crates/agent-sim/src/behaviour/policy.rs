//! The policy of an agent that was built with one.

use ttrpc::Code;

use crate::options::Feature;
use crate::protos::agent::SetPolicyRequest;
use crate::protos::empty::Empty;
use crate::refusal::{invalid, not_found, refusal};
use crate::services::Call;
use crate::state::policy::PolicyError;

use super::done;

/// Replaces the policy. An agent without one has no such call.
pub(crate) async fn set(call: Call<'_>, request: SetPolicyRequest) -> ttrpc::Result<Empty> {
    if !call.agent.options.has(Feature::Policy) {
        return Err(not_found("/grpc.AgentService/SetPolicy is not supported"));
    }
    let set = call.agent.guest().policy.set(&request.policy);
    set.map_err(|error| match error {
        PolicyError::Wrong { .. } => invalid(error),
        PolicyError::Unknown(_) => refusal(Code::UNIMPLEMENTED, error),
    })?;
    done()
}
