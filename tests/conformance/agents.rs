//! The simulated agent in each of its forms: within the tool's own process,
//! and served on every transport that the machine has.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::judge::{Agent, Agents};
use crate::script::Script;

/// What the simulated agent can be told to have.
const FEATURES: &[&str] = &["policy", "mem-agent", "iptables", PROGRAMS];
/// What a real guest may lack and the simulated one always has.
const ALWAYS: &[&str] = &["kernel", "memory-cgroup", "cgroup2"];
/// Of a guest whose programs are files and not played.
pub(crate) const PROGRAMS: &str = "programs";

/// The agent within the process of `connect`.
pub(crate) struct Simulated;

/// The agent that `serve` runs.
pub(crate) struct Serve(pub Transport);

/// How `serve` is reached.
pub(crate) enum Transport {
    /// A socket in the file system.
    Unix,
    /// An abstract socket.
    Abstract,
    /// vsock, to this machine's own context.
    Vsock,
    /// A socket like that of a hybrid vsock device.
    Hybrid,
}

struct Running {
    address: String,
    folder: TempDir,
    serve: Option<Child>,
}

impl Agents for Simulated {
    fn start(&self, script: &Script) -> Result<Box<dyn Agent>, String> {
        if script.has_parallel_calls() {
            return Err("it needs several connections".to_owned());
        }
        if !features(script)?.is_empty() {
            return Err("it is for an agent with features".to_owned());
        }
        Ok(Box::new(Running {
            address: "sim://".to_owned(),
            folder: folder_with_bundle(),
            serve: None,
        }))
    }
}

impl Agents for Serve {
    fn start(&self, script: &Script) -> Result<Box<dyn Agent>, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let process = std::process::id();

        let mut features = features(script)?;
        let real = features.iter().position(|each| *each == PROGRAMS);
        let real = real.map(|index| features.remove(index));
        let folder = folder_with_bundle();
        let socket = folder.path().join("agent.sock");
        let listen = match self.0 {
            Transport::Unix => format!("unix://{}", socket.display()),
            Transport::Hybrid => format!("hvsock://{}:1024", socket.display()),
            Transport::Abstract => format!("unix://@kata-conformance-{process}-{number}"),
            Transport::Vsock => format!("vsock://-1:{}", port(number)),
        };
        let address = match self.0 {
            Transport::Unix | Transport::Abstract | Transport::Hybrid => listen.clone(),
            Transport::Vsock => format!("vsock://1:{}", port(number)),
        };
        let mut command = Command::new(crate::program());
        command.args(["serve", "--address", &listen]);
        if !features.is_empty() {
            command.args(["--feature", &features.join(",")]);
        }
        if real.is_some() {
            command.args(["--run-processes", "--allow-root"]);
        }
        let mut serve = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until_it_listens(&mut serve);
        Ok(Box::new(Running {
            address,
            folder,
            serve: Some(serve),
        }))
    }
}

impl Agent for Running {
    fn address(&self) -> &str {
        &self.address
    }

    fn bundle(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(serve) = &mut self.serve else { return };
        let id = i32::try_from(serve.id()).unwrap();
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        let _ = serve.wait();
    }
}

/// Whether vsock reaches this machine itself, as it does where the kernel has
/// the loopback transport.
pub(crate) fn vsock_loopback() -> Result<(), String> {
    let port = port(999);
    let listener = vsock::VsockListener::bind_with_cid_port(vsock::VMADDR_CID_ANY, port)
        .map_err(|error| format!("no vsock here: {error}"))?;
    let reached = vsock::VsockStream::connect_with_cid_port(vsock::VMADDR_CID_LOCAL, port);
    drop(listener);
    reached
        .map(drop)
        .map_err(|error| format!("no vsock loopback: {error}"))
}

/// A port that no other run of this suite has.
fn port(number: u32) -> u32 {
    100_000 + std::process::id() % 100_000 * 1_000 + number
}

/// A folder with the bundle that scripts take what they leave out from.
pub(crate) fn folder_with_bundle() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path(), &folder.path().join("rootfs"));
    folder
}

/// Writes the bundle into a folder, for a root filesystem elsewhere, and the
/// files that scripts name beside it.
pub(crate) fn write_bundle(folder: &Path, root: &Path) {
    let text = include_str!("config.json");
    let text = text.replace("ROOT", &root.display().to_string());
    fs::write(folder.join("config.json"), text).unwrap();
    fs::create_dir(folder.join("files")).unwrap();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/files");
    for file in fs::read_dir(files).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), folder.join("files").join(file.file_name())).unwrap();
    }
}

/// The features to start the agent with.
fn features(script: &Script) -> Result<Vec<&str>, String> {
    let needs = script.needs.iter().map(String::as_str);
    let needs: Vec<_> = needs.filter(|need| !ALWAYS.contains(need)).collect();
    match needs.iter().find(|need| !FEATURES.contains(need)) {
        Some(need) => Err(format!("it has no {need}")),
        None => Ok(needs),
    }
}

fn wait_until_it_listens(serve: &mut Child) {
    let mut stderr = BufReader::new(serve.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("listening on ") {
        let read = stderr.read_line(&mut said).unwrap();
        assert!(read > 0, "serve does not listen: {said}");
    }
    // Read on, so that it never waits for a reader.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
}
