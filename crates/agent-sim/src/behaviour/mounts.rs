//! Mounts that are brought up to date in a running guest. Nothing is mounted
//! here, so only their folders and their kind matter.

use std::path::Path;

use crate::fields;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::wording::{quoted, system};
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    (
        "grpc.AgentService/UpdateEphemeralMounts",
        update_ephemeral_mounts,
    ),
    (
        "grpc.AgentService/RemoveStaleVirtiofsShareMounts",
        nothing_is_stale,
    ),
];

/// What a mount must have, in the order in which it is looked at.
const NEEDED: [(&str, &str); 3] = [
    ("source", "source"),
    ("mount_point", "destination"),
    ("fstype", "FS type"),
];

/// Makes the mount points of ephemeral storage.
fn update_ephemeral_mounts(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    _: &mut dyn Reflect,
) -> Answer {
    let failed = |reason: String| internal(quoted(format!("Failed to update mounts: {reason}")));
    for storage in fields::messages(request, "storages") {
        let driver = fields::string(storage, "driver");
        if driver != "ephemeral" {
            return Err(failed(format!(
                "Unsupported storage type for syncing mounts {driver}. \
                 Only ephemeral storage update is supported"
            )));
        }
        let folder = Path::new(fields::string(storage, "mount_point"));
        let made = context.state.files.make_folders(folder);
        made.map_err(|error| failed(system(error)))?;
        // It mounts only what has options.
        if fields::strings(storage, "options").next().is_some() {
            for (field, what) in NEEDED {
                if fields::string(storage, field).is_empty() {
                    return Err(failed(format!("need mount {what}")));
                }
            }
        }
    }
    Ok(Outcome::Done)
}

/// Looks at the mounts of the shared folder, of which there are none.
fn nothing_is_stale(_: &mut Context<'_>, _: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    Ok(Outcome::Done)
}
