//! Commands run in a shell as a user types them, and what they print compared
//! with what a text says: in it a line `...` stands for any lines. All commands
//! of a session run in one shell, in an empty folder, with the binary under test
//! as `kata-agent-ctl`.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use test_support::is_installed;

/// How many seconds all commands of a session may take together.
const LIMIT: &str = "120";

/// Runs the commands in one shell, and gives what each of them printed on both
/// outputs; none when they use jq and it is not installed. Where the shell ended early, the
/// last part is what it printed last.
pub(crate) fn run(binary: &Path, commands: &[&str]) -> Option<Vec<String>> {
    run_in("bash", binary, commands).map(|(printed, _)| printed)
}

/// The same in another shell, with the names of the files that are there in the end.
pub(crate) fn run_in(
    shell: &str,
    binary: &Path,
    commands: &[&str],
) -> Option<(Vec<String>, Vec<String>)> {
    if commands.iter().any(|command| command.contains("jq ")) && !is_installed("jq") {
        return None;
    }
    const END: &str = "--- end of a command ---";
    let folder = TempDir::with_prefix("console").unwrap();
    let binaries = TempDir::with_prefix("bin").unwrap();
    symlink(binary, binaries.path().join("kata-agent-ctl")).unwrap();

    let mut script = match shell {
        "bash" => String::from("trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n"),
        _ => String::new(),
    };
    for command in commands {
        // The next command may ask for the status of this one.
        let _ = match shell {
            "fish" => write!(script, "{command}\necho '{END}'\n"),
            _ => write!(script, "{command}\ncode=$?; echo '{END}'; (exit $code)\n"),
        };
    }
    let file = binaries.path().join("script");
    fs::write(&file, script).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("timeout")
        .args([LIMIT, "sh", "-c", "exec 2>&1; exec \"$0\" \"$1\"", shell])
        .arg(&file)
        .env_clear()
        .env("PATH", format!("{}:{path}", binaries.path().display()))
        .env("HOME", binaries.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut parts: Vec<_> = text.split(&format!("{END}\n")).map(str::to_owned).collect();
    // What is after the last mark is of no command.
    parts.truncate(commands.len());
    let files = fs::read_dir(folder.path()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    Some((parts, names.collect()))
}

/// Whether `found` is `expected`, in which a line `...` stands for any lines.
pub(crate) fn matches(expected: &str, found: &str) -> bool {
    let expected: Vec<_> = expected.lines().collect();
    let found: Vec<_> = found.lines().collect();
    matches_lines(&expected, &found)
}

fn matches_lines(expected: &[&str], found: &[&str]) -> bool {
    match expected.split_first() {
        None => found.is_empty(),
        Some((&"...", rest)) => {
            (0..=found.len()).any(|skipped| matches_lines(rest, &found[skipped..]))
        }
        Some((line, rest)) => found
            .split_first()
            .is_some_and(|(first, found)| first == line && matches_lines(rest, found)),
    }
}

#[test]
fn dots_stand_for_any_lines() {
    assert!(matches("a\n...\nb\n", "a\nb\n"));
    assert!(matches("a\n...\nb\n", "a\nx\ny\nb\n"));
    assert!(matches("...\n", ""));
    assert!(!matches("a\n...\nb\n", "a\nx\n"));
    assert!(!matches("a\n", "a\nb\n"));
    assert!(!matches("a\nb\n", "a\n"));
}
