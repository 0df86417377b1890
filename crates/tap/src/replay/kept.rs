//! The calls of a recording that its agent never got.

use std::collections::{HashMap, HashSet};

use crate::recording::{Kind, Record};

/// The calls that a rule kept from the agent. It is told of them after their requests, so a
/// recording is read for them before its calls are made.
#[derive(Debug, Default)]
pub struct Kept {
    /// How many requests there were.
    requests: u64,
    /// The number of the last request of a stream, by connection and stream.
    last: HashMap<(u64, u32), u64>,
    /// The numbers of the requests.
    kept: HashSet<u64>,
}

impl Kept {
    /// Whether the request of this number is one of them.
    pub(super) fn contain(&self, request: u64) -> bool {
        self.kept.contains(&request)
    }

    /// Takes note of what a record says.
    pub fn see(&mut self, record: &Record) {
        let (Some(connection), Some(stream)) = (record.connection, record.stream) else {
            if let (Some(connection), Kind::Close) = (record.connection, record.kind) {
                self.last.retain(|(of, _), _| *of != connection);
            }
            return;
        };
        if record.kind == Kind::Request {
            self.requests += 1;
            self.last.insert((connection, stream), self.requests);
        } else if record.kept_from_agent == Some(true)
            && let Some(request) = self.last.get(&(connection, stream))
        {
            self.kept.insert(*request);
        }
        if record.kind == Kind::Response {
            self.last.remove(&(connection, stream));
        }
    }
}
