//! The guest's volumes: what room they have, and their size.

use std::path::Path;

use nix::errno::Errno;
use ttrpc::Code;

use crate::call::Call;
use crate::protos::agent::{ResizeVolumeRequest, VolumeStatsRequest};
use crate::protos::csi::volume_usage::Unit;
use crate::protos::csi::{VolumeCondition, VolumeStatsResponse, VolumeUsage};
use crate::protos::empty::Empty;
use crate::refusal::{in_full, internal, quoted, refusal};
use crate::state::files::Room;

/// Tells the room of the file system that a path is on.
pub(crate) async fn stats(
    call: Call<'_>,
    request: VolumeStatsRequest,
) -> ttrpc::Result<VolumeStatsResponse> {
    let path = Path::new(&request.volume_guest_path);
    if path.as_os_str().is_empty() {
        return Err(internal(in_full(Errno::ENOENT)));
    }
    let usage = call.agent.guest().files.usage(path);
    let usage = usage.map_err(|error| internal(in_full(error)))?;
    let told = |room: Room, unit: Unit| VolumeUsage {
        total: room.total,
        available: room.free,
        used: room.total.saturating_sub(room.free),
        unit: unit.into(),
        ..VolumeUsage::new()
    };
    let mut condition = VolumeCondition::new();
    condition.message = "OK".to_owned();
    let mut response = VolumeStatsResponse::new();
    response.usage = vec![
        told(usage.bytes, Unit::BYTES),
        told(usage.inodes, Unit::INODES),
    ];
    response.volume_condition = Some(condition).into();
    Ok(response)
}

/// The agent has this call and refuses it always.
pub(crate) async fn resize(_: Call<'_>, _: ResizeVolumeRequest) -> ttrpc::Result<Empty> {
    Err(refusal(
        Code::UNIMPLEMENTED,
        quoted("resize_volume is not implemented in kata-agent"),
    ))
}
