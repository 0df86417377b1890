//! What kind of agent is simulated, as whoever starts one chooses it.

/// The guest that the agent pretends to be in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct GuestOptions {}
