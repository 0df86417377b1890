//! A guest that runs: the emulator and the device beside it, started and always
//! ended, and a shell inside.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::pieces::Pieces;
use super::process::Process;
use super::shell::Shell;

/// How long a guest may take to boot, and a call to be answered by it, on a
/// machine that is busy.
pub const LIMIT: Duration = Duration::from_secs(240);

/// A guest, ended when it is dropped or when this process ends, however it does.
pub struct Machine {
    folder: PathBuf,
    qemu: Process,
    _device: Process,
    shell: Mutex<Shell>,
}

impl Machine {
    /// Starts a guest with an image, which has not booted yet. Its console is kept
    /// in a file in a folder of its own, and so are its sockets.
    ///
    /// # Errors
    /// What cannot be made or started.
    pub fn start(pieces: &Pieces, folder: &Path, image: &Path) -> Result<Machine, String> {
        let folder = folder.to_owned();
        let problem = |error: io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(problem)?;

        let program = |program: &Path| {
            let mut command = Command::new(&pieces.setpriv);
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command.current_dir(&folder);
            command
        };
        let errors = || {
            File::options()
                .append(true)
                .create(true)
                .open(folder.join("errors"))
        };

        let mut device = program(&pieces.device);
        device
            .args(["--guest-cid=3", "--socket=device.sock"])
            .arg("--uds-path=vm.sock")
            .stdin(Stdio::null())
            .stdout(errors().map_err(problem)?)
            .stderr(errors().map_err(problem)?);
        let device = Process::start(device).map_err(problem)?;
        if !appears(&folder.join("device.sock")) {
            return Err(format!("{}: no device.sock appears", folder.display()));
        }

        let mut qemu = program(&pieces.qemu);
        qemu.args(QEMU)
            .arg("-kernel")
            .arg(&pieces.kernel)
            .arg("-initrd")
            .arg(image)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors().map_err(problem)?);
        let qemu = Process::start(qemu).map_err(problem)?;
        let pipes = {
            let mut child = qemu.child();
            child.stdin.take().zip(child.stdout.take())
        };
        let (to, from) = pipes.ok_or("the emulator has no standard input and output")?;
        Ok(Machine {
            shell: Mutex::new(Shell::new(to, from)),
            qemu,
            _device: device,
            folder,
        })
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The socket that the guest's vsock is behind.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("vm.sock")
    }

    /// Runs a command in the guest: its output.
    ///
    /// # Panics
    /// When its status is not 0.
    #[track_caller]
    pub fn run(&self, command: &str) -> String {
        let (status, output) = self.run_any(command);
        assert_eq!(status, 0, "{command}\n{output}");
        output
    }

    /// Runs a command in the guest: its status and output.
    ///
    /// # Panics
    /// When the guest is gone, or takes too long.
    #[track_caller]
    pub fn run_any(&self, command: &str) -> (i32, String) {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        shell.run(command)
    }

    /// Ends the guest as a power failure does.
    pub fn end(&self) {
        self.qemu.end();
    }

    /// What the guest's kernel and init said, what it wrote to `/dev/vport0p2`, and what the
    /// emulator and the device said.
    pub fn logs(&self) -> String {
        let mut logs = String::new();
        for name in ["console", "log", "errors"] {
            let path = self.folder.join(name);
            let text = fs::read(&path).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            logs.push_str(&format!("{}:\n{text}\n", path.display()));
        }
        logs
    }
}

/// Memory is shared with the device, which reads and writes the guest's buffers. On a machine
/// that is busy a kernel may find that its timer does not work: it is told not to look.
const QEMU: &[&str] = &[
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
    "-accel",
    "tcg,thread=multi",
    "-cpu",
    "max",
    "-smp",
    "2",
    "-m",
    "768",
    "-object",
    "memory-backend-memfd,id=memory,size=768M,share=on",
    "-machine",
    "q35,memory-backend=memory",
    "-append",
    "console=ttyS0 quiet panic=-1 no_timer_check systemd.unified_cgroup_hierarchy=1 agent.log=debug",
    "-serial",
    "file:console",
    "-chardev",
    "stdio,id=shell,signal=off",
    "-device",
    "virtio-serial-pci",
    "-device",
    "virtserialport,chardev=shell",
    "-chardev",
    "file,id=log,path=log",
    "-device",
    "virtserialport,chardev=log",
    "-chardev",
    "socket,id=vsock,path=device.sock",
    "-device",
    "vhost-user-vsock-pci,chardev=vsock",
];

fn appears(path: &Path) -> bool {
    let started = Instant::now();
    while !path.exists() {
        if started.elapsed() > LIMIT {
            return false;
        }
        thread::sleep(Duration::from_millis(10));
    }
    true
}
