//! The simulated agent, called over its socket with frames made by hand.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod api;
mod build;
mod called;
mod containers;
mod families;
mod faulty;
mod guest;
mod processes;
mod recording;
mod running;
mod script;
mod serving;
mod streaming;
mod unary;
mod wire;
