//! The annotations of a sandbox's pod: a runtime is given them with each of its containers.

use crate::sandbox::Sandbox;

impl Sandbox {
    /// The annotation of this name, if a container's bundle has it.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        let mut containers = self.containers.iter();
        containers.find_map(|container| container.annotations.get(name).map(String::as_str))
    }
}
