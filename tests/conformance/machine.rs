//! Virtual machines whose agent is a real one. Its guest has cgroups of version 2 with all
//! controllers, as current guests do, and init starts the agent again whenever it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use test_support::vm::{Contents, Machine, Pieces, build, gather, run};

use crate::guest::script;

/// What they are made of, or why there can be none.
static PIECES: LazyLock<Result<Pieces, String>> =
    LazyLock::new(|| gather(Path::new(env!("CARGO_TARGET_TMPDIR"))));
/// Emulation takes all that a small machine has: one test after the other has some.
static TURN: Mutex<()> = Mutex::new(());
/// Where its root file system for containers is; `/rootfs` is what the agent takes where a
/// specification names none.
pub(crate) const ROOT: &str = "/var/rootfs";
/// Where the policy of an agent is, which starts with one that allows all.
const POLICY: &str = "/etc/kata-opa/default-policy.rego";

/// Makes machines with one agent.
pub(crate) struct Machines {
    pieces: &'static Pieces,
    folder: PathBuf,
    image: PathBuf,
    count: AtomicU32,
    _turn: MutexGuard<'static, ()>,
}

/// One that runs.
pub(crate) struct Booted {
    machine: Machine,
    /// Its root file system for containers, as files of this machine.
    pub root: PathBuf,
}

impl Machines {
    /// Of the agent with this program.
    ///
    /// # Errors
    /// Why there can be none.
    pub(crate) fn of_agent(agent: &Path) -> Result<Machines, String> {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let pieces = PIECES.as_ref()?;
        let folder = pieces.folder.join("agent");
        let _ = fs::remove_dir_all(&folder);
        let rootfs = folder.join("rootfs");
        fs::create_dir_all(&rootfs).map_err(|error| format!("{}: {error}", folder.display()))?;
        run(Command::new(script())
            .arg("--root")
            .args([&rootfs, &pieces.busybox]))?;
        let policy =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/files/allow.rego");
        let contents = Contents {
            programs: &[(agent, "kata-agent")],
            files: &[(&rootfs, ROOT), (&policy, POLICY)],
            start: START,
        };
        Ok(Machines {
            pieces,
            image: build(pieces, &folder, &contents)?,
            folder,
            count: AtomicU32::new(0),
            _turn: turn,
        })
    }

    /// A machine that has booted.
    ///
    /// # Panics
    /// When it does not boot.
    pub(crate) fn boot(&self) -> Booted {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(number.to_string());
        let machine = Machine::start(self.pieces, &folder, &self.image).unwrap();
        machine.run("true");
        let root = self.folder.join("rootfs");
        Booted { machine, root }
    }
}

impl Booted {
    /// Where its agent listens.
    pub(crate) fn address(&self) -> String {
        format!("hvsock://{}:1024", self.machine.socket().display())
    }
}

/// What an image for guests has done when it starts its agent.
const START: &str = "\
mount -t tmpfs -o mode=755 run /run
mkdir /dev/pts /dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
ifconfig lo 127.0.0.1 up
hostname guest
while :; do
    kata-agent </dev/null >/dev/vport0p2 2>&1
    sleep 0.1
done
";
