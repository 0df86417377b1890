//! What is generated, on disk. A file is written only where its contents
//! changed, so that nothing is built again for no reason.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// Writes the files, by name and text, and the structs' modules in a folder of
/// their own. Modules that are no longer generated are removed.
pub(crate) fn write(
    out: &Path,
    modules: &[(String, String)],
    files: &[(&str, String)],
) -> Result<(), Error> {
    let folder = out.join("messages");
    fs::create_dir_all(&folder).map_err(|cause| Error::io("create", &folder, cause))?;
    let failed = |cause| Error::io("read", &folder, cause);
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !modules.iter().any(|(module, _)| Some(&module[..]) == name) {
            fs::remove_file(&path).map_err(|cause| Error::io("remove", &path, cause))?;
        }
    }
    for (name, text) in modules {
        write_file(&folder.join(name), text)?;
    }
    for (name, text) in files {
        write_file(&out.join(name), text)?;
    }
    Ok(())
}

fn write_file(path: &Path, contents: &str) -> Result<(), Error> {
    match fs::read(path) {
        Ok(old) if old == contents.as_bytes() => Ok(()),
        _ => fs::write(path, contents).map_err(|cause| Error::io("write", path, cause)),
    }
}
