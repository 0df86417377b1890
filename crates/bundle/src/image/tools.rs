//! The programs that fetch and unpack images, run where they are on the PATH.
//! What they write is kept from standard output, which is for responses.

use std::env;
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agent_text::escape;

use crate::image::error::ImageError;

/// How much of a program's last line is shown, in characters.
const LONGEST: usize = 500;

/// A program that is there.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    path: PathBuf,
}

impl Program {
    /// The program by this name, if it is on the PATH.
    pub(crate) fn find(name: &'static str) -> Option<Self> {
        let folders = env::var_os("PATH")?;
        let mut paths = env::split_paths(&folders).map(|folder| folder.join(name));
        let path = paths.find(|path| is_program(path))?;
        Some(Self { name, path })
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be run, or fails.
    pub(crate) fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<(), ImageError> {
        let output = Command::new(&self.path)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(ImageError::file(&self.path))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        Err(ImageError::Tool {
            tool: self.name,
            status: output.status.to_string(),
            said: escape::first_line(last.unwrap_or("it does not say why"), LONGEST),
        })
    }
}

fn is_program(path: &Path) -> bool {
    let metadata = path.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
