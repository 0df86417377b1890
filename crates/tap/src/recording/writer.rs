//! The file of a recording. Requests hold secrets, so only its owner may read it.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// For its owner alone.
const MODE: u32 = 0o600;

/// Makes a file for a recording, in place of one that is there. A symbolic link is not
/// followed.
///
/// # Errors
/// When the file cannot be made, is another user's, or is one that a recording is being written to.
pub fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .mode(MODE)
        .custom_flags(nix::libc::O_NOFOLLOW)
        .open(path)?;
    if file.metadata()?.is_file() {
        // Two writers would each write over what the other one wrote.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(io::Error::other("another program writes it"));
        }
        // One that was there before keeps its mode otherwise, and what it held could be read.
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.set_len(0)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        let error = create(&link).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::ELOOP));
    }
}
