//! Mounts that are brought up to date in a running guest. Nothing is mounted
//! here, so only their folders and their kind matter.

use std::path::Path;

use crate::call::Call;
use crate::protos::agent::{RemoveStaleVirtiofsShareMountsRequest, UpdateEphemeralMountsRequest};
use crate::protos::empty::Empty;
use crate::refusal::{internal, quoted, system};

use super::done;

/// Makes the mount points of ephemeral storage.
pub(crate) async fn update_ephemeral(
    call: Call<'_>,
    request: UpdateEphemeralMountsRequest,
) -> ttrpc::Result<Empty> {
    let _sandbox = call.sandbox().await;
    let failed = |reason: String| internal(quoted(format!("Failed to update mounts: {reason}")));
    for storage in &request.storages {
        let driver = &storage.driver;
        if driver != "ephemeral" {
            return Err(failed(format!(
                "Unsupported storage type for syncing mounts {driver}. \
                 Only ephemeral storage update is supported"
            )));
        }
        let folder = Path::new(&storage.mount_point);
        let made = call.agent.guest().files.make_folders(folder);
        made.map_err(|error| failed(system(error)))?;
        // It mounts only what has options.
        let missing = [
            (&storage.source, "source"),
            (&storage.mount_point, "destination"),
            (&storage.fstype, "FS type"),
        ];
        let missing = missing.iter().find(|(field, _)| field.is_empty());
        if let (false, Some((_, what))) = (storage.options.is_empty(), missing) {
            return Err(failed(format!("need mount {what}")));
        }
    }
    done()
}

/// Looks at the mounts of the shared folder, of which there are none.
pub(crate) async fn remove_stale(
    _: Call<'_>,
    _: RemoveStaleVirtiofsShareMountsRequest,
) -> ttrpc::Result<Empty> {
    done()
}
