//! Agents that are not to be trusted: bytes on a socket, with no ttRPC library
//! behind them, for every state that a call can be in. Whatever comes back, the
//! tool says exactly what happened, in bounded time and memory.

pub(crate) mod agent;
mod frames;
mod handshake;
mod large;
mod messages;
mod several;
mod streams;
