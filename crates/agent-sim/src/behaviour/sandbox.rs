//! The sandbox: its creation, once, and its end, after which the agent is as new.

use crate::call::Call;
use crate::protos::agent::{CreateSandboxRequest, DestroySandboxRequest};
use crate::protos::empty::Empty;
use crate::refusal::internal;

use super::done;
use super::storages::check_storages;

/// Makes the sandbox, and removes what was copied for one before. A second time
/// it fails, having done that.
pub(crate) async fn create(call: Call<'_>, request: CreateSandboxRequest) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    call.agent.guest().files.empty();
    if request
        .kernel_modules
        .iter()
        .any(|module| module.name.is_empty())
    {
        return Err(internal("Kernel module name is empty"));
    }
    if std::mem::replace(&mut sandbox.is_set_up, true) {
        return Err(internal("setup persistent IPC namespace"));
    }
    check_storages(&request.storages)?;
    done()
}

/// Ends all containers and forgets everything, whether there was a sandbox or not.
pub(crate) async fn destroy(call: Call<'_>, _: DestroySandboxRequest) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    call.agent.begin_anew(&mut sandbox).await;
    done()
}
