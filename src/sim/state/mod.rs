//! What the agent knows and remembers: plain values, one file per area, that
//! behaviour reads and changes. It knows no message and no ttRPC.

/// The whole of it. Calls change it one at a time.
#[derive(Debug, Default)]
pub(super) struct State {}
