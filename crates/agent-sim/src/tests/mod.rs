//! The simulated agent, called over its socket with frames made by hand.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod api;
mod faulty;
mod processes;
mod recording;
mod script;
mod serving;
mod streaming;
mod unary;
mod wire;
