//! What a guest is made of and this repository does not hold: the emulator, a
//! kernel and its vsock modules, busybox, and the device that is the host's side
//! of hybrid vsock. Programs must be installed; the kernel (from apt) and the
//! device (from crates.io) are fetched once. It knows nothing of what they are for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The device and its version.
const DEVICE: (&str, &str) = ("vhost-device-vsock", "0.3.0");
/// The package that depends on the newest kernel for virtual machines.
const KERNEL: &str = "linux-image-cloud-amd64";
/// What the kernel must load: vsock to the host and within, what shows its packets, and a way
/// for commands.
const MODULES: [&str; 5] = [
    "virtio_pci",
    "virtio_console",
    "vmw_vsock_virtio_transport",
    "vsock_loopback",
    "vsockmon",
];

/// Everything that a guest is made of.
pub struct Pieces {
    /// Where guests may be built and run. No other process does, until this one ends.
    pub folder: PathBuf,
    /// The emulator.
    pub qemu: PathBuf,
    /// The host's side of hybrid vsock.
    pub device: PathBuf,
    /// Runs a program that ends with the thread that started it.
    pub setpriv: PathBuf,
    /// The guest's shell and tools.
    pub busybox: PathBuf,
    /// The kernel's image.
    pub kernel: PathBuf,
    /// Its modules, in the order to load them.
    pub modules: Vec<PathBuf>,
    _lock: File,
}

/// What is needed, or why it cannot be had. What is fetched is kept in a folder of tests.
///
/// # Errors
/// What is not there.
pub fn gather(folder: &Path) -> Result<Pieces, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("the guest's kernel is one for x86_64".to_owned());
    }
    let folder = folder.join("vm");
    let lock = lock(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let qemu = program("qemu-system-x86_64", "qemu-system-x86")?;
    let busybox = program("busybox", "busybox-static")?;
    let setpriv = program("setpriv", "util-linux")?;
    program("cpio", "cpio")?;
    program("strip", "binutils")?;
    program("xz", "xz-utils")?;
    let root = kernel_package(&folder)?;
    let version = only_entry(&root.join("lib/modules"))?;
    Ok(Pieces {
        qemu,
        busybox,
        setpriv,
        kernel: root.join(format!("boot/vmlinuz-{version}")),
        modules: modules(&root, &version)?,
        device: device(&folder)?,
        folder,
        _lock: lock,
    })
}

fn lock(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let file = File::create(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// A program on the path, or where those for administrators are.
fn program(name: &str, package: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path);
    let folders = folders.chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let mut found = folders.map(|folder| folder.join(name));
    found
        .find(|file| file.is_file())
        .ok_or_else(|| format!("there is no {name}; it is in the package {package}"))
}

/// Runs a command to its end, and gives what it printed.
///
/// # Errors
/// What it said, when it failed.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {reason}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{command:?}: {error}"))
}

/// Runs a command that uses the network, three times at most.
fn fetch(command: &mut Command) -> Result<String, String> {
    run(command)
        .or_else(|_| run(command))
        .or_else(|_| run(command))
}

/// The folder that the kernel's package is unpacked to; it is never installed.
fn kernel_package(folder: &Path) -> Result<PathBuf, String> {
    let root = folder.join("kernel");
    if root.exists() {
        return Ok(root);
    }
    let unfinished = folder.join("kernel.unfinished");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir(&unfinished).map_err(|error| format!("{}: {error}", unfinished.display()))?;

    let depends = run(Command::new("apt-cache").args(["depends", KERNEL]))?;
    let mut names = depends
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "));
    let name = names
        .find(|name| name.starts_with("linux-image-"))
        .ok_or_else(|| format!("apt knows no package {KERNEL}"))?;
    fetch(
        Command::new("apt-get")
            .args(["--quiet", "download", name])
            .current_dir(&unfinished),
    )?;
    let package = unfinished.join(only_entry(&unfinished)?);
    run(Command::new("dpkg-deb")
        .arg("-x")
        .args([&package, &unfinished]))?;
    let finished = fs::remove_file(package).and_then(|()| fs::rename(&unfinished, &root));
    finished.map_err(|error| format!("{}: {error}", root.display()))?;
    Ok(root)
}

fn only_entry(folder: &Path) -> Result<String, String> {
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| format!("{}: {error}", folder.display()))?;
    match entries.as_slice() {
        [one] => Ok(one.file_name().to_string_lossy().into_owned()),
        other => Err(format!("{}: {} entries", folder.display(), other.len())),
    }
}

/// The files of the modules that are wanted, each after those that it needs.
fn modules(root: &Path, version: &str) -> Result<Vec<PathBuf>, String> {
    run(Command::new(program("depmod", "kmod")?)
        .arg("--basedir")
        .arg(root)
        .arg(version))?;
    let mut modules = Vec::new();
    for module in MODULES {
        let plan = run(Command::new(program("modprobe", "kmod")?)
            .arg("--dirname")
            .arg(root)
            .args(["--set-version", version, "--show-depends", module]))?;
        // What is built into the kernel has another word than this one.
        for line in plan.lines().filter_map(|line| line.strip_prefix("insmod ")) {
            let file = PathBuf::from(line.trim());
            if !modules.contains(&file) {
                modules.push(file);
            }
        }
    }
    Ok(modules)
}

fn device(folder: &Path) -> Result<PathBuf, String> {
    let (name, version) = DEVICE;
    let tools = folder.join("tools");
    let file = tools.join("bin").join(name);
    if !file.exists() {
        // Unoptimised it is built in a third of the time, and fast enough.
        fetch(
            Command::new(env!("CARGO"))
                .args(["install", name, "--version", version, "--locked", "--debug"])
                .args(["--quiet", "--root"])
                .arg(&tools),
        )?;
    }
    Ok(file)
}
