//! The guest's IP tables. A guest has none unless its image has the programs
//! that the agent runs for them.

use nix::errno::Errno;

use crate::options::Feature;
use crate::protos::agent::{
    GetIPTablesRequest, GetIPTablesResponse, SetIPTablesRequest, SetIPTablesResponse,
};
use crate::refusal::{in_full, internal, quoted};
use crate::services::Call;

/// Tells the tables of a family as iptables-save(8) does.
pub(crate) async fn get(
    call: Call<'_>,
    request: GetIPTablesRequest,
) -> ttrpc::Result<GetIPTablesResponse> {
    need_programs(call)?;
    let guest = call.agent.guest();
    let tables = match request.is_ipv6 {
        true => &guest.ip6_tables,
        false => &guest.ip_tables,
    };
    let mut response = GetIPTablesResponse::new();
    response.data = tables.save().into_bytes();
    Ok(response)
}

/// Sets tables of a family as iptables-restore(8) does.
pub(crate) async fn set(
    call: Call<'_>,
    request: SetIPTablesRequest,
) -> ttrpc::Result<SetIPTablesResponse> {
    need_programs(call)?;
    let mut guest = call.agent.guest();
    let (tables, program) = match request.is_ipv6 {
        true => (&mut guest.ip6_tables, "ip6tables-restore"),
        false => (&mut guest.ip_tables, "iptables-restore"),
    };
    tables.restore(&request.data).map_err(|error| {
        let told = quoted(format!("{program}: {error}\n"));
        internal(quoted(format!("/sbin/{program} failed: {told}")))
    })?;
    Ok(SetIPTablesResponse::new())
}

fn need_programs(call: Call<'_>) -> ttrpc::Result<()> {
    match call.agent.options.has(Feature::IpTables) {
        true => Ok(()),
        false => Err(internal(in_full(Errno::ENOENT))),
    }
}
