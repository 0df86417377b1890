//! What is of use on a node, on made-up hosts.

mod host;
mod sandboxes;
