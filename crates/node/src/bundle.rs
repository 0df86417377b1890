//! The containers of a host, from the OCI bundles that containerd, k3s and CRI-O keep: whose
//! sandbox each belongs to, and which pod that is.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::host::{Host, Unread};

/// Folders with a folder for each namespace, and in that a bundle for each container.
const CONTAINERD: [&str; 2] = [
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/k3s/containerd/io.containerd.runtime.v2.task",
];
/// A folder with one for each container, which has the bundle within it.
const CRIO: &str = "/run/containers/storage/overlay-containers";

/// Annotations, those of containerd first, by which managers say the same.
const SANDBOX_ID: [&str; 2] = [
    "io.kubernetes.cri.sandbox-id",
    "io.kubernetes.cri-o.SandboxID",
];
const TYPE: [&str; 2] = [
    "io.kubernetes.cri.container-type",
    "io.kubernetes.cri-o.ContainerType",
];
const POD_NAMESPACE: [&str; 3] = [
    "io.kubernetes.cri.sandbox-namespace",
    "io.kubernetes.cri-o.Namespace",
    "io.kubernetes.pod.namespace",
];
const POD_NAME: [&str; 3] = [
    "io.kubernetes.cri.sandbox-name",
    "io.kubernetes.cri-o.KubeName",
    "io.kubernetes.pod.name",
];
const CONTAINER_NAME: [&str; 2] = [
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
];

/// A pod's name in its cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pod {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl std::fmt::Display for Pod {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A container, as its bundle describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its ID.
    pub id: String,
    /// The ID of its sandbox; its own, if nothing says otherwise.
    pub sandbox_id: String,
    /// Its pod.
    pub pod: Option<Pod>,
    /// Its name within the pod.
    pub name: Option<String>,
    /// The folder of its `config.json`.
    pub bundle: PathBuf,
    /// Whether it is what keeps the sandbox, and not one that a user asked for.
    pub is_sandbox: bool,
    /// Its annotations, as far as they are text.
    pub annotations: HashMap<String, String>,
}

/// Of a `config.json`, all that matters here.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    annotations: HashMap<String, Value>,
}

/// All containers of the host, of whichever runtime.
pub(crate) fn containers(host: &Host, unread: &mut Vec<Unread>) -> Vec<Container> {
    let mut found = Vec::new();
    for tasks in CONTAINERD {
        let tasks = host.path(tasks);
        for namespace in folders(host, &tasks, unread) {
            let namespace = tasks.join(namespace);
            for id in folders(host, &namespace, unread) {
                let bundle = namespace.join(&id);
                found.push(container(host, id, bundle, unread));
            }
        }
    }
    let storage = host.path(CRIO);
    for id in folders(host, &storage, unread) {
        let bundle = storage.join(&id).join("userdata");
        found.push(container(host, id, bundle, unread));
    }
    found
}

/// The folders in a folder that need not be there.
pub(crate) fn folders(host: &Host, path: &Path, unread: &mut Vec<Unread>) -> Vec<String> {
    host.folders(path).unwrap_or_else(|error| {
        if error.kind() != ErrorKind::NotFound {
            unread.push(Unread::new(path, &error));
        }
        Vec::new()
    })
}

fn container(host: &Host, id: String, bundle: PathBuf, unread: &mut Vec<Unread>) -> Container {
    let config: Option<Config> = host.json(&bundle.join("config.json"), unread);
    let annotations = config.map(|config| config.annotations).unwrap_or_default();
    let texts = annotations
        .into_iter()
        .filter_map(|(key, value)| match value {
            Value::String(text) => Some((key, text)),
            _ => None,
        });
    let annotations: HashMap<String, String> = texts.collect();
    let first = |keys: &[&str]| {
        let mut values = keys.iter().filter_map(|key| annotations.get(*key));
        values.find(|value| !value.is_empty()).cloned()
    };
    let pod = match (first(&POD_NAMESPACE), first(&POD_NAME)) {
        (Some(namespace), Some(name)) => Some(Pod { namespace, name }),
        _ => None,
    };
    let sandbox_id = first(&SANDBOX_ID).unwrap_or_else(|| id.clone());
    // A container without a pod is its own sandbox, and the one that its user asked for.
    let is_sandbox = match first(&TYPE) {
        Some(kind) => kind == "sandbox",
        None => pod.is_some() && sandbox_id == id,
    };
    Container {
        sandbox_id,
        pod,
        name: first(&CONTAINER_NAME).filter(|_| !is_sandbox),
        bundle,
        is_sandbox,
        annotations,
        id,
    }
}
