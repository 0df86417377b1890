//! The guest's volumes: what room they have, and their size.

use std::path::Path;

use ttrpc::Code;

use crate::fields;
use crate::refusal::{internal, refusal};
use crate::state::files::Room;
use agent_schema::Reflect;

use super::wording::{in_full, quoted};
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/GetVolumeStats", get_volume_stats),
    ("grpc.AgentService/ResizeVolume", resize_volume),
];

/// Tells the room of the file system that a path is on.
fn get_volume_stats(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let path = Path::new(fields::string(request, "volume_guest_path"));
    if path.as_os_str().is_empty() {
        return Err(internal(in_full(nix::errno::Errno::ENOENT)));
    }
    let usage = context.state.files.usage(path);
    let usage = usage.map_err(|error| internal(in_full(error)))?;
    tell(response, usage.bytes, "BYTES");
    tell(response, usage.inodes, "INODES");
    if let Some(condition) = fields::message_mut(response, "volume_condition") {
        fields::set_string(condition, "message", "OK");
    }
    Ok(Outcome::Done)
}

fn tell(response: &mut dyn Reflect, room: Room, unit: &str) {
    if let Some(usage) = fields::push_message(response, "usage") {
        fields::set_integer(usage, "total", room.total);
        fields::set_integer(usage, "available", room.free);
        fields::set_integer(usage, "used", room.total.saturating_sub(room.free));
        fields::set_enum(usage, "unit", unit);
    }
}

/// The agent has this call and refuses it always.
fn resize_volume(_: &mut Context<'_>, _: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    Err(refusal(
        Code::UNIMPLEMENTED,
        quoted("resize_volume is not implemented in kata-agent"),
    ))
}
