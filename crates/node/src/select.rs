//! Which sandbox or container a user means: by the beginning of an ID, or by a pod's name.

use crate::bundle::Container;
use crate::sandbox::{Sandbox, Survey};

/// Why what a user gave does not stand for one sandbox, or one container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Nothing was given.
    #[error("\"\" names no sandbox")]
    Empty,
    /// Nothing matches.
    #[error("no sandbox of this host matches {0:?}, by its ID, a container's ID or namespace/pod")]
    NoSandbox(String),
    /// Nothing that this user may read matches.
    #[error("nothing that this user may see on this host matches {0:?}")]
    NothingSeen(String),
    /// Only something that is not Kata's matches.
    #[error("the container {container:?} is not in a Kata sandbox: another runtime runs it")]
    OtherRuntime {
        /// The container's ID.
        container: String,
    },
    /// Several sandboxes match.
    #[error("{which:?} could be any of the sandboxes {}", .candidates.join(", "))]
    SeveralSandboxes {
        /// What was given.
        which: String,
        /// Their IDs, with their pods.
        candidates: Vec<String>,
    },
    /// No container matches.
    #[error(
        "no container of a Kata sandbox on this host matches {0:?}, by its ID or namespace/pod/container"
    )]
    NoContainer(String),
    /// Several containers match.
    #[error("{which:?} could be any of the containers {}", .candidates.join(", "))]
    SeveralContainers {
        /// What was given.
        which: String,
        /// Their IDs, with their names.
        candidates: Vec<String>,
    },
    /// A pod has no container but what keeps its sandbox.
    #[error("the pod {0:?} has no container beside that of its sandbox")]
    EmptyPod(String),
}

impl Survey {
    /// The sandbox that a prefix of its ID or of a container's, or `namespace/pod`, stands
    /// for. A whole ID is not taken for the prefix of another one.
    ///
    /// # Errors
    /// When none matches, or several do.
    pub fn sandbox(&self, which: &str) -> Result<&Sandbox, SelectError> {
        let matching = |is_it: &dyn Fn(&Sandbox) -> bool| {
            let found = self.sandboxes.iter().filter(|sandbox| is_it(sandbox));
            found.collect::<Vec<_>>()
        };
        if which.is_empty() {
            return Err(SelectError::Empty);
        }
        let mut found = matching(&|sandbox| {
            let mut containers = sandbox.containers.iter();
            sandbox.id == which
                || containers.any(|container| container.id == which)
                || is_of_pod(sandbox, which)
        });
        if found.is_empty() {
            found = matching(&|sandbox| {
                let mut containers = sandbox.containers.iter();
                sandbox.id.starts_with(which)
                    || containers.any(|container| container.id.starts_with(which))
            });
        }
        // A pod that was made again may have left its old sandbox behind.
        if found.len() > 1 && found.iter().all(|sandbox| is_of_pod(sandbox, which)) {
            let is_there = |sandbox: &&Sandbox| sandbox.state() != crate::State::LeftOver;
            let there: Vec<_> = found.iter().copied().filter(is_there).collect();
            if there.len() == 1 {
                found = there;
            }
        }
        match found.as_slice() {
            [only] => Ok(only),
            [] => Err(self.missing(which, SelectError::NoSandbox)),
            several => Err(SelectError::SeveralSandboxes {
                which: which.to_owned(),
                candidates: several
                    .iter()
                    .map(|it| shown(&it.id, it.pod.as_ref()))
                    .collect(),
            }),
        }
    }

    /// The container that a prefix of its ID, `namespace/pod/container`, or `namespace/pod`
    /// where that has only one, stands for, and its sandbox.
    ///
    /// # Errors
    /// When none matches, or several do.
    pub fn container(&self, which: &str) -> Result<(&Sandbox, &Container), SelectError> {
        let parts: Vec<&str> = which.split('/').collect();
        match parts.as_slice() {
            [id] => self.container_of_id(id),
            [namespace, pod, rest @ ..] => {
                let pod = format!("{namespace}/{pod}");
                let sandbox = self.sandbox(&pod)?;
                let name = rest.join("/");
                let is_it = |container: &&Container| match name.as_str() {
                    "" => !container.is_sandbox,
                    name => container.name.as_deref() == Some(name),
                };
                let found: Vec<_> = sandbox.containers.iter().filter(is_it).collect();
                match found.as_slice() {
                    [only] => Ok((sandbox, only)),
                    [] if name.is_empty() => Err(SelectError::EmptyPod(pod)),
                    [] => Err(self.missing(which, SelectError::NoContainer)),
                    several => Err(SelectError::SeveralContainers {
                        which: which.to_owned(),
                        candidates: several.iter().map(|it| named(it)).collect(),
                    }),
                }
            }
            [] => Err(SelectError::Empty),
        }
    }

    /// The container of one sandbox that a prefix of its ID, or its name, stands for.
    ///
    /// # Errors
    /// When none matches, or several do.
    pub fn container_in<'a>(
        &'a self,
        sandbox: &'a Sandbox,
        which: &str,
    ) -> Result<&'a Container, SelectError> {
        let all = || sandbox.containers.iter();
        let exact = all().find(|it| it.id == which || it.name.as_deref() == Some(which));
        if let Some(found) = exact {
            return Ok(found);
        }
        let found: Vec<_> = all().filter(|it| it.id.starts_with(which)).collect();
        match found.as_slice() {
            _ if which.is_empty() => Err(SelectError::Empty),
            [only] => Ok(only),
            [] => match self.container(which)? {
                (of, container) if of.id == sandbox.id => Ok(container),
                _ => Err(SelectError::NoContainer(which.to_owned())),
            },
            several => Err(SelectError::SeveralContainers {
                which: which.to_owned(),
                candidates: several.iter().map(|it| named(it)).collect(),
            }),
        }
    }

    fn container_of_id(&self, id: &str) -> Result<(&Sandbox, &Container), SelectError> {
        if id.is_empty() {
            return Err(SelectError::Empty);
        }
        let all = || {
            let sandboxes = self.sandboxes.iter();
            sandboxes.flat_map(|it| it.containers.iter().map(move |container| (it, container)))
        };
        if let Some(found) = all().find(|(_, container)| container.id == id) {
            return Ok(found);
        }
        let found: Vec<_> = all().filter(|(_, it)| it.id.starts_with(id)).collect();
        match found.as_slice() {
            [only] => Ok(*only),
            [] => Err(self.missing(id, SelectError::NoContainer)),
            several => Err(SelectError::SeveralContainers {
                which: id.to_owned(),
                candidates: several.iter().map(|(_, it)| named(it)).collect(),
            }),
        }
    }

    /// Why nothing matches: what does may be hidden from this user, or may not be Kata's.
    fn missing(&self, which: &str, otherwise: fn(String) -> SelectError) -> SelectError {
        if self.is_partial() {
            return SelectError::NothingSeen(which.to_owned());
        }
        let pod = |container: &Container| container.pod.as_ref().map(ToString::to_string);
        let mut others = self.others.iter();
        let found = others.find(|container| {
            container.id.starts_with(which) || pod(container).as_deref() == Some(which)
        });
        match found {
            Some(found) => SelectError::OtherRuntime {
                container: found.id.clone(),
            },
            None => otherwise(which.to_owned()),
        }
    }
}

fn is_of_pod(sandbox: &Sandbox, which: &str) -> bool {
    let pod = sandbox.pod.as_ref();
    pod.is_some_and(|pod| which.split_once('/') == Some((&pod.namespace, &pod.name)))
}

fn shown(id: &str, pod: Option<&crate::Pod>) -> String {
    match pod {
        Some(pod) => format!("{id} ({pod})"),
        None => id.to_owned(),
    }
}

fn named(container: &Container) -> String {
    match (&container.name, container.is_sandbox) {
        (Some(name), _) => format!("{} ({name})", container.id),
        (None, true) => format!("{} (the sandbox's own)", container.id),
        (None, false) => container.id.clone(),
    }
}
