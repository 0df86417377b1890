//! What whoever runs an agent is told beside its answers.

use std::fmt;

/// A call that the agent never answers, as the real one would not.
#[derive(Debug, Clone)]
pub struct Never {
    /// Its stream ID.
    pub stream: u32,
    /// Its service's full name.
    pub service: String,
    /// Its method.
    pub method: String,
    /// Why it is not answered.
    pub reason: String,
}

impl fmt::Display for Never {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the agent never answers this {}: {}",
            self.method, self.reason
        )
    }
}

/// Watches what the agent does with the calls of one connection.
pub(crate) trait Watch: Send + Sync {
    /// A call is never answered.
    fn never(&self, call: &Never);

    /// A message of a stream was taken, of so many bytes.
    fn taken(&self, stream: u32, length: usize);
}

/// Tells somebody of calls that are never answered.
pub(crate) struct Tell(pub(crate) fn(&Never));

impl Watch for Tell {
    fn never(&self, call: &Never) {
        (self.0)(call);
    }

    fn taken(&self, _: u32, _: usize) {}
}
