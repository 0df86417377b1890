//! The sandbox that all containers share. It knows nothing of them.

/// The sandbox.
#[derive(Debug, Default)]
pub(in crate::sim) struct Sandbox {
    /// Its name, unless none was given.
    pub(in crate::sim) id: String,
    /// The guest's host name.
    pub(in crate::sim) hostname: String,
    /// Whether it was created. Containers can be made before that too.
    pub(in crate::sim) is_set_up: bool,
    /// Whether there is a process namespace that containers may share: that of
    /// the first container there was.
    pub(in crate::sim) has_process_namespace: bool,
}
