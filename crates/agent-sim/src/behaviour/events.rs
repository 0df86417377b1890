//! Events that callers wait for.

use crate::call::Call;
use crate::protos::agent::{GetOOMEventRequest, OOMEvent};
use crate::refusal::internal;

/// Tells one caller of each container that was short of memory, and fails when
/// the agent ends first.
pub(crate) async fn get_oom(call: Call<'_>, _: GetOOMEventRequest) -> ttrpc::Result<OOMEvent> {
    let events = call.sandbox().await.oom.receiver();
    let event = events.lock().await.recv().await;
    let container_id = event.ok_or_else(|| internal("\"\""))?;
    Ok(OOMEvent {
        container_id,
        ..OOMEvent::new()
    })
}
