//! The parts of an OCI specification that the simulated agent acts on, and the
//! mistakes in one that the agent refuses. Nothing is mounted, and no namespace
//! is made: the rest of a specification changes nothing.

use std::path::{Path, PathBuf};

use crate::process::{Program, Size};
use crate::protos::oci::{Linux, LinuxResources, Mount, Process, Spec};
use crate::refusal::internal;
use crate::state::Limits;

/// The most that a controller of the kernel takes for swappiness.
const MOST_SWAPPINESS: u64 = 100;

/// What a process runs in a container with a root filesystem.
pub(super) fn program(process: &Process, root: &Path) -> Program {
    let size = process.ConsoleSize.as_ref().map(|size| Size {
        rows: low_16(size.Height),
        columns: low_16(size.Width),
    });
    Program {
        args: process.Args.clone(),
        env: environment(process),
        cwd: process.Cwd.clone(),
        root: root.to_owned(),
        terminal: process.Terminal.then(|| size.unwrap_or_default()),
        is_refused: false,
    }
}

/// A number of characters. The kernel keeps 16 bits.
pub(super) fn low_16(number: u32) -> u16 {
    u16::try_from(number & u32::from(u16::MAX)).unwrap_or_default()
}

/// The environment: entries that are none are left out, of a name's values the
/// last one counts, and there always is a home.
fn environment(process: &Process) -> Vec<String> {
    let mut entries: Vec<(&str, &str)> = Vec::new();
    for entry in &process.Env {
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

/// Sets what resources tell of memory. What they do not tell, and a limit that is
/// not positive, changes nothing. Agent 4.1 loses a limit of processes on its way
/// to the cgroup.
///
/// # Errors
/// `INTERNAL` for a limit of swap alone, and for a swappiness out of range.
pub(super) fn set_limits(limits: &mut Limits, resources: &LinuxResources) -> ttrpc::Result<()> {
    let positive = |value| u64::try_from(value).ok().filter(|value| *value > 0);
    let memory = &resources.Memory;
    let (limit, swap) = (positive(memory.Limit), positive(memory.Swap));
    if limit.is_none() && swap.is_some() {
        return Err(internal("unable to set swap limit without memory limit"));
    }
    limits.memory = limit.or(limits.memory);
    limits.swap = swap.or(limits.swap);
    let swappiness = memory.Swappiness;
    if swappiness > MOST_SWAPPINESS {
        return Err(internal(format!(
            "invalid value:{swappiness}. valid memory swappiness range is 0-100"
        )));
    }
    Ok(())
}

/// Whether a specification asks for a namespace of processes. No other process can
/// be executed in one that the agent did not make itself.
pub(super) fn has_pid_namespace(spec: &Spec) -> bool {
    has_namespace(&spec.Linux, |kind| kind == "pid")
}

/// Whether a specification mounts something on `/proc`.
pub(super) fn has_proc(spec: &Spec) -> bool {
    let is_proc = |mount: &Mount| Path::new(&mount.destination) == Path::new("/proc");
    spec.Mounts.iter().any(is_proc)
}

/// The capabilities that the agent's library knows, without their prefix.
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// A capability of a process that there is none of.
pub(super) fn unknown_capability(process: &Process) -> Option<&str> {
    let all = &process.Capabilities;
    let sets = [
        &all.Bounding,
        &all.Effective,
        &all.Inheritable,
        &all.Permitted,
        &all.Ambient,
    ];
    let is_known = |name: &str| {
        let name = name.strip_prefix("CAP_");
        name.is_some_and(|name| CAPABILITIES.contains(&name))
    };
    let mut names = sets.into_iter().flatten().map(String::as_str);
    names.find(|name| !is_known(name))
}

/// Refuses what the agent refuses in a specification before it comes to its
/// process. `id` is that of the container.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn check(id: &str, spec: &Spec) -> ttrpc::Result<()> {
    check_root(id, spec)?;
    let linux = spec.Linux.as_ref();
    let linux = linux.ok_or_else(|| internal("Spec does not contain linux field"))?;
    if !spec.Hostname.is_empty() && !has_namespace(linux, |kind| kind == "uts") {
        return Err(within("hostname", "Linux namespace does not contain uts"));
    }
    let hides = !linux.MaskedPaths.is_empty() || !linux.ReadonlyPaths.is_empty();
    // What is not a kind of namespace is taken for a mount namespace.
    if hides && !has_namespace(linux, |kind| !OTHER_KINDS.contains(&kind)) {
        return Err(within("security", "Linux namespace does not contain mount"));
    }
    Ok(())
}

/// The root filesystem comes first. Without one the agent takes a relative path,
/// and where the agent runs there is nothing at any.
fn check_root(id: &str, spec: &Spec) -> ttrpc::Result<()> {
    match spec.Root.as_ref().map_or("rootfs", |root| &root.Path) {
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

/// Refuses what the agent refuses once it is about to make the first process.
///
/// # Errors
/// `INTERNAL`.
pub(super) fn check_first_process(spec: &Spec, process: &Process) -> ttrpc::Result<()> {
    if process.Capabilities.is_none() {
        return Err(internal("missing process capabilities"));
    }
    // The agent adds one for processes to a list of namespaces, and not to none.
    if spec.Linux.Namespaces.is_empty() {
        return Err(internal("cannot find the pid ns"));
    }
    Ok(())
}

/// The file in the guest that a container's last words are in: what is mounted
/// where Kubernetes, by an annotation, says that the container writes them.
///
/// # Errors
/// Why none is known, as the agent tells it when it is asked for them.
pub(super) fn last_words(spec: &Spec) -> Result<PathBuf, String> {
    let path = spec.Annotations.get(LAST_WORDS);
    let path = path.ok_or_else(|| "No terminationMessagePath annotation".to_owned())?;
    let is_there = |mount: &&Mount| {
        Path::new(&mount.destination) == Path::new(path) && !mount.source.is_empty()
    };
    let mount = spec.Mounts.iter().find(is_there);
    mount
        .map(|mount| PathBuf::from(&mount.source))
        .ok_or_else(|| format!("termination message mount not found for {path}"))
}

/// The annotation of the file, as the container sees it.
const LAST_WORDS: &str = "io.kubernetes.container.terminationMessagePath";

/// A part of a request that must be there is not.
pub(super) fn no_value() -> ttrpc::Error {
    internal("EINVAL: Invalid argument")
}

fn has_namespace(linux: &Linux, wanted: impl Fn(&str) -> bool) -> bool {
    linux.Namespaces.iter().any(|each| wanted(&each.Type))
}

fn within(part: &str, reason: &str) -> ttrpc::Error {
    internal(format!("{part}\n\nCaused by:\n    {reason}"))
}
