//! The agent's policy: what it says about a request, and why.
//!
//! In confidential containers each call to the agent is judged by a Rego policy. This crate
//! asks a policy as the agent does, with the agent's engine ([`Judge`]), says which expression
//! was not true ([`Judge::why`]), and finds what a policy does not look at ([`audit`]). It
//! reads policies ([`source`]) and requests ([`request`]) from where people have them.
//!
//! An engine runs in a process of its own, as a policy may take endless time or end it. A
//! program that uses [`Judge`] runs [`work`] when it is started by it.

#![forbid(unsafe_code)]

mod agent;
pub mod audit;
mod engine;
pub mod explain;
pub mod export;
mod judge;
mod never;
mod patterns;
mod protocol;
pub mod request;
pub mod show;
pub mod source;
mod trace;
mod worker;

pub use agent::{Agent, Refusal, Why, verdict_of};
pub use engine::{Rego, Verdict};
pub use judge::{Judge, JudgeError};
pub use never::never_allowed;
pub use request::{Case, Given, Request, RequestError};
pub use source::SourceError;
pub use trace::{Line, Part, Reason, Step, Stop, Stops, What};
pub use worker::work;
