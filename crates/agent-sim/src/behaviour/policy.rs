//! The policy of an agent that was built with one.

use crate::call::Call;
use crate::policy::Policy;
use crate::protos::agent::SetPolicyRequest;
use crate::protos::empty::Empty;
use crate::refusal::{invalid, not_found};

use super::done;

/// Replaces the policy. An agent without one has no such call.
pub(crate) async fn set(call: Call<'_>, request: SetPolicyRequest) -> ttrpc::Result<Empty> {
    let set = move |policy: &mut dyn Policy| policy.set(&request.policy);
    match call.agent.ask(set).await? {
        None => Err(not_found("/grpc.AgentService/SetPolicy is not supported")),
        Some(taken) => {
            taken.map_err(invalid)?;
            done()
        }
    }
}
