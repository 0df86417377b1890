//! Lines that are no rules and that whoever is called carries out.

/// Carries out what a line asks of an agent.
pub trait Orders {
    /// A container is short of memory: its processes are killed, and whoever
    /// waits for such events is told.
    ///
    /// # Errors
    /// Why nobody can be told, in words for a user.
    fn oom(&self, container_id: &str) -> Result<(), String>;

    /// A process ends with a status, 0 to 255. An empty ID is that of the
    /// container's first process.
    ///
    /// # Errors
    /// Why it cannot, in words for a user.
    fn exit(&self, container_id: &str, exec_id: &str, status: i32) -> Result<(), String>;
}
