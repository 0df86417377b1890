//! What is of use on a node, on made-up hosts.

mod agent;
mod doctor;
mod exec;
mod exec_terminal;
mod history;
pub(crate) mod host;
mod probe;
mod sandboxes;
