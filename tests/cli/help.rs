//! The whole surface of the command line as its help shows it, byte for byte, so
//! that a change of it is seen; and the manual page. `UPDATE_GOLDEN=1` writes
//! the help down.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use kata_agent_ctl::statuses::EXIT_STATUSES;
use tempfile::TempDir;
use test_support::is_installed;

use crate::tool::{Tool, difference, program, tool};

/// The sub-commands that help lists, by the words that call them.
fn sub_commands() -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for name in listed(&[]) {
        let inner = listed(&[name.as_str()]);
        all.push(vec![name.clone()]);
        all.extend(inner.into_iter().map(|inner| vec![name.clone(), inner]));
    }
    assert!(all.contains(&vec!["connect".to_owned()]), "{all:?}");
    all
}

/// The sub-commands of a sub-command, or of the program.
fn listed(words: &[&str]) -> Vec<String> {
    let help = tool(words).arguments(["--help"]).run().succeeded().text();
    if !help.contains(" <COMMAND>\n") {
        return Vec::new();
    }
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned);
    names.collect()
}

#[test]
fn help_of_everything_is_as_it_was_reviewed() {
    let mut found = String::new();
    let mut show = |arguments: &[&str]| {
        let help = tool(arguments).run().succeeded().text();
        found.push_str(&format!(
            "$ kata-agent-ctl {}\n{help}\n",
            arguments.join(" ")
        ));
    };
    show(&["--help"]);
    show(&["-h"]);
    for sub_command in sub_commands() {
        let words = sub_command.iter().map(String::as_str);
        show(&words.chain(["--help"]).collect::<Vec<_>>());
    }
    // Those that only scripts call.
    show(&["man", "--help"]);
    show(&["complete", "--help"]);

    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/help.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap();
    let difference = difference("tests/cli/help.txt", &expected, &found);
    assert!(difference.is_empty(), "{difference}");
}

#[test]
fn help_is_the_same_however_it_is_asked_for() {
    for sub_command in sub_commands() {
        let asked = tool(&sub_command).arguments(["--help"]);
        let other = tool(["help"]).arguments(&sub_command);
        let text = |tool: Tool| tool.run().succeeded().text();
        assert_eq!(text(asked), text(other), "{sub_command:?}");
    }
}

fn manual() -> String {
    tool(["man"]).run().succeeded().text()
}

#[test]
fn the_manual_page_has_every_sub_command_and_option() {
    let page = manual().replace("\\-", "-");
    let all = sub_commands();
    // Of one that has some of its own, those have the options.
    let has_inner = |words: &[String]| {
        all.iter()
            .any(|other| other.len() > words.len() && other.starts_with(words))
    };
    for sub_command in all.iter().filter(|words| !has_inner(words)) {
        let heading = match sub_command.as_slice() {
            [name] => format!("\n.SS {name}\n"),
            names => format!("\n.SS \"{}\"\n", names.join(" ")),
        };
        assert!(page.contains(&heading), "{sub_command:?}");
        let help = tool(sub_command).arguments(["--help"]).run().succeeded();
        let help = help.text();
        let words = help.split(|c: char| c.is_whitespace() || ",]".contains(c));
        for option in words.filter(|word| word.starts_with("--") && *word != "--help") {
            assert!(page.contains(option), "{sub_command:?} {option}");
        }
    }
    for heading in [
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH ADDRESSES",
        ".SH \"AUTOMATIC VALUES\"",
        ".SH \"KEYS AT THE PROMPT\"",
        ".SH CALLS",
        ".SH SETTERS",
        ".SH \"BUILT-IN COMMANDS\"",
        ".SH \"EXIT STATUS\"",
        ".SH ENVIRONMENT",
        ".SH FILES",
        ".SH EXAMPLES",
    ] {
        assert!(page.contains(&format!("{heading}\n")), "{heading}");
    }
    // All sub-commands are in one section, whatever headings their own help has.
    let sections = || page.lines().filter(|line| line.starts_with(".SH "));
    let mut from = sections().skip_while(|it| *it != ".SH SUB-COMMANDS");
    assert_eq!(from.nth(1), Some(".SH \"OPTIONS OF EVERY SUB-COMMAND\""));
    let different: BTreeSet<&str> = sections().collect();
    assert_eq!(different.len(), sections().count());
}

#[test]
fn all_pages_tell_the_same_of_exit_statuses() {
    let words = |text: &str| {
        let text = text.replace(r"\*(Aq", "'").replace(['`', '\\'], "");
        let text = text.to_lowercase();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let output = words(include_str!("../../docs/output.md"));
    let help = tool(["connect", "--help"]).run().succeeded().text();
    let (help, manual) = (words(&help), words(&manual()));
    for (status, meaning) in EXIT_STATUSES {
        let (status, meaning) = (words(status), words(meaning));
        for (page, row) in [
            (&output, format!("| {status} | {meaning} |")),
            (&help, format!("{status} {meaning}")),
            (&manual, format!("fb{status}fr {meaning}")),
        ] {
            assert!(page.contains(&row), "{row:?} is not in\n{page}");
        }
    }
}

#[test]
fn the_manual_page_is_one_that_man_takes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("kata-agent-ctl.1");
    fs::write(&path, manual()).unwrap();
    // What each of them finds wrong, on one of its outputs; the first one only
    // warns of style when it is asked to.
    for checker in [
        &["mandoc", "-Tlint", "-Werror"][..],
        &["groff", "-man", "-ww", "-z", "-Tutf8"],
        &["man", "--warnings", "--local-file"],
    ] {
        let program = checker[0];
        let mut command = Command::new(program);
        command.args(&checker[1..]).arg(&path).stdin(Stdio::null());
        command.env("MANWIDTH", "80").env("LC_ALL", "C.UTF-8");
        if !is_installed(program) {
            continue;
        }
        let output = command.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program}: {stdout}{stderr}");
        assert_eq!(stderr, "", "{program}");
        if program == "man" {
            assert!(stdout.contains("EXIT STATUS"), "{stdout}");
            assert!(stdout.contains("NAME\n       kata-agent-ctl"), "{stdout}");
            // No word is broken at the end of a line.
            assert!(!stdout.contains('\u{2010}'), "{stdout}");
            for line in [
                "kata-agent-ctl connect [OPTIONS]\n",
                "kata-agent-ctl describe [OPTIONS] NAME\n",
                "kata-agent-ctl serve --address URI [OPTIONS]\n",
                "container_id, cid\n",
                "signal in SignalProcess\n",
                "hvsock:///PATH:PORT\n",
            ] {
                assert!(
                    stdout.contains(&format!("\n       {line}")),
                    "{line} is not in {stdout}"
                );
            }
        }
    }
}

#[test]
fn what_is_installed_is_found_by_the_shells_and_by_man() {
    if !is_installed("make") {
        return;
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let staging = TempDir::new().unwrap();
    let data = |variables: &[&str]| {
        let mut make = Command::new("make");
        make.arg("install-data").args(variables);
        make.arg(format!("BINARY={}", program()));
        make.arg(format!("DESTDIR={}", staging.path().display()));
        make.env("HOME", "/home/me").current_dir(repository);
        for variable in [
            "CARGO_HOME",
            "CARGO_INSTALL_ROOT",
            "XDG_DATA_HOME",
            "PREFIX",
        ] {
            make.env_remove(variable);
        }
        make.stdout(Stdio::null()).status().unwrap().success()
    };
    let installed = |folder: &str, name: &str, expected: &[&str]| {
        let path = staging.path().join(folder).join(name);
        let found = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(found, tool(expected).run().succeeded().text(), "{path:?}");
    };
    let all = |man: &str, completions: &str| {
        installed(man, "man1/kata-agent-ctl.1", &["man"]);
        for (file, shell) in [
            ("bash-completion/completions/kata-agent-ctl", "bash"),
            ("zsh/site-functions/_kata-agent-ctl", "zsh"),
            ("fish/vendor_completions.d/kata-agent-ctl.fish", "fish"),
        ] {
            installed(completions, file, &["completions", shell]);
        }
    };
    assert!(data(&["PREFIX=/usr"]));
    all("usr/share/man", "usr/share");
    // Where cargo installs to, man looks beside the program; shells do not.
    assert!(data(&[]));
    all("home/me/.cargo/share/man", "home/me/.local/share");
    assert!(data(&["CARGO_INSTALL_ROOT=/opt/x"]));
    all("opt/x/share/man", "opt/x/share");
}
