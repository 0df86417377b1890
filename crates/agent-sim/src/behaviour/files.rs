//! Files that are copied into the guest.

use crate::call::Call;
use crate::protos::agent::CopyFileRequest;
use crate::protos::empty::Empty;
use crate::refusal::internal;
use crate::state::files::Piece;

use super::done;

/// Copies one piece, folder or link.
pub(crate) async fn copy(call: Call<'_>, request: CopyFileRequest) -> ttrpc::Result<Empty> {
    let piece = Piece {
        path: &request.path,
        file_size: request.file_size,
        file_mode: request.file_mode,
        dir_mode: request.dir_mode,
        // As the agent hands it to the kernel: -1 is the largest.
        user: request.uid.cast_unsigned(),
        group: request.gid.cast_unsigned(),
        offset: request.offset,
        data: &request.data,
    };
    let copied = call.agent.guest().files.copy(&piece);
    copied.map_err(internal)?;
    done()
}
