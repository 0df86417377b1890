//! The containers by ID, and how processes in them are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container::Container;
use super::task::Task;

/// What a call names is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// The container.
    #[error("Invalid container id")]
    Container,
    /// Its first process: it was waited for.
    #[error("Process not found: init process missing")]
    First,
    /// A process by its ID: it never was, or it was waited for.
    #[error("Process not found: invalid exec id")]
    Process,
}

/// The containers. All of their processes are killed when they go.
#[derive(Debug, Default)]
pub(crate) struct Containers(BTreeMap<String, Container>);

impl Containers {
    /// A container.
    ///
    /// # Errors
    /// [`Missing::Container`].
    pub(crate) fn find(&mut self, id: &str) -> Result<&mut Container, Missing> {
        self.0.get_mut(id).ok_or(Missing::Container)
    }

    /// A process that was not waited for; the container's first one if its ID is
    /// empty.
    ///
    /// # Errors
    /// As [`Missing`] lists them.
    pub(crate) fn find_task(&mut self, id: &str, exec_id: &str) -> Result<Arc<Task>, Missing> {
        let container = self.find(id)?;
        let (found, missing) = match exec_id {
            "" => (container.first(), Missing::First),
            _ => (container.task(exec_id), Missing::Process),
        };
        found.cloned().ok_or(missing)
    }

    /// Adds a container. One of the same ID is removed.
    pub(crate) fn insert(&mut self, id: &str, container: Container) {
        // Its place is free, unless the caller did not look.
        let _ = self.remove(id);
        self.0.insert(id.to_owned(), container);
    }

    /// Removes a container, and kills its processes.
    ///
    /// # Errors
    /// [`Missing::Container`].
    pub(crate) fn remove(&mut self, id: &str) -> Result<(), Missing> {
        let mut container = self.0.remove(id).ok_or(Missing::Container)?;
        container.kill();
        Ok(())
    }

    /// Removes all of them.
    pub(crate) fn clear(&mut self) {
        for container in std::mem::take(&mut self.0).values_mut() {
            container.kill();
        }
    }
}
