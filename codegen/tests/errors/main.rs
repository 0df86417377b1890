//! A mistake in a proto file is told as `file:line:col: what`, exactly, and
//! nothing panics, whatever the files hold. One module per area; what is legal
//! is in `legal`.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

mod files;
mod imports;
mod legal;
mod names;
mod old_syntax;
mod options;
mod reserved;
mod syntax;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn generate(folder: &Path) -> Result<(), agent_codegen::Error> {
    let out = tempfile::tempdir().unwrap();
    agent_codegen::generate(folder, "protos", out.path())
}

/// What is wrong with a folder of these files.
fn error(files: &[(&str, &str)]) -> String {
    generate(folder(files).path()).unwrap_err().to_string()
}

/// What is wrong with a file of these lines after the first one.
fn error_in(lines: &str) -> String {
    error(&[("a.proto", &format!("syntax = \"proto3\";\n{lines}"))])
}

/// Compares what is wrong with files of some lines after the first one.
fn wrong(rows: &[(&str, &str)]) {
    for (lines, expected) in rows {
        let error = error_in(lines);
        assert_eq!(error, format!("a.proto:{expected}"), "{lines}");
    }
}

/// Builds files of some lines after the first one.
fn right(rows: &[&str]) {
    for lines in rows {
        let text = format!("syntax = \"proto3\";\n{lines}");
        let built = generate(folder(&[("a.proto", &text)]).path());
        assert!(built.is_ok(), "{lines}: {}", built.unwrap_err());
    }
}
