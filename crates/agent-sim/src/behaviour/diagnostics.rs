//! What the agent tells about a container that has gone wrong.

use nix::errno::Errno;

use crate::call::Call;
use crate::protos::agent::{GetDiagnosticDataRequest, GetDiagnosticDataResponse};
use crate::refusal::{internal, invalid, quoted, system};

/// How many bytes of a container's last words are told.
const MOST: usize = 4096;

/// Tells a container's last words. There is one kind of data.
pub(crate) async fn get(
    call: Call<'_>,
    request: GetDiagnosticDataRequest,
) -> ttrpc::Result<GetDiagnosticDataResponse> {
    let kind = &request.log_type;
    if kind != "termination_log" {
        let message = format!("unsupported diagnostic log_type: {kind}");
        return Err(invalid(quoted(message)));
    }
    let id = &request.container_id;
    let mut sandbox = call.sandbox().await;
    let found = sandbox.containers.find(id);
    let container = found.map_err(|missing| internal(format!("{missing}: {id}")))?;
    let path = container.last_words.as_ref().map_err(internal)?;
    let mut response = GetDiagnosticDataResponse::new();
    match call.agent.guest().files.read(path, MOST) {
        Ok(words) => response.data = String::from_utf8_lossy(&words).into_owned(),
        // It has said none.
        Err(Errno::ENOENT) => {}
        Err(error) => {
            let reason = format!("Failed to read termination log: {}", system(error));
            return Err(internal(reason));
        }
    }
    Ok(response)
}
