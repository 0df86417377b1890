//! The policy of an agent that was built with one.

use std::sync::Arc;

use crate::protos::agent::SetPolicyRequest;
use crate::protos::empty::Empty;
use crate::refusal::{invalid, not_found};
use crate::services::Call;

use super::done;

/// Replaces the policy. An agent without one has no such call.
pub(crate) async fn set(call: Call<'_>, request: SetPolicyRequest) -> ttrpc::Result<Empty> {
    let Some(policy) = call.agent.options.policy.as_ref().map(Arc::clone) else {
        return Err(not_found("/grpc.AgentService/SetPolicy is not supported"));
    };
    let replaced = tokio::task::spawn_blocking(move || policy.replace(&request.policy)).await;
    replaced.map_err(invalid)?.map_err(invalid)?;
    done()
}
