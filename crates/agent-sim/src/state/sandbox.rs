//! The sandbox that all containers share. It knows nothing of them.

/// The sandbox.
#[derive(Debug, Default)]
pub(crate) struct Sandbox {
    /// Its name, unless none was given.
    pub(crate) id: String,
    /// The guest's host name.
    pub(crate) hostname: String,
    /// Whether it was created. Containers can be made before that too.
    pub(crate) is_set_up: bool,
    /// Whether there is a process namespace that containers may share: that of
    /// the first container there was.
    pub(crate) has_process_namespace: bool,
}
