//! The guest's IP tables. A guest has none unless its image has the programs
//! that the agent runs for them.

use nix::errno::Errno;

use crate::fields;
use crate::options::Feature;
use crate::refusal::internal;
use agent_schema::Reflect;

use super::wording::{in_full, quoted};
use super::{Answer, Context, Outcome, Row};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/GetIPTables", get_ip_tables),
    ("grpc.AgentService/SetIPTables", set_ip_tables),
];

/// Tells the tables of a family as iptables-save(8) does.
fn get_ip_tables(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    need_programs(context)?;
    let text = match fields::is_true(request, "is_ipv6") {
        true => context.state.ip6_tables.save(),
        false => context.state.ip_tables.save(),
    };
    fields::set_bytes(response, "data", text.as_bytes());
    Ok(Outcome::Done)
}

/// Sets tables of a family as iptables-restore(8) does.
fn set_ip_tables(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    need_programs(context)?;
    let (tables, program) = match fields::is_true(request, "is_ipv6") {
        true => (&mut context.state.ip6_tables, "ip6tables-restore"),
        false => (&mut context.state.ip_tables, "iptables-restore"),
    };
    let restored = tables.restore(fields::bytes(request, "data"));
    restored.map_err(|error| {
        let told = quoted(format!("{program}: {error}\n"));
        internal(quoted(format!("/sbin/{program} failed: {told}")))
    })?;
    Ok(Outcome::Done)
}

fn need_programs(context: &Context<'_>) -> ttrpc::Result<()> {
    match context.options.has(Feature::IpTables) {
        true => Ok(()),
        false => Err(internal(in_full(Errno::ENOENT))),
    }
}
