//! The guest's files, as one archive that its kernel unpacks into memory: the
//! agent with its libraries, busybox, the kernel's modules, and the script that
//! is its init. It knows nothing of how a guest is started.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pieces::{Pieces, run};
use crate::tool::program;

/// Makes the archive in `folder`.
pub fn build(pieces: &Pieces, folder: &Path) -> Result<PathBuf, String> {
    let root = folder.join("root");
    lay_out(pieces, &root).map_err(|error| format!("{}: {error}", root.display()))??;
    run(Command::new("sh")
        .args([
            "-c",
            "find . | cpio --create --format=newc --owner=0:0 --quiet > ../image",
        ])
        .current_dir(&root))?;
    Ok(folder.join("image"))
}

fn lay_out(pieces: &Pieces, root: &Path) -> std::io::Result<Result<(), String>> {
    for folder in ["bin", "dev", "proc", "sys", "tmp", "modules"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::copy(&pieces.busybox, root.join("bin/busybox"))?;
    symlink("busybox", root.join("bin/sh"))?;

    let agent = Path::new(program());
    let stripped = root.join("bin/kata-agent-ctl");
    // A tenth remains of a build for tests.
    if let Err(error) = run(Command::new("strip").arg("-o").arg(&stripped).arg(agent)) {
        return Ok(Err(error));
    }
    for program in [agent, &pieces.busybox] {
        for library in libraries(program) {
            let to = root.join(library.strip_prefix("/").unwrap_or(&library));
            fs::create_dir_all(to.parent().unwrap_or(root))?;
            fs::copy(&library, to)?;
        }
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
    init.push_str(INIT_ENDS);
    fs::write(root.join("init"), init)?;
    fs::set_permissions(root.join("init"), fs::Permissions::from_mode(0o755))?;
    Ok(Ok(()))
}

/// The libraries that a program loads, its loader among them; none if it is static.
fn libraries(program: &Path) -> Vec<PathBuf> {
    let listed = run(Command::new("ldd").arg(program)).unwrap_or_default();
    let words = listed.split_whitespace();
    words
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
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

/// The agent, started again whenever it ends, and commands from the host, one in
/// each line. They come over virtio, as a serial line drops bytes when it is busy.
const INIT_ENDS: &str = "\
while :; do
    kata-agent-ctl serve --address vsock://-1:1024 </dev/null >>/requests
    echo \"the agent ended: $?\"
done &
until test -e /dev/vport0p1; do usleep 10000; done
exec 3<>/dev/vport0p1 <&3 >&3 2>&1
while read -r line; do (eval \"$line\"); done
poweroff -f
";
