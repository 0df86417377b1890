//! The examples of README.md and of every page in `docs`: each block of code is
//! run, so that no page shows what is not true. What is done with a block stands
//! behind its opening fence:
//!
//! | fence | what the test does |
//! |---|---|
//! | `console` | runs each line that begins with `$ `, and compares what is printed on both outputs with the lines below it; a line `...` stands for any lines |
//! | `sh` | runs the block as a script, which must succeed |
//! | `console guest`, `sh guest` | the same for what needs a real guest: the address is checked as it stands, then the simulated agent answers in place of the guest |
//! | `sh build` | builds nothing, but checks that the targets and files it names exist |
//! | `rust`, `yaml` | nothing here: `cargo test` compiles and runs the first, `ci_job.rs` runs the second |
//! | `rust test`, `go` | nothing here: `unit_tests.rs` compiles and runs them |
//! | `text` | nothing: it is not a command |
//!
//! All commands of a block run in one shell, in an empty folder.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::is_installed;

use crate::console::{matches, run};
use crate::tool::{difference, tool};

/// What every block finds: `cargo run` is the binary under test, and `sudo` is
/// not needed.
const COMMANDS: &str = r#"
cargo() {
    [[ $1 == run ]] || { builds "$@"; return; }
    while [[ $1 != -- ]]; do shift; done
    shift
    kata-agent-ctl "$@"
}
builds() {
    echo "a block that builds is marked so" >&2
    return 1
}
sudo() { "$@"; }
"#;

/// In a block that needs a guest: the simulated agent stands for it, and a shim
/// tells its address.
const GUEST: &str = r#"
command kata-agent-ctl serve --address unix://./guest.sock > /dev/null 2>&1 < /dev/null &
kata-agent-ctl() {
    local what=$1 address=${KATA_AGENT_SERVER_ADDRESS-} hybrid=() rest=()
    case $what in
        connect|bench) shift ;;
        *) command kata-agent-ctl "$@"; return ;;
    esac
    while (($#)); do
        case $1 in
            --server-address) address=$2; shift ;;
            --hybrid-vsock) hybrid=(--hybrid-vsock) ;;
            *) rest+=("$1") ;;
        esac
        shift
    done
    command kata-agent-ctl connect --server-address "$address" "${hybrid[@]}" --dry-run -c Check \
        > /dev/null || return
    command kata-agent-ctl "$what" --server-address unix://./guest.sock "${rest[@]}"
}
curl() { [[ "$*" == *"/shim-monitor.sock http://shim/agent-url" ]] && echo vsock://3:1024; }
"#;

/// In a block that builds: what is named must be there.
const BUILD: &str = r#"
builds() {
    while (($#)); do
        case $1 in
            --test) ls "$REPOSITORY/tests/$2.rs" || ls "$REPOSITORY/tests/$2/main.rs" ;;
            --bench) ls "$REPOSITORY/benches/$2.rs" || ls "$REPOSITORY/benches/$2/main.rs" ;;
            -p) grep -rqx --exclude-dir=target --include=Cargo.toml "name = \"$2\"" "$REPOSITORY" ;;
            *) true ;;
        esac > /dev/null 2>&1 || { echo "there is no $1 $2" >&2; return 1; }
        shift
    done
}
make() { command make -n -C "$REPOSITORY" "$@" > /dev/null; }
.ci/run() { [[ -x $REPOSITORY/.ci/run ]]; }
fuzz/run() { [[ -x $REPOSITORY/fuzz/run ]]; }
"#;

/// A block of code of a page.
#[derive(Debug, PartialEq)]
struct Block {
    /// The line of the page that its text begins on.
    line: usize,
    /// What stands behind the opening fence.
    fence: String,
    text: String,
}

/// A command and what it prints.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    output: String,
}

/// The blocks of a page, in order.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(fence)) => {
                open = Some(Block {
                    line: number + 1,
                    fence: fence.to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a block is not closed");
    blocks
}

impl Block {
    /// Runs it as its fence says, and gives what is wrong with it.
    fn mistakes(&self, page: &str) -> String {
        let place = format!("{page}:{}", self.line);
        let (language, kind) = self.fence.split_once(' ').unwrap_or((&self.fence, ""));
        let commands = match (language, kind) {
            ("text" | "yaml" | "rust" | "go", "") | ("rust", "test") => return String::new(),
            ("sh" | "console", "") => COMMANDS.to_owned(),
            ("sh" | "console", "guest") => format!("{COMMANDS}{GUEST}"),
            ("sh", "build") if self.text.contains("make ") && !is_installed("make") => {
                return String::new();
            }
            ("sh", "build") => {
                let repository = env!("CARGO_MANIFEST_DIR");
                format!("{COMMANDS}{BUILD}REPOSITORY='{repository}'\n")
            }
            _ => return format!("{place}: unknown kind of block: {:?}\n", self.fence),
        };
        match language {
            "sh" => self.script_mistakes(&place, &commands),
            _ => self.session_mistakes(&place, &commands),
        }
    }

    fn script_mistakes(&self, place: &str, commands: &str) -> String {
        let strict = "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT; set -euo pipefail";
        let script = format!("({strict}\n{})", self.text);
        let script = [commands, &script, "echo status $?"];
        let Some(outputs) = run(tool::<&str>([]).path(), &script) else {
            return String::new();
        };
        if outputs.last().is_some_and(|last| last == "status 0\n") {
            return String::new();
        }
        format!("{place}: the script fails\n{}\n", outputs.concat())
    }

    fn session_mistakes(&self, place: &str, commands: &str) -> String {
        let steps = match steps(&self.text) {
            Ok(steps) => steps,
            Err(line) => return format!("{place}: there is no command before {line:?}\n"),
        };
        let lines = steps.iter().map(|step| step.command.as_str());
        let lines = [commands].into_iter().chain(lines).chain(["echo end"]);
        let lines: Vec<_> = lines.collect();
        let Some(outputs) = run(tool::<&str>([]).path(), &lines) else {
            return String::new();
        };
        let mut mistakes = String::new();
        if outputs.last().is_none_or(|last| last != "end\n") {
            mistakes.push_str(&format!("{place}: the shell ended, or it took too long\n"));
        }
        for (step, found) in steps.iter().zip(&outputs[1..]) {
            if !matches(&step.output, found) {
                let what = format!("{place}: {}", step.command);
                mistakes.push_str(&difference(&what, &step.output, found));
            }
        }
        mistakes
    }
}

/// The commands of a session.
///
/// # Errors
/// A line that no command stands before.
fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                command: command.to_owned(),
                output: String::new(),
            });
            continue;
        }
        let step = steps.last_mut().ok_or(line)?;
        if step.output.is_empty() && goes_on(&step.command) {
            step.command.push('\n');
            step.command
                .push_str(line.strip_prefix("> ").unwrap_or(line));
        } else {
            step.output.push_str(line);
            step.output.push('\n');
        }
    }
    Ok(steps)
}

/// Whether a command goes on in the next line: after a backslash at the end of
/// its line, and up to the end of a text that `<<'END'` begins.
fn goes_on(command: &str) -> bool {
    command.ends_with('\\') || (command.contains("<<'END'") && !command.ends_with("\nEND"))
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and the pages in `docs`, by their paths in the repository.
fn pages() -> Vec<String> {
    let files = fs::read_dir(repository().join("docs")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut pages: Vec<_> = names.map(|name| format!("docs/{name}")).collect();
    pages.push("README.md".to_owned());
    pages.sort();
    pages
}

fn read(page: &str) -> String {
    fs::read_to_string(repository().join(page)).unwrap()
}

/// The links of a page to other files of the repository, and to headings.
fn links(text: &str) -> Vec<&str> {
    let ends = text.match_indices("](").map(|(at, mark)| at + mark.len());
    let targets = ends.map(|at| &text[at..at + text[at..].find(')').unwrap()]);
    targets.filter(|link| !link.contains("://")).collect()
}

/// The names under which a page's headings can be linked to.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let names = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let kept = |c: char| (c.is_alphanumeric() || "-_ ".contains(c)).then_some(c);
    names
        .map(|name| name.chars().filter_map(kept).collect::<String>())
        .map(|name| name.replace(' ', "-"))
        .collect()
}

#[test]
fn the_examples_of_every_page_are_true() {
    let mut mistakes = String::new();
    for page in pages() {
        let blocks = blocks(&read(&page));
        assert!(!blocks.is_empty(), "{page} has no example");
        mistakes.extend(blocks.iter().map(|block| block.mistakes(&page)));
    }
    assert!(mistakes.is_empty(), "{mistakes}");
}

/// The crates in the folder `crates` that a manifest names as dependencies.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = read(&format!("crates/{name}/Cargo.toml"));
    let (_, section) = manifest.split_once("\n[dependencies]\n").unwrap();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    let lines = lines.filter(|line| line.starts_with(char::is_alphabetic));
    let names = lines.filter_map(|line| line.split(['.', ' ']).next());
    names.map(|name| name.replace("agent-", "")).collect()
}

/// All that a crate of the house uses, itself or through others.
fn all_dependencies(name: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut left = vec![name.to_owned()];
    while let Some(name) = left.pop() {
        for used in dependencies(&name) {
            let is_ours = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("crates")
                .join(&used)
                .is_dir();
            if found.insert(used.clone()) && is_ours {
                left.push(used);
            }
        }
    }
    found
}

#[test]
fn each_crate_uses_what_its_row_allows() {
    let page = read("docs/development.md");
    let mut crates = 0;
    for row in page
        .lines()
        .filter_map(|line| line.strip_prefix("| `crates/"))
    {
        let (name, row) = row.split_once('`').unwrap();
        let cells: Vec<&str> = row.split('|').collect();
        let [.., allowed, never, _] = cells[..] else {
            panic!("{name}: {row}");
        };
        crates += 1;
        let words = |text: &str| -> HashSet<String> {
            let words = text.split(|c: char| !c.is_alphanumeric());
            words.map(str::to_owned).collect()
        };
        for used in dependencies(name) {
            let is_ours = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("crates")
                .join(&used)
                .is_dir();
            let is_allowed = words(allowed).contains(&used);
            assert!(!is_ours || is_allowed, "{name} uses {used}");
        }
        let all = all_dependencies(name);
        for never in words(never) {
            assert!(!all.contains(&never), "{name} has {never} below it");
        }
    }
    let folders = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates")).unwrap();
    // The simulated agent's crate has its name for its folder too.
    assert_eq!(crates, folders.count());
}

#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = read(&page);
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => PathBuf::from(&page),
                _ => Path::new(&page).parent().unwrap().join(file),
            };
            let target = repository().join(target);
            let found = target.exists()
                && (anchor.is_empty()
                    || anchors(&fs::read_to_string(target).unwrap()).contains(anchor));
            if !found {
                dead.push(format!("{page}: {link}"));
            }
        }
    }
    assert_eq!(dead, [""; 0]);
}

#[test]
fn every_page_is_linked_from_the_readme() {
    let readme = read("README.md");
    let links: HashSet<_> = links(&readme).into_iter().collect();
    let pages = pages();
    let pages = pages.iter().filter(|page| *page != "README.md");
    let missing: Vec<_> = pages
        .filter(|page| !links.contains(page.as_str()))
        .collect();
    assert_eq!(missing, [""; 0]);
    assert!(readme.lines().count() < 200);
}

#[test]
fn blocks_are_read_and_run() {
    let text = "```sh\nfalse\n```\n```console\n$ echo a \\\n> b\na b\n$ (exit 3)\n$ echo $?; \
                echo c >&2\n3\n...\n$ echo d\ne\n$ exit\n```\n```shell\n```\n";
    let read = blocks(text);
    let starts: Vec<_> = read
        .iter()
        .map(|block| (block.line, block.fence.as_str()))
        .collect();
    assert_eq!(starts, [(2, "sh"), (5, "console"), (17, "shell")]);
    assert_eq!(read[0].mistakes("p"), "p:2: the script fails\nstatus 1\n\n");
    assert_eq!(
        read[1].mistakes("p"),
        "p:5: the shell ended, or it took too long\n\
         p:5: echo d (- expected, + found):\n- e\\n\n+ d\\n\n"
    );
    assert_eq!(
        read[2].mistakes("p"),
        "p:17: unknown kind of block: \"shell\"\n"
    );
    assert_eq!(steps("a\n"), Err("a".to_owned()));
    let commands: Vec<_> = steps(&read[1].text)
        .unwrap()
        .into_iter()
        .map(|step| step.command)
        .collect();
    assert_eq!(
        commands,
        [
            "echo a \\\nb",
            "(exit 3)",
            "echo $?; echo c >&2",
            "echo d",
            "exit"
        ]
    );
}

#[test]
fn blocks_that_need_a_guest_or_build_are_checked() {
    let block = |fence: &str, text: &str| Block {
        line: 1,
        fence: fence.to_owned(),
        text: text.to_owned(),
    };
    let call = "connect -o jsonl -c Check --server-address";
    for text in [
        format!("kata-agent-ctl {call} vsock://3:1024"),
        format!("cargo run -q -- {call} hvsock:///run/clh.sock:1024"),
        format!("sudo kata-agent-ctl {call} unix:///run/clh.sock --hybrid-vsock"),
    ] {
        let session = format!("$ {text}\n{{\"status\":\"SERVING\"}}\n");
        assert_eq!(block("console guest", &session).mistakes("p"), "");
    }
    let wrong = format!("kata-agent-ctl {call} vsock://three:1024\n");
    assert!(block("sh guest", &wrong).mistakes("p").contains("three"));

    let right = "cargo test --test cli copy && make install PREFIX=/usr && .ci/run\n";
    assert_eq!(block("sh build", right).mistakes("p"), "");
    for (wrong, what) in [
        ("cargo test --test nothing", "there is no --test nothing"),
        ("cargo test -p nothing", "there is no -p nothing"),
        ("fuzz/start", "fuzz/start: No such file or directory"),
    ] {
        let mistakes = block("sh build", wrong).mistakes("p");
        assert!(mistakes.contains(what), "{mistakes}");
    }
    let unmarked = block("sh", "cargo test\n").mistakes("p");
    assert!(unmarked.contains("a block that builds"), "{unmarked}");
}
