//! What a container may use. Nothing enforces it: it is told as it was set.

/// The limits. `None` is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Bytes of memory.
    pub(crate) memory: Option<u64>,
    /// Bytes of memory and swap together.
    pub(crate) memory_and_swap: Option<u64>,
}
