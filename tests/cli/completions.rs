//! Completion in real shells, each in a terminal: a line is typed, then Tab, and
//! the line that comes of it is read back. A shell that is not on this machine
//! is skipped, which is said.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use test_support::{is_installed, skip};

use crate::shells::{BASH_COMPLETION, CURSOR, completes, home, home_with_installed, start};
use crate::tool::tool;

/// What is typed and what Tab makes of it, in every shell.
const CASES: &[(&str, &str)] = &[
    // Sub-commands, options, values.
    ("kata-agent-ctl con", "kata-agent-ctl connect "),
    (
        "kata-agent-ctl connect --out",
        "kata-agent-ctl connect --output ",
    ),
    (
        "kata-agent-ctl connect -o jsonl",
        "kata-agent-ctl connect -o jsonl ",
    ),
    ("kata-agent-ctl -l wa", "kata-agent-ctl -l warn "),
    (
        "kata-agent-ctl connect --log-level=wa",
        "kata-agent-ctl connect --log-level=warn ",
    ),
    (
        "kata-agent-ctl completions fi",
        "kata-agent-ctl completions fish ",
    ),
    (
        "kata-agent-ctl describe GetGu",
        "kata-agent-ctl describe GetGuestDetails ",
    ),
    (
        "kata-agent-ctl template reseedr",
        "kata-agent-ctl template ReseedRandomDev",
    ),
    (
        "kata-agent-ctl examples netw",
        "kata-agent-ctl examples network ",
    ),
    (
        "ls; A=b kata-agent-ctl des",
        "ls; A=b kata-agent-ctl describe ",
    ),
    // Files and sockets.
    (
        "kata-agent-ctl connect --script ./a",
        "kata-agent-ctl connect --script ./a\\ script ",
    ),
    (
        "kata-agent-ctl connect --server-address unix://./run/ag",
        "kata-agent-ctl connect --server-address unix://./run/agent.sock ",
    ),
    (
        "kata-agent-ctl connect --server-address unix://./ru",
        "kata-agent-ctl connect --server-address unix://./run/",
    ),
    // Inside a command, whichever way it is quoted: no quote is closed, and no
    // space is added.
    (
        "kata-agent-ctl connect -c CreateSan",
        "kata-agent-ctl connect -c CreateSandbox ",
    ),
    (
        "kata-agent-ctl connect -c 'CreateSan",
        "kata-agent-ctl connect -c 'CreateSandbox",
    ),
    (
        "kata-agent-ctl connect -c Check 'CreateSan",
        "kata-agent-ctl connect -c Check 'CreateSandbox",
    ),
    (
        "kata-agent-ctl connect -c 'CreateSandbox sandbox_i",
        "kata-agent-ctl connect -c 'CreateSandbox sandbox_id=",
    ),
    (
        "kata-agent-ctl connect -c \"CreateSandbox sandbox_i",
        "kata-agent-ctl connect -c \"CreateSandbox sandbox_id=",
    ),
    (
        "kata-agent-ctl connect -c CreateSandbox\\ hostn",
        "kata-agent-ctl connect -c CreateSandbox\\ hostname=",
    ),
    (
        "kata-agent-ctl connect --cmd='CreateSandbox hostn",
        "kata-agent-ctl connect --cmd='CreateSandbox hostname=",
    ),
    (
        "kata-agent-ctl connect -c 'CreateContainer OCI.Pro",
        "kata-agent-ctl connect -c 'CreateContainer OCI.Process.",
    ),
    (
        "kata-agent-ctl connect -c 'CreateContainer OCI.Anno",
        "kata-agent-ctl connect -c 'CreateContainer OCI.Annotations[",
    ),
    (
        "kata-agent-ctl connect -c 'SignalProcess signal=usr1",
        "kata-agent-ctl connect -c 'SignalProcess signal=usr1",
    ),
    (
        "kata-agent-ctl connect -c 'CreateSandbox storages[0].fs_group.group_change_policy=OnR",
        "kata-agent-ctl connect -c 'CreateSandbox storages[0].fs_group.group_change_policy=OnRootMismatch",
    ),
    (
        "kata-agent-ctl connect -c 'SetPolicy policy_f",
        "kata-agent-ctl connect -c 'SetPolicy policy_file=",
    ),
    (
        "kata-agent-ctl connect -c 'CreateContainer json://{\"con",
        "kata-agent-ctl connect -c 'CreateContainer json://{\"container_id\":",
    ),
    (
        "kata-agent-ctl connect -c \"CreateContainer json://{\\\"con",
        "kata-agent-ctl connect -c \"CreateContainer json://{\\\"container_id\\\":",
    ),
];

fn completes_all(shell: &str) {
    if !is_installed(shell) {
        return;
    }
    let home = home(shell);
    for (typed, expected) in CASES {
        completes(shell, home.path(), typed, expected);
    }
}

#[test]
fn bash_completes() {
    completes_all("bash");
}

#[test]
fn zsh_completes() {
    completes_all("zsh");
}

#[test]
fn fish_completes() {
    completes_all("fish");
}

#[test]
fn installed_scripts_are_found() {
    for shell in ["bash", "zsh", "fish"] {
        if shell == "bash" && !Path::new(BASH_COMPLETION).exists() {
            skip(format_args!("there is no {BASH_COMPLETION}"));
        } else if is_installed(shell) {
            let home = home_with_installed(shell);
            let typed = "kata-agent-ctl connect -c 'CreateSandbox sandbox_i";
            completes(shell, home.path(), typed, &format!("{typed}d="));
        }
    }
}

#[test]
fn an_alias_completes() {
    for shell in ["bash", "zsh", "fish"] {
        if is_installed(shell) {
            let home = home(shell);
            completes(shell, home.path(), "kac con", "kac connect ");
            let typed = "ls; sim -c 'CreateSandbox hostn";
            completes(shell, home.path(), typed, &format!("{typed}ame="));
        }
    }
}

#[test]
fn fields_are_shown_right_after_a_name() {
    for shell in ["bash", "zsh", "fish"] {
        if is_installed(shell) {
            let home = home(shell);
            let mut terminal = start(shell, home.path());
            terminal.keys("kata-agent-ctl connect -c 'CreateSandbox\t\t");
            terminal.sees("Sandbox hostname=");
        }
    }
}

#[test]
fn a_space_ends_a_word_that_is_complete() {
    // Fish adds none after a slash.
    for (shell, end) in [("bash", " "), ("zsh", " "), ("fish", "")] {
        if is_installed(shell) {
            let home = home(shell);
            let typed = "kata-agent-ctl connect --server-address si";
            let expected = format!("kata-agent-ctl connect --server-address sim://{end}");
            completes(shell, home.path(), typed, &expected);
        }
    }
}

#[test]
fn only_what_exists_is_typed_in() {
    for shell in ["bash", "fish"] {
        if !is_installed(shell) {
            continue;
        }
        let home = home(shell);
        for (typed, expected) in [
            (
                "CreateSandbox sandbox_pidns=t",
                "CreateSandbox sandbox_pidns=true",
            ),
            ("CreateSandbox hostn", "CreateSandbox hostname="),
            ("OnlineCPUMem n", "OnlineCPUMem nb_cpus="),
            (
                "CreateContainer OCI.Linux.Sysc",
                "CreateContainer OCI.Linux.Sysctl[",
            ),
            (
                "CreateContainer json://{\"sandbox_pidns\":t",
                "CreateContainer json://{\"sandbox_pidns\":true",
            ),
        ] {
            let line = format!("kata-agent-ctl connect -c '{expected}");
            let mut terminal = start(shell, home.path());
            terminal.keys(&format!("kata-agent-ctl connect -c '{typed}\t{CURSOR}"));
            terminal.sees_line(&format!("READY> {line}{CURSOR}"));
            // More of it lists what may follow, and nothing that does not exist.
            terminal.keys("\x7f\t\t\t~");
            let screen = terminal.sees("~");
            assert!(screen.contains(&format!("READY> {line}")), "{screen}");
            assert!(!screen.contains("..."), "{screen}");
        }
    }
}

#[test]
fn other_ways_to_complete_in_bash_insert_only_what_exists() {
    if !is_installed("bash") {
        return;
    }
    let home = home("bash");
    let typed = "kata-agent-ctl connect -c 'CreateSandbox sandbox_pidns=t";
    let mut terminal = start("bash", home.path());
    terminal.keys("bind 'set show-all-if-ambiguous on'\r");
    terminal.sees_last("READY>");
    terminal.keys(&format!("{typed}\t{CURSOR}"));
    terminal.sees_line(&format!("READY> {typed}rue{CURSOR}"));

    // Each Tab goes on to the next one, for which bash itself closes the quote.
    let mut terminal = start("bash", home.path());
    terminal.keys("bind 'TAB:menu-complete'\r");
    terminal.sees_last("READY>");
    terminal.keys(&format!("{typed}\t"));
    terminal.sees_last(&format!("READY> {typed}rue'"));
    terminal.keys("\t");
    terminal.sees_last(&format!("READY> {typed}rue hostname='"));
}

#[test]
fn redirections_are_to_files() {
    for shell in ["bash", "zsh", "fish"] {
        if is_installed(shell) {
            let home = home(shell);
            for before in ["> ", ">", "2> ", "< "] {
                let typed = format!("kata-agent-ctl template Check {before}./run/ag");
                completes(shell, home.path(), &typed, &format!("{typed}ent.sock "));
            }
        }
    }
}

#[test]
fn what_follows_the_cursor_stays() {
    // Fish goes behind a quote that is closed.
    for (shell, end) in [("bash", "_'"), ("zsh", "_'"), ("fish", "'_")] {
        if is_installed(shell) {
            let home = home(shell);
            let mut terminal = start(shell, home.path());
            // Back to the end of "hostn".
            terminal.keys("kata-agent-ctl connect -c 'CreateSandbox hostn' --repeat 2");
            terminal.keys(&"\x1b[D".repeat(12));
            terminal.keys(&format!("\t{CURSOR}"));
            let line = "kata-agent-ctl connect -c 'CreateSandbox hostname=";
            terminal.sees_line(&format!("READY> {line}{end} --repeat 2"));
        }
    }
}

#[test]
fn a_quoted_file_name_is_closed() {
    // Bash itself closes the quote, and adds no space.
    let typed = "kata-agent-ctl connect --script './a s";
    for (shell, end) in [("bash", ""), ("zsh", " "), ("fish", " ")] {
        if is_installed(shell) {
            let home = home(shell);
            let expected = format!("kata-agent-ctl connect --script './a script'{end}");
            completes(shell, home.path(), typed, &expected);
        }
    }
}

#[test]
fn bash_lists_what_each_candidate_is() {
    if is_installed("bash") {
        let home = home("bash");
        let mut terminal = start("bash", home.path());
        terminal.keys("kata-agent-ctl connect -c 'OnlineCPUMem n\t\t");
        terminal.sees_line("READY> kata-agent-ctl connect -c 'OnlineCPUMem nb_cpus=");
        terminal.keys("\x15kata-agent-ctl connect -c 'MemAgentCompactSet compact_\t\t");
        let shown = terminal.sees("compact_force_times=");
        assert!(shown.contains("compact_threshold=  -- "), "{shown}");
        // What was typed is as it was.
        terminal.sees_line("READY> kata-agent-ctl connect -c 'MemAgentCompactSet compact_");
    }
}

#[test]
fn a_script_is_valid_where_its_shell_is() {
    for shell in ["bash", "zsh", "fish"] {
        let script = tool(["completions", shell]).run().succeeded().text();
        if is_installed(shell) {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("script");
            fs::write(&path, script).unwrap();
            let checked = Command::new(shell).arg("-n").arg(&path).output().unwrap();
            let stderr = String::from_utf8_lossy(&checked.stderr);
            assert!(checked.status.success() && stderr.is_empty(), "{stderr}");
        }
    }
    let output = tool(["completions", "powershell"]).run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().contains("bash, zsh, fish"),
        "{}",
        output.stderr
    );
}
