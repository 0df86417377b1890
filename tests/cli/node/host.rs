//! A made-up host below a temporary folder: the folders, files and sockets that both runtimes
//! and the container managers keep, with shims that answer as real ones do.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) struct Host {
    folder: TempDir,
}

/// Where containerd, k3s and CRI-O keep bundles.
pub(crate) const CONTAINERD: &str = "run/containerd/io.containerd.runtime.v2.task/k8s.io";
pub(crate) const K3S: &str = "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io";

/// An answer of a Go shim: a small body has its length before it.
pub(crate) fn ok(body: &str) -> String {
    said("200 OK", body)
}

pub(crate) fn said(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")
}

impl Host {
    pub(crate) fn new() -> Self {
        let host = Self {
            folder: TempDir::with_prefix("host").unwrap(),
        };
        // Others may look in, as far as they may read what is there.
        fs::set_permissions(host.root(), fs::Permissions::from_mode(0o755)).unwrap();
        host.process(1, &["/sbin/init"]);
        host
    }

    /// The host's root.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn option(&self) -> String {
        format!("--host-root={}", self.root().display())
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A process with these arguments.
    pub(crate) fn process(&self, id: u32, arguments: &[&str]) {
        self.write(&format!("proc/{id}/cmdline"), arguments.join("\0"));
    }

    /// The state file of a Go runtime's sandbox.
    pub(crate) fn go(&self, id: &str, hypervisor: &str, process: u32, url: &str) {
        let document = json!({
            "PersistVersion": 2, "State": "running", "SandboxContainer": id,
            "HypervisorState": {"Type": hypervisor, "Pid": process, "APISocket": ""},
            "AgentState": {"ProxyPid": 0, "URL": url},
        });
        self.write(
            &format!("run/vc/sbs/{id}/persist.json"),
            document.to_string(),
        );
    }

    /// The state file of a runtime-rs sandbox.
    pub(crate) fn rust(&self, id: &str, hypervisor: &str, process: u32, is_jailed: bool) {
        let document = json!({
            "sandbox_type": "VIRTCONTAINER", "resource": {"endpoint": []},
            "hypervisor": {
                "hypervisor_type": hypervisor, "pid": process, "uuid": "", "api_socket": "",
                "id": id, "vm_path": format!("/run/kata/{id}"), "jailed": is_jailed,
                "netns": null, "passfd_listener_port": null,
            },
        });
        self.write(&format!("run/kata/{id}/state.json"), document.to_string());
    }

    /// A shim that answers each question with this text.
    pub(crate) fn shim(&self, folder: &str, answer: impl Into<String>) {
        let answer = answer.into();
        self.listen(&format!("{folder}/shim-monitor.sock"), move |mut stream| {
            let mut request = Vec::new();
            let mut bytes = [0; 256];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => request.extend_from_slice(&bytes[..count]),
                }
            }
            let request = String::from_utf8(request).unwrap();
            assert!(request.starts_with("GET /agent-url HTTP/1.1\r\nHost: shim\r\n"));
            let _ = stream.write_all(answer.as_bytes());
        });
    }

    /// A socket on which each connection is handled on a thread of its own.
    pub(crate) fn listen(&self, path: &str, handle: impl Fn(UnixStream) + Send + Sync + 'static) {
        let listener = self.bind(path);
        let handle = std::sync::Arc::new(handle);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let handle = std::sync::Arc::clone(&handle);
                thread::spawn(move || handle(stream));
            }
        });
    }

    /// A socket at any depth: it is made at the top, and moved there.
    pub(crate) fn bind(&self, path: &str) -> UnixListener {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let top = self.path(".s");
        let listener = UnixListener::bind(&top).unwrap();
        fs::rename(top, path).unwrap();
        listener
    }

    /// A container's bundle, with these annotations and these other members.
    pub(crate) fn bundle(&self, path: &str, annotations: Value, others: Value) {
        let mut config = json!({"ociVersion": "1.2.0", "annotations": annotations});
        let members = others.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(members);
        self.write(&format!("{path}/config.json"), config.to_string());
    }

    /// A sandbox's own container and another one, as containerd describes them.
    pub(crate) fn pod(
        &self,
        bundles: &str,
        sandbox: &str,
        pod: (&str, &str),
        container: (&str, &str),
    ) {
        let (namespace, name) = pod;
        self.bundle(
            &format!("{bundles}/{sandbox}"),
            json!({
                "io.kubernetes.cri.container-type": "sandbox",
                "io.kubernetes.cri.sandbox-id": sandbox,
                "io.kubernetes.cri.sandbox-namespace": namespace,
                "io.kubernetes.cri.sandbox-name": name,
            }),
            json!({}),
        );
        self.container(bundles, sandbox, pod, container, json!({}));
    }

    /// A container as containerd describes it.
    pub(crate) fn container(
        &self,
        bundles: &str,
        sandbox: &str,
        (namespace, pod): (&str, &str),
        (id, name): (&str, &str),
        others: Value,
    ) {
        self.bundle(
            &format!("{bundles}/{id}"),
            json!({
                "io.kubernetes.cri.container-type": "container",
                "io.kubernetes.cri.container-name": name,
                "io.kubernetes.cri.sandbox-id": sandbox,
                "io.kubernetes.cri.sandbox-namespace": namespace,
                "io.kubernetes.cri.sandbox-name": pod,
            }),
            others,
        );
    }
}
