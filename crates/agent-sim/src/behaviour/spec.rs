//! The parts of an OCI specification that the simulated agent acts on, and the
//! mistakes in one that the agent refuses. Nothing is mounted, and no namespace
//! is made: the rest of a specification changes nothing.

use std::path::{Path, PathBuf};

use crate::fields;
use crate::process::{Program, Size};
use crate::refusal::internal;
use crate::state::Limits;
use agent_schema::Reflect;

/// The most that a controller of the kernel takes for swappiness.
const MOST_SWAPPINESS: i128 = 100;

/// What `process`, an OCI process, runs in a container with a root filesystem.
pub(super) fn program(process: &dyn Reflect, root: &Path) -> Program {
    let size = fields::message(process, "ConsoleSize").map(|size| Size {
        rows: size_field(size, "Height"),
        columns: size_field(size, "Width"),
    });
    Program {
        args: fields::strings(process, "Args")
            .map(str::to_owned)
            .collect(),
        env: environment(process),
        cwd: fields::string(process, "Cwd").to_owned(),
        root: root.to_owned(),
        terminal: fields::is_true(process, "Terminal").then(|| size.unwrap_or_default()),
    }
}

/// A field of a message that is a number of characters. The kernel keeps 16 bits.
pub(super) fn size_field(message: &dyn Reflect, name: &str) -> u16 {
    let bits = fields::integer(message, name) & i128::from(u16::MAX);
    u16::try_from(bits).unwrap_or_default()
}

/// The environment: entries that are none are left out, of a name's values the
/// last one counts, and there always is a home.
fn environment(process: &dyn Reflect) -> Vec<String> {
    let mut entries: Vec<(&str, &str)> = Vec::new();
    for entry in fields::strings(process, "Env") {
        let Some((name, value)) = entry.split_once('=') else {
            continue;
        };
        if name.is_empty() || entry.contains('\0') {
            continue;
        }
        match entries.iter_mut().find(|(other, _)| *other == name) {
            Some(slot) => slot.1 = value,
            None => entries.push((name, value)),
        }
    }
    if !entries.iter().any(|(name, _)| *name == "HOME") {
        entries.push(("HOME", "/"));
    }
    let joined = |(name, value)| format!("{name}={value}");
    entries.into_iter().map(joined).collect()
}

/// Sets what `resources`, OCI resources, tell of memory. What they do not tell, and
/// a limit that is not positive, changes nothing. Agent 4.1 loses a limit of
/// processes on its way to the cgroup.
///
/// # Errors
/// `INTERNAL` for a swappiness out of range.
pub(super) fn set_limits(limits: &mut Limits, resources: &dyn Reflect) -> ttrpc::Result<()> {
    let positive = |message, name| {
        let value = u64::try_from(fields::integer(message, name)).ok();
        value.filter(|value| *value > 0)
    };
    if let Some(memory) = fields::message(resources, "Memory") {
        let swappiness = fields::integer(memory, "Swappiness");
        limits.memory = positive(memory, "Limit").or(limits.memory);
        limits.memory_and_swap = positive(memory, "Swap").or(limits.memory_and_swap);
        if swappiness > MOST_SWAPPINESS {
            return Err(internal(format!(
                "invalid value:{swappiness}. valid memory swappiness range is 0-100"
            )));
        }
    }
    Ok(())
}

/// Where `spec`, an OCI specification, says that the root filesystem is. Empty
/// for nowhere.
pub(super) fn root(spec: &dyn Reflect) -> PathBuf {
    let root = fields::message(spec, "Root");
    root.map_or_else(PathBuf::new, |root| fields::string(root, "Path").into())
}

/// Whether `spec`, an OCI specification, asks for a namespace of processes. No
/// other process can be executed in one that the agent did not make itself.
pub(super) fn has_pid_namespace(spec: &dyn Reflect) -> bool {
    let linux = fields::message(spec, "Linux");
    linux.is_some_and(|linux| has_namespace(linux, |kind| kind == "pid"))
}

/// Refuses what the agent refuses in `spec`, an OCI specification, before it
/// comes to its process. `id` is that of the container.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn check(id: &str, spec: &dyn Reflect) -> ttrpc::Result<()> {
    check_root(id, spec)?;
    let linux = fields::message(spec, "Linux")
        .ok_or_else(|| internal("Spec does not contain linux field"))?;
    if !fields::string(spec, "Hostname").is_empty() && !has_namespace(linux, |kind| kind == "uts") {
        return Err(within("hostname", "Linux namespace does not contain uts"));
    }
    let mut hidden =
        fields::strings(linux, "MaskedPaths").chain(fields::strings(linux, "ReadonlyPaths"));
    // What is no kind of namespace is taken for a mount namespace.
    if hidden.next().is_some() && !has_namespace(linux, |kind| !OTHER_KINDS.contains(&kind)) {
        return Err(within("security", "Linux namespace does not contain mount"));
    }
    Ok(())
}

/// The root filesystem comes first. Without one the agent takes a relative path,
/// and where the agent runs there is nothing at any.
fn check_root(id: &str, spec: &dyn Reflect) -> ttrpc::Result<()> {
    let root = fields::message(spec, "Root");
    match root.map_or("rootfs", |root| fields::string(root, "Path")) {
        "" => Err(internal("need mount source")),
        path if path.starts_with('/') => Ok(()),
        path => Err(internal(format!(
            "failed to mount {path} to /run/kata-containers/{id}/rootfs, with error: \
             ENOENT: No such file or directory"
        ))),
    }
}

/// The kinds of namespaces but mount namespaces.
const OTHER_KINDS: [&str; 9] = [
    "cgroup", "uts", "ipc", "user", "pid", "net", "network", "time", "",
];

/// The first process of a container, when all before it is right.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn first_process(spec: &dyn Reflect) -> ttrpc::Result<&dyn Reflect> {
    fields::message(spec, "Process").ok_or_else(no_value)
}

/// Refuses what the agent refuses once it is about to make the first process.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn check_first_process(spec: &dyn Reflect, process: &dyn Reflect) -> ttrpc::Result<()> {
    if fields::message(process, "Capabilities").is_none() {
        return Err(internal("missing process capabilities"));
    }
    // The agent adds one for processes to a list of namespaces, and not to none.
    let linux = fields::message(spec, "Linux");
    if !linux.is_some_and(|linux| has_namespace(linux, |_| true)) {
        return Err(internal("cannot find the pid ns"));
    }
    Ok(())
}

/// The file in the guest that a container's last words are in: what is mounted
/// where Kubernetes, by an annotation, says that the container writes them.
///
/// # Errors
/// Why none is known, as the agent tells it when it is asked for them.
pub(super) fn last_words(spec: &dyn Reflect) -> Result<PathBuf, String> {
    let path = fields::entry(spec, "Annotations", LAST_WORDS)
        .ok_or_else(|| "No terminationMessagePath annotation".to_owned())?;
    let is_there = |mount: &&dyn Reflect| {
        Path::new(fields::string(*mount, "destination")) == Path::new(path)
            && !fields::string(*mount, "source").is_empty()
    };
    let mount = fields::messages(spec, "Mounts").find(is_there);
    mount
        .map(|mount| PathBuf::from(fields::string(mount, "source")))
        .ok_or_else(|| format!("termination message mount not found for {path}"))
}

/// The annotation of the file, as the container sees it.
const LAST_WORDS: &str = "io.kubernetes.container.terminationMessagePath";

/// A part of a request that must be there is not.
pub(super) fn no_value() -> ttrpc::Error {
    internal("EINVAL: Invalid argument")
}

fn has_namespace(linux: &dyn Reflect, wanted: impl Fn(&str) -> bool) -> bool {
    fields::messages(linux, "Namespaces").any(|each| wanted(fields::string(each, "Type")))
}

fn within(part: &str, reason: &str) -> ttrpc::Error {
    internal(format!("{part}\n\nCaused by:\n    {reason}"))
}
