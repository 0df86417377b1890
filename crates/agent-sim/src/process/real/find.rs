//! Where a program and its folder are: on this machine as the real agent looks
//! them up, as a path from the program's folder and then in the folders of its
//! own PATH; else below the container's root filesystem, where this machine has
//! that. Nothing is run.

use std::fs;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::process::{LaunchError, Program};

/// Where a program without a folder starts.
const ROOT: &str = "/";

/// The program's folder on this machine.
pub(super) fn folder(program: &Program) -> PathBuf {
    let folder = named_folder(program);
    match below_root(program, folder) {
        Some(below) if !folder.exists() => below,
        _ => folder.to_path_buf(),
    }
}

/// The folder that the program was given.
fn named_folder(program: &Program) -> &Path {
    Path::new(match program.cwd.as_str() {
        "" => ROOT,
        cwd => cwd,
    })
}

/// What is to be run: the program's name, or where it is in its root filesystem.
///
/// # Errors
/// When the program's folder or the program is not there.
pub(super) fn program(program: &Program) -> Result<PathBuf, LaunchError> {
    match fs::metadata(folder(program)) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(LaunchError::Folder(Errno::ENOTDIR.into())),
        Err(error) => return Err(LaunchError::Folder(error)),
    }
    let folder = named_folder(program);
    let name = program.args.first().map_or("", String::as_str);
    let folders: Vec<_> = program
        .path()
        .map_or_else(Vec::new, |path| std::env::split_paths(path).collect());
    let is_there = folder.join(name).exists()
        || folders
            .iter()
            .any(|each| folder.join(each).join(name).is_file());
    if is_there {
        return Ok(name.into());
    }
    let places = std::iter::once(PathBuf::from(name))
        .chain(folders.iter().map(|each| each.join(name)))
        .filter_map(|place| below_root(program, &place));
    let mut files = places.filter(|place| place.is_file());
    files
        .next()
        .ok_or_else(|| LaunchError::NotFound(name.to_owned()))
}

/// An absolute path of the container as one of this machine.
fn below_root(program: &Program, path: &Path) -> Option<PathBuf> {
    let path = path.strip_prefix(ROOT).ok()?;
    (!program.root.as_os_str().is_empty()).then(|| program.root.join(path))
}
