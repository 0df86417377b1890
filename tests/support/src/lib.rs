//! What tests of all kinds share: which program the end-to-end tests run, how a test
//! says that it is skipped, so that no skip goes unnoticed, and virtual machines.

#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

pub mod vm;

use std::env;
use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::OnceLock;
use std::thread;

/// Names the program to test instead of the one that cargo built.
const PROGRAM: &str = "KATA_AGENT_CTL_BIN";
/// With the value `1`, a test that would be skipped fails.
const REQUIRE_ALL: &str = "REQUIRE_ALL";
/// Names a file to which each skipped test appends a line.
const SKIPPED: &str = "SKIPPED_TESTS";

/// The program that end-to-end tests run: the one that `KATA_AGENT_CTL_BIN` names,
/// or else the one that cargo built, which only the test itself can name.
///
/// # Panics
/// When the variable names no file.
pub fn program(built: &'static str) -> &'static str {
    static NAMED: OnceLock<Option<String>> = OnceLock::new();
    let named = NAMED.get_or_init(|| {
        let path = env::var_os(PROGRAM).filter(|path| !path.is_empty())?;
        // Tests run it in folders of their own.
        let path = std::path::absolute(path).ok()?;
        assert!(path.is_file(), "{PROGRAM}: no file {path:?}");
        Some(path.display().to_string())
    });
    named.as_deref().unwrap_or(built)
}

/// Whether a program is on the path. If it is not, the test that asks for it counts
/// as skipped.
///
/// # Panics
/// As [`skip`] does.
#[track_caller]
pub fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = is_in(&path, program);
    if !found {
        skip(format_args!("{program} is not installed"));
    }
    found
}

/// Tells that the test that calls this, or a part of it, is skipped, and why.
///
/// # Panics
/// When `REQUIRE_ALL` is 1.
#[track_caller]
pub fn skip(reason: impl Display) {
    refuse_if(
        env::var_os(REQUIRE_ALL).is_some_and(|value| value == "1"),
        &reason,
    );
    skip_even_if_required(reason);
}

/// The same where nothing that can be installed would help, such as a device that
/// the kernel lacks: it never fails the test.
///
/// # Panics
/// When the file of skipped tests cannot be written.
pub fn skip_even_if_required(reason: impl Display) {
    let test = thread::current();
    let line = format!("skipped: {}: {reason}\n", test.name().unwrap_or("a test"));
    // Not by `eprint`, which the test harness hides when a test passes.
    let _ = io::stderr().write_all(line.as_bytes());
    if let Some(path) = env::var_os(SKIPPED) {
        append(Path::new(&path), &line).unwrap();
    }
}

/// Whether one of the folders of a search path has the program.
fn is_in(path: &OsStr, program: &str) -> bool {
    env::split_paths(path).any(|folder| folder.join(program).is_file())
}

#[track_caller]
fn refuse_if(required: bool, reason: &impl Display) {
    assert!(!required, "{REQUIRE_ALL} is set, but {reason}");
}

/// Adds a line to a file that others add lines to at the same time.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut file = File::options().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "REQUIRE_ALL is set, but jq is not installed")]
    fn a_required_skip_fails() {
        refuse_if(true, &"jq is not installed");
    }

    #[test]
    fn any_other_is_a_line_of_the_file() {
        refuse_if(false, &"jq is not installed");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("skipped");
        append(&path, "one\n").unwrap();
        append(&path, "two\n").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn programs_are_looked_for_on_the_path() {
        let folder = tempfile::tempdir().unwrap();
        File::create(folder.path().join("tool")).unwrap();
        let path = env::join_paths([Path::new("/none"), folder.path()]).unwrap();
        assert!(is_in(&path, "tool"));
        assert!(!is_in(&path, "other"));
        assert!(!is_in(OsStr::new("/none"), "tool"));
    }
}
