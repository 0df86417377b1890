//! What a container may use. Nothing enforces it: it is told as it was set.

/// The limits. `None` is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sim) struct Limits {
    /// Bytes of memory.
    pub(in crate::sim) memory: Option<u64>,
    /// Bytes of memory and swap together.
    pub(in crate::sim) memory_and_swap: Option<u64>,
}
