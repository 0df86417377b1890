//! Files that are written only where their contents changed, so that nothing is
//! built again for no reason.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Error;

/// Writes a file unless it has these contents already.
pub(crate) fn write(path: &Path, contents: &str) -> Result<(), Error> {
    match fs::read(path) {
        Ok(old) if old == contents.as_bytes() => Ok(()),
        _ => fs::write(path, contents).map_err(|cause| Error::io("write", path, cause)),
    }
}

/// Makes an existing or missing folder an existing, empty one.
pub(crate) fn empty_folder(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, cause)),
        _ => fs::create_dir_all(path).map_err(|cause| Error::io("create", path, cause)),
    }
}

/// Removes the files in a folder that are not among `names`.
pub(crate) fn retain(folder: &Path, names: &[&str]) -> Result<(), Error> {
    let failed = |cause| Error::io("read", folder, cause);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| names.contains(&name)) {
            fs::remove_file(&path).map_err(|cause| Error::io("remove", &path, cause))?;
        }
    }
    Ok(())
}
