//! What the machine that this process runs on tells about itself, from `/sys`
//! and `/proc`. Plain values: this module knows no message.

use std::fs;
use std::path::{Path, PathBuf};

/// The machine, seen through its file system.
#[derive(Debug)]
pub(super) struct Host {
    /// Where `sys` and `proc` are: `/`, unless in a test.
    root: PathBuf,
}

impl Host {
    /// The machine that this process runs on.
    pub(super) fn this() -> Host {
        Host::below(Path::new("/"))
    }

    /// A machine whose `sys` and `proc` are below `root`.
    pub(super) fn below(root: &Path) -> Host {
        Host {
            root: root.to_path_buf(),
        }
    }

    /// The unit, in bytes, in which memory is plugged in. `None` where the
    /// kernel does not tell, as without memory hotplug.
    pub(super) fn memory_block_size(&self) -> Option<u64> {
        let path = self.root.join("sys/devices/system/memory/block_size_bytes");
        let text = fs::read_to_string(path).ok()?;
        // The kernel writes it in hexadecimal without a prefix.
        u64::from_str_radix(text.trim(), 16).ok()
    }

    /// Whether the kernel can be told to look for plugged-in memory.
    pub(super) fn has_memory_probe(&self) -> bool {
        self.root.join("sys/devices/system/memory/probe").exists()
    }

    /// Whether the kernel can filter system calls: it then tells each
    /// process's mode among its status.
    pub(super) fn supports_seccomp(&self) -> bool {
        let status = fs::read_to_string(self.root.join("proc/self/status"));
        status.is_ok_and(|text| text.lines().any(|line| line.starts_with("Seccomp:")))
    }

    /// Whether this process is the machine's init.
    pub(super) fn is_init(&self) -> bool {
        std::process::id() == 1
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_the_files() {
        let root = tempfile::tempdir().unwrap();
        let memory = root.path().join("sys/devices/system/memory");
        let process = root.path().join("proc/self");
        fs::create_dir_all(&memory).unwrap();
        fs::create_dir_all(&process).unwrap();
        let host = Host::below(root.path());

        fs::write(memory.join("block_size_bytes"), "8000000\n").unwrap();
        assert_eq!(host.memory_block_size(), Some(0x800_0000));
        fs::write(memory.join("block_size_bytes"), "128M\n").unwrap();
        assert_eq!(host.memory_block_size(), None);

        assert!(!host.has_memory_probe());
        fs::write(memory.join("probe"), "").unwrap();
        assert!(host.has_memory_probe());

        fs::write(process.join("status"), "Name:\tx\nNoNewPrivs:\t0\n").unwrap();
        assert!(!host.supports_seccomp());
        fs::write(process.join("status"), "Name:\tx\nSeccomp:\t0\n").unwrap();
        assert!(host.supports_seccomp());
    }

    #[test]
    fn a_machine_without_the_files_supports_nothing() {
        let root = tempfile::tempdir().unwrap();
        let host = Host::below(root.path());
        assert_eq!(host.memory_block_size(), None);
        assert!(!host.has_memory_probe());
        assert!(!host.supports_seccomp());
    }
}
