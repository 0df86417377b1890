//! What the agent does for each RPC: one row per RPC name. Messages are reached
//! through [`fields`](super::fields) only, so a row compiles and runs whether or
//! not the proto has its RPC and fields. Rows know no sockets and no ttRPC frames.

mod guest;
mod health;

use crate::schema::Reflect;

use super::host::Host;

/// What a row may look at and change beside the messages.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// The machine that the agent runs on.
    pub(super) host: &'a Host,
}

/// Fills the response, which comes empty, or refuses the request.
pub(super) type Behaviour =
    fn(&Context<'_>, request: &dyn Reflect, response: &mut dyn Reflect) -> ttrpc::Result<()>;

/// The RPCs that answer more than an empty response, by method name.
const ROWS: &[(&str, Behaviour)] = &[
    ("Check", health::check),
    ("GetGuestDetails", guest::get_guest_details),
    ("Version", health::version),
];

/// The version that the agent gives itself: that of this build.
const AGENT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The behaviour of an RPC, by its method name. `None` if its answer is empty.
pub(super) fn find(method: &str) -> Option<Behaviour> {
    let (_, behaviour) = ROWS.iter().find(|(name, _)| *name == method)?;
    Some(*behaviour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_each_is_found() {
        assert!(ROWS.is_sorted_by(|one, next| one.0 < next.0));
        assert!(ROWS.iter().all(|(name, _)| find(name).is_some()));
        assert!(find("Frobnicate").is_none());
    }
}
