//! `policy` and its sub-commands. What a real agent says of the same policies is compared in
//! the conformance suite.

mod audit;
mod check;
mod explain;
mod export;
mod hostile;
#[cfg(feature = "node")]
mod sandbox;
mod source;
mod why;

use std::fs;

use tempfile::TempDir;

use crate::tool::{Tool, tool};

/// A folder with files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// `policy` with these arguments, in this folder.
fn policy(folder: &TempDir, arguments: &[&str]) -> Tool {
    tool(["policy"]).arguments(arguments).folder(folder.path())
}
