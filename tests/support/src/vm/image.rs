//! A guest's files, as one archive that its kernel unpacks into memory: programs
//! with their libraries, busybox, the kernel's modules, a root file system for
//! containers, and the script that is its init. It knows nothing of how a guest is
//! started.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::pieces::{Pieces, run};

/// What a guest has beside busybox.
pub struct Contents<'a> {
    /// Programs, each with its name in `/bin`.
    pub programs: &'a [(&'a Path, &'a str)],
    /// Other files and folders, each with its path from `/`.
    pub files: &'a [(&'a Path, &'a str)],
    /// What the shell that is init does and does not end, while another takes commands.
    pub start: &'a str,
}

/// Makes the archive in a folder, out of the folder `root` there.
///
/// # Errors
/// What cannot be made.
pub fn build(pieces: &Pieces, folder: &Path, contents: &Contents<'_>) -> Result<PathBuf, String> {
    let root = folder.join("root");
    lay_out(pieces, &root, contents).map_err(|error| format!("{}: {error}", root.display()))?;
    run(Command::new("sh")
        .args([
            "-c",
            "find . | cpio --create --format=newc --owner=0:0 --quiet > ../image",
        ])
        .current_dir(&root))?;
    Ok(folder.join("image"))
}

fn lay_out(pieces: &Pieces, root: &Path, contents: &Contents<'_>) -> io::Result<()> {
    let _ = fs::remove_dir_all(root);
    for folder in ["bin", "dev", "proc", "sys", "run", "tmp", "modules"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy(&pieces.busybox, root.join("bin/busybox"))?;
    symlink("busybox", root.join("bin/sh"))?;
    libraries(&pieces.busybox, root)?;
    for (program, name) in contents.programs {
        let stripped = root.join("bin").join(name);
        // A tenth remains of a build for tests.
        run(Command::new("strip").arg("-o").arg(&stripped).arg(program))
            .map_err(io::Error::other)?;
        libraries(program, root)?;
    }
    for (file, name) in contents.files {
        let to = root.join(name.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap_or(root))?;
        run(Command::new("cp").arg("-a").arg(file).arg(to)).map_err(io::Error::other)?;
    }
    let mut init = String::from(INIT_BEGINS);
    for (number, module) in pieces.modules.iter().enumerate() {
        let name = format!("modules/{number}.ko");
        let packed = module.extension().is_some_and(|end| end == "xz");
        if packed {
            let unpacked = Command::new("xz").arg("-dc").arg(module).output()?;
            fs::write(root.join(&name), unpacked.stdout)?;
        } else {
            fs::copy(module, root.join(&name))?;
        }
        init.push_str(&format!("insmod /{name}\n"));
    }
    init.push_str(COMMANDS);
    init.push_str(contents.start);
    fs::write(root.join("init"), init)?;
    fs::set_permissions(root.join("init"), fs::Permissions::from_mode(0o755))
}

/// Copies the libraries that a program loads, its loader among them; none if it is static.
fn libraries(program: &Path, root: &Path) -> io::Result<()> {
    let listed = run(Command::new("ldd").arg(program)).unwrap_or_default();
    let words = listed.split_whitespace();
    for library in words.filter(|word| word.starts_with('/')) {
        let to = root.join(library.trim_start_matches('/'));
        fs::create_dir_all(to.parent().unwrap_or(root))?;
        fs::copy(library, to)?;
    }
    Ok(())
}

/// Tools and the kernel's own file systems.
const INIT_BEGINS: &str = "\
#!/bin/sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
";

/// Commands from the host, one in each line. They come over virtio, as a serial line
/// drops bytes when it is busy. What a shell starts in the background ignores signals,
/// so it is this and not what the guest is for.
const COMMANDS: &str = "\
(
    until test -e /dev/vport0p1; do usleep 10000; done
    exec 3<>/dev/vport0p1 <&3 >&3 2>&1
    while read -r line; do (eval \"$line\"); done
    poweroff -f
) &
";
