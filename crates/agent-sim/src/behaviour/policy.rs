//! The policy of an agent that was built with one.

use crate::protos::agent::SetPolicyRequest;
use crate::protos::empty::Empty;
use crate::refusal::{invalid, not_found};
use crate::services::Call;

use super::done;

/// Replaces the policy. An agent without one has no such call.
pub(crate) async fn set(call: Call<'_>, request: SetPolicyRequest) -> ttrpc::Result<Empty> {
    match call.agent.policy().as_mut() {
        None => Err(not_found("/grpc.AgentService/SetPolicy is not supported")),
        Some(policy) => {
            policy.set(&request.policy).map_err(invalid)?;
            done()
        }
    }
}
