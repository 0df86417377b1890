//! Events of containers that ran out of memory. A simulated guest has none of
//! its own: they are injected by whoever runs the agent.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

/// How many events wait at most, as in the real agent's queue.
const CAPACITY: usize = 100;

/// The events that nobody has been told of, oldest first.
#[derive(Debug)]
pub(crate) struct OomEvents {
    sender: mpsc::Sender<String>,
    events: Receiver,
}

/// Takes events, one caller at a time. It ends with the sandbox.
pub(crate) type Receiver = Arc<Mutex<mpsc::Receiver<String>>>;

impl Default for OomEvents {
    fn default() -> OomEvents {
        let (sender, events) = mpsc::channel(CAPACITY);
        OomEvents {
            sender,
            events: Arc::new(Mutex::new(events)),
        }
    }
}

impl OomEvents {
    /// Adds the event of a container, which need not be there. False if too many
    /// events wait already.
    pub(crate) fn inject(&self, container_id: &str) -> bool {
        self.sender.try_send(container_id.to_owned()).is_ok()
    }

    /// What takes them.
    pub(crate) fn receiver(&self) -> Receiver {
        Arc::clone(&self.events)
    }
}
