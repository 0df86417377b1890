//! The file of a recording. Requests hold secrets, so only its owner may read it.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// For its owner alone.
const MODE: u32 = 0o600;

/// Why there is no file for a recording.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A symbolic link stands there, and leads to this file.
    #[error(
        "it is a symbolic link, and a recording follows none{}",
        .0.as_ref().map_or(String::new(), |file| format!("; name the file itself: {file:?}"))
    )]
    Link(Option<PathBuf>),
    /// A recording is being written to it.
    #[error("another program writes it")]
    Busy,
    /// Any other refusal by the system.
    #[error("{}", agent_text::reason(.0))]
    System(#[from] io::Error),
}

/// Makes a file for a recording, in place of one that is there. A symbolic link is not
/// followed.
///
/// # Errors
/// When the file cannot be made, is another user's, or is one that a recording is being written to.
pub fn create(path: &Path) -> Result<File, CreateError> {
    let file = open(path, true)?;
    if file.metadata()?.is_file() {
        // One that was there before keeps its mode otherwise, and what it held could be read.
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.set_len(0)?;
    }
    Ok(file)
}

/// Finds out whether [`create`] would make the file, and changes nothing.
///
/// # Errors
/// As those of [`create`].
pub fn check(path: &Path) -> Result<(), CreateError> {
    match fs::symlink_metadata(path).map(|metadata| metadata.file_type()) {
        // Opening a pipe and closing it would end whoever reads it.
        Ok(kind) if !(kind.is_file() || kind.is_dir() || kind.is_symlink()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            let folder = folder.unwrap_or(Path::new("."));
            access(folder, Access::WRITE_OK | Access::EXEC_OK)
                .map_err(|errno| CreateError::System(errno.into()))
        }
        _ => open(path, false).map(drop),
    }
}

/// Opens the file for the one who writes it.
fn open(path: &Path, create: bool) -> Result<File, CreateError> {
    let opened = OpenOptions::new()
        .write(true)
        .create(create)
        .mode(MODE)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path);
    let file = opened.map_err(|error| match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => CreateError::Link(fs::canonicalize(path).ok()),
        _ => error.into(),
    })?;
    // Two writers would each write over what the other one wrote.
    if file.metadata()?.is_file()
        && let Err(TryLockError::WouldBlock) = file.try_lock()
    {
        return Err(CreateError::Busy);
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        create(&path).unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.len(), metadata.permissions().mode() & 0o777),
            (0, 0o600)
        );
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let error = create(&link).unwrap_err().to_string();
        let path = path.canonicalize().unwrap();
        let expected = format!(
            "it is a symbolic link, and a recording follows none; name the file itself: {path:?}"
        );
        assert_eq!(error, expected);
        fs::remove_file(&path).unwrap();
        let error = create(&link).unwrap_err().to_string();
        assert_eq!(error, "it is a symbolic link, and a recording follows none");
    }

    #[test]
    fn a_check_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls");
        check(&path).unwrap();
        assert!(!path.exists());
        fs::write(&path, "old").unwrap();
        check(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let file = create(&path).unwrap();
        let error = check(&path).unwrap_err().to_string();
        assert_eq!(error, "another program writes it");
        drop(file);
        // Who reads a pipe does not hear of it.
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let flags = nix::libc::O_NONBLOCK;
        let reader = File::options().read(true).custom_flags(flags).open(&pipe);
        check(&pipe).unwrap();
        let writer = create(&pipe).unwrap();
        let nothing = io::Read::read(&mut reader.unwrap(), &mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        drop(writer);
        let missing = folder.path().join("none").join("calls");
        for wrong in [missing.as_path(), folder.path()] {
            let errors = [check(wrong), create(wrong).map(drop)];
            let [one, other] = errors.map(|outcome| outcome.unwrap_err().to_string());
            assert_eq!(one, other);
        }
    }
}
