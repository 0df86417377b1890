//! Files that are copied into the guest.

use crate::fields;
use crate::refusal::internal;
use crate::state::files::Piece;
use agent_schema::Reflect;

use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[("grpc.AgentService/CopyFile", copy_file)];

/// Copies one piece, folder or link.
fn copy_file(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let number = |name| fields::integer(request, name);
    let piece = Piece {
        path: fields::string(request, "path"),
        file_size: low_64(number("file_size")),
        file_mode: low_32(number("file_mode")),
        dir_mode: low_32(number("dir_mode")),
        user: low_32(number("uid")),
        group: low_32(number("gid")),
        offset: low_64(number("offset")),
        data: fields::bytes(request, "data"),
    };
    context.state.files.copy(&piece).map_err(internal)?;
    Ok(Outcome::Done)
}

/// A number as the agent hands it to the kernel: -1 is the largest.
fn low_32(number: i128) -> u32 {
    u32::try_from(number & i128::from(u32::MAX)).unwrap_or_default()
}

/// A number that its field's type holds.
fn low_64(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
