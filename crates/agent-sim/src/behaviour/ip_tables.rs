//! The guest's IP tables. A guest has none unless its image has the programs
//! that the agent runs for them.

use nix::errno::Errno;

use crate::call::Call;
use crate::options::Feature;
use crate::protos::agent::{
    GetIPTablesRequest, GetIPTablesResponse, SetIPTablesRequest, SetIPTablesResponse,
};
use crate::refusal::{in_full, internal};

/// Tells the tables of a family as they were set.
pub(crate) async fn get(
    call: Call<'_>,
    request: GetIPTablesRequest,
) -> ttrpc::Result<GetIPTablesResponse> {
    need_programs(call)?;
    let guest = call.agent.guest();
    let mut response = GetIPTablesResponse::new();
    response.data.clone_from(match request.is_ipv6 {
        true => &guest.ip6_tables,
        false => &guest.ip_tables,
    });
    Ok(response)
}

/// Sets the tables of a family.
pub(crate) async fn set(
    call: Call<'_>,
    request: SetIPTablesRequest,
) -> ttrpc::Result<SetIPTablesResponse> {
    need_programs(call)?;
    let mut guest = call.agent.guest();
    match request.is_ipv6 {
        true => guest.ip6_tables = request.data,
        false => guest.ip_tables = request.data,
    }
    Ok(SetIPTablesResponse::new())
}

fn need_programs(call: Call<'_>) -> ttrpc::Result<()> {
    match call.agent.options.has(Feature::IpTables) {
        true => Ok(()),
        false => Err(internal(in_full(Errno::ENOENT))),
    }
}
