//! What arrives at an agent when the tool is run.

use typed_peer::{Peer, Received};

use crate::tool::{Tool, connect};

/// What arrives when the tool is run with these arguments: one line for each
/// call, its name and its request in protobuf's text format.
#[track_caller]
pub(crate) fn sent(arguments: &[&str]) -> Vec<String> {
    sent_by(|address| connect(address, arguments))
}

/// The same for a run that is made from the peer's address.
#[track_caller]
pub(crate) fn sent_by(tool: impl FnOnce(&str) -> Tool) -> Vec<String> {
    let peer = Peer::start();
    tool(peer.address()).run().succeeded();
    lines(&peer)
}

/// The calls that arrived, in the same form.
pub(crate) fn lines(peer: &Peer) -> Vec<String> {
    let received = peer.received();
    let line = |call: &Received| {
        let line = format!("{} {}", call.name(), call.text());
        line.trim_end().to_owned()
    };
    received.iter().map(line).collect()
}

/// What one command with `-n` sends.
#[track_caller]
pub(crate) fn sent_exactly(command: &str) -> String {
    let mut sent = sent(&["-n", "-c", command]);
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}
