//! From an image's configuration to the `config.json` of a bundle, by the rules
//! of the OCI image specification ("Conversion to OCI Runtime Configuration"),
//! with what an agent needs on top: no pid namespace, as it adds its own, and
//! the capabilities that container managers give by default.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::layout::{ImageConfig, Settings};
use super::user::User;

/// Where programs are looked for in an image that does not say.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const CAPABILITIES: [&str; 14] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// The configuration of a container that runs what the image says, as this user.
pub fn spec(image: &ImageConfig, user: &User) -> Value {
    let nothing = Settings::default();
    let settings = image.config.as_ref().unwrap_or(&nothing);
    let mut env = settings.env.clone().unwrap_or_default();
    if !env.iter().any(|variable| variable.starts_with("PATH=")) {
        env.insert(0, PATH.to_owned());
    }
    let words = [&settings.entrypoint, &settings.cmd];
    let args: Vec<_> = words.into_iter().flatten().flatten().collect();
    let folder = settings.working_dir.as_deref();
    let folder = folder.filter(|folder| !folder.is_empty());
    let mut spec = json!({
        "ociVersion": "1.2.0",
        "process": {
            "user": { "uid": user.uid, "gid": user.gid, "additionalGids": user.groups },
            "args": args,
            "env": env,
            "cwd": folder.unwrap_or("/"),
            "capabilities": {
                "bounding": CAPABILITIES,
                "effective": CAPABILITIES,
                "permitted": CAPABILITIES,
            },
        },
        "root": { "path": super::ROOT },
        "mounts": mounts(),
        "annotations": annotations(image, settings),
        "linux": {
            "namespaces": [{ "type": "ipc" }, { "type": "uts" }, { "type": "mount" }],
            "resources": { "devices": [{ "allow": false, "access": "rwm" }] },
            "maskedPaths": [
                "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                "/proc/scsi", "/proc/timer_list", "/sys/firmware",
            ],
            "readonlyPaths": [
                "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
            ],
        },
    });
    let hostname = settings.hostname.as_deref().filter(|name| !name.is_empty());
    if let (Some(name), Some(members)) = (hostname, spec.as_object_mut()) {
        members.insert("hostname".to_owned(), name.into());
    }
    spec
}

fn mounts() -> Value {
    let mount = |target: &str, kind: &str, source: &str, options: &[&str]| json!({ "destination": target, "type": kind, "source": source, "options": options });
    let closed = ["nosuid", "noexec", "nodev"];
    let shared = ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"];
    let devices = ["nosuid", "strictatime", "mode=755", "size=65536k"];
    let terminals = [
        "nosuid",
        "noexec",
        "newinstance",
        "ptmxmode=0666",
        "mode=0620",
        "gid=5",
    ];
    json!([
        mount("/proc", "proc", "proc", &closed),
        mount("/dev", "tmpfs", "tmpfs", &devices),
        mount("/dev/pts", "devpts", "devpts", &terminals),
        mount("/dev/shm", "tmpfs", "shm", &shared),
        mount("/dev/mqueue", "mqueue", "mqueue", &closed),
        mount(
            "/sys",
            "sysfs",
            "sysfs",
            &["nosuid", "noexec", "nodev", "ro"]
        ),
    ])
}

/// The image's labels, over what the specification derives from its fields.
fn annotations(image: &ImageConfig, settings: &Settings) -> BTreeMap<String, String> {
    let derived = [
        ("architecture", Some(&image.architecture)),
        ("os", Some(&image.os)),
        ("author", image.author.as_ref()),
        ("created", image.created.as_ref()),
        ("stopSignal", settings.stop_signal.as_ref()),
    ];
    let derived = derived.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((format!("org.opencontainers.image.{name}"), value.clone()))
    });
    let labels = settings.labels.clone().unwrap_or_default();
    derived.chain(labels).collect()
}
