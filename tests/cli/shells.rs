//! Shells in a terminal, each with a home folder of its own that makes it load
//! the tool's completion.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::terminal::{Terminal, program_at_terminal};
use crate::tool::{program, tool};

/// A character typed after Tab shows where the cursor is, and that the shell
/// is done.
pub(crate) const CURSOR: char = '_';

/// How bash loads what a package brought.
pub(crate) const BASH_COMPLETION: &str = "/usr/share/bash-completion/bash_completion";

/// A folder that is home and working folder of a shell, which reads the script
/// when it starts.
pub(crate) fn home(shell: &str) -> TempDir {
    let load = match shell {
        "fish" => "kata-agent-ctl completions fish | source\n".to_owned(),
        _ => format!("source <(kata-agent-ctl completions {shell})\n"),
    };
    home_with(shell, "", &load)
}

/// Such a folder with the script where `make install` puts it, which the shell
/// finds by itself.
pub(crate) fn home_with_installed(shell: &str) -> TempDir {
    let (before, load) = match shell {
        "bash" => ("", format!("source {BASH_COMPLETION}\n")),
        "zsh" => (
            "fpath+=(~/.local/share/zsh/site-functions)\n",
            String::new(),
        ),
        _ => ("", String::new()),
    };
    let home = home_with(shell, before, &load);
    let file = match shell {
        "bash" => "bash-completion/completions/kata-agent-ctl",
        "zsh" => "zsh/site-functions/_kata-agent-ctl",
        _ => "fish/vendor_completions.d/kata-agent-ctl.fish",
    };
    let path = home.path().join(".local/share").join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let script = tool(["completions", shell]).run().succeeded().text();
    fs::write(path, script).unwrap();
    home
}

fn home_with(shell: &str, before: &str, load: &str) -> TempDir {
    let home = TempDir::with_prefix("shell").unwrap();
    let path = |name: &str| home.path().join(name);
    fs::create_dir_all(path("bin")).unwrap();
    fs::create_dir_all(path("run")).unwrap();
    fs::create_dir_all(path(".config/fish")).unwrap();
    fs::write(path("run/agent.sock"), "").unwrap();
    fs::write(path("a script"), "").unwrap();
    symlink(program(), path("bin/kata-agent-ctl")).unwrap();
    let (file, text) = match shell {
        "bash" => (
            "rc",
            "PS1='READY> '\nbind 'set enable-bracketed-paste off'\nbind 'set bell-style none'\n",
        ),
        "zsh" => (
            ".zshrc",
            "PS1='READY> '\nsetopt NO_BEEP NO_PROMPT_SP\nautoload -U compinit\ncompinit -u\n",
        ),
        _ => (
            ".config/fish/config.fish",
            "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n\
             function fish_prompt; echo -n 'READY> '; end\n",
        ),
    };
    let aliases = "alias kac=kata-agent-ctl\nalias sim='kata-agent-ctl connect -a sim://'\n";
    let text = format!("{before}{text}{aliases}{load}");
    fs::write(path(file), text).unwrap();
    home
}

/// Starts a shell, and waits until it takes a line.
pub(crate) fn start(shell: &str, home: &Path) -> Terminal {
    let rc = home.join("rc").display().to_string();
    let arguments = match shell {
        "bash" => vec!["--rcfile", &rc, "-i"],
        _ => vec!["-i"],
    };
    let system = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{system}", home.join("bin").display());
    let terminal = program_at_terminal(shell, arguments)
        .variable("HOME", home)
        .variable("PATH", path)
        .variable("LANG", "C.UTF-8")
        .folder(home)
        .size(50, 200)
        .start();
    terminal.sees_last("READY>");
    terminal
}

/// Types a line and Tab, and waits for the line that must come of it.
#[track_caller]
pub(crate) fn completes(shell: &str, home: &Path, typed: &str, expected: &str) {
    let mut terminal = start(shell, home);
    terminal.keys(&format!("{typed}\t{CURSOR}"));
    terminal.sees_line(&format!("READY> {expected}{CURSOR}"));
}
