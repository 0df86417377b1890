//! Whether a program is there, looked up as the real agent does: as a path from
//! the program's folder, then in the folders of its own PATH. Nothing is run.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::sim::process::{LaunchError, Program};

/// Where a program without a folder starts.
const ROOT: &str = "/";

/// The program's folder.
pub(super) fn folder(program: &Program) -> &Path {
    Path::new(match program.cwd.as_str() {
        "" => ROOT,
        cwd => cwd,
    })
}

/// Fails where the program's folder or the program is not there.
pub(super) fn check(program: &Program) -> Result<(), LaunchError> {
    let folder = folder(program);
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(LaunchError::Folder(Errno::ENOTDIR.into())),
        Err(error) => return Err(LaunchError::Folder(error)),
    }
    let name = program.args.first().map_or("", String::as_str);
    let path = program.env.iter().rev();
    let path = path.filter_map(|entry| entry.strip_prefix("PATH=")).next();
    let is_there = folder.join(name).exists()
        || path.is_some_and(|path| {
            std::env::split_paths(path).any(|dir| in_folder(folder, dir, name))
        });
    match is_there {
        true => Ok(()),
        false => Err(LaunchError::NotFound(name.to_owned())),
    }
}

fn in_folder(folder: &Path, of_path: PathBuf, name: &str) -> bool {
    folder.join(of_path).join(name).is_file()
}
