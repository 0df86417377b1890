//! Reads a script: what a guest must have, and the calls with the answers to
//! expect, in the order in which they are made. It knows no agents.

use std::fs;
use std::path::Path;

use crate::answer::Expected;

/// A sequence of calls to an agent that has just been started.
pub(crate) struct Script {
    /// The file's name without its ending.
    pub name: String,
    /// What an agent must have for it; see `scripts/README.md`.
    pub needs: Vec<String>,
    /// Features that the agent must not have.
    pub without: Vec<String>,
    /// Whether the tool fills in what a call leaves out.
    pub automatic: bool,
    /// How many seconds a call may take.
    pub timeout: u32,
    /// The calls.
    pub steps: Vec<Step>,
}

/// One call, or a part of one.
pub(crate) struct Step {
    /// The line it stands in, from 1.
    pub line: usize,
    /// What is done.
    pub action: Action,
}

/// What a step does.
pub(crate) enum Action {
    /// Makes a call and compares its answer.
    Call(String, Expected),
    /// Makes a call on a connection of its own, under a name.
    Begin(String, String),
    /// Compares the answer to the call of that name.
    Finish(String, Expected),
    /// Waits for that many milliseconds, as an agent that ends takes a while.
    Pause(u64),
}

impl Step {
    /// The name of the RPC that is called; empty where none is.
    pub(crate) fn rpc(&self) -> &str {
        match &self.action {
            Action::Call(command, _) | Action::Begin(_, command) => {
                command.split_whitespace().next().unwrap_or_default()
            }
            Action::Finish(..) | Action::Pause(_) => "",
        }
    }
}

impl Script {
    /// All scripts, by name.
    pub(crate) fn all() -> Vec<Script> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/scripts");
        let mut paths: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
            .collect();
        paths.sort();
        let read = |path: &std::path::PathBuf| {
            let name = path.file_stem().unwrap().to_string_lossy();
            Script::parse(&name, &fs::read_to_string(path).unwrap())
        };
        paths.iter().map(read).collect()
    }

    /// Whether it has calls that are open while others are made.
    pub(crate) fn has_parallel_calls(&self) -> bool {
        let parallel = |step: &Step| matches!(step.action, Action::Begin(..));
        self.steps.iter().any(parallel)
    }

    /// Reads a script's text.
    pub(crate) fn parse(name: &str, text: &str) -> Script {
        let mut script = Script {
            name: name.to_owned(),
            needs: Vec::new(),
            without: Vec::new(),
            automatic: true,
            timeout: 20,
            steps: Vec::new(),
        };
        let mut lines = joined(text).into_iter().peekable();
        while let Some((line, text)) = lines.next() {
            if let Some((word, values)) = text.strip_prefix("% ").and_then(|s| s.split_once(' ')) {
                let values = || values.split_whitespace().map(str::to_owned);
                match word {
                    "needs" => script.needs.extend(values()),
                    "without" => script.without.extend(values()),
                    "automatic" => script.automatic = values().any(|value| value == "yes"),
                    "timeout" => script.timeout = number(values().next()),
                    _ => panic!("{name}:{line}: there is no setting {word:?}"),
                }
                continue;
            }
            let action = if let Some(rest) = text.strip_prefix("begin ") {
                let (call, command) = rest.split_once(": ").expect("begin NAME: COMMAND");
                Action::Begin(call.to_owned(), command.to_owned())
            } else if let Some(time) = text.strip_prefix("pause ") {
                Action::Pause(number(Some(time)).into())
            } else {
                let expected = lines.next().and_then(|(_, text)| {
                    let text = text.strip_prefix("=> ")?.to_owned();
                    Some(Expected::parse(&text))
                });
                let expected =
                    expected.unwrap_or_else(|| panic!("{name}:{line}: no answer follows"));
                let parsed = |expected: Result<_, String>| {
                    expected.unwrap_or_else(|error| panic!("{name}:{line}: {error}"))
                };
                let mut several = vec![parsed(expected)];
                while let Some((_, text)) = lines.next_if(|(_, text)| text.starts_with("or => ")) {
                    several.push(parsed(Expected::parse(text.trim_start_matches("or => "))));
                }
                let expected = match several.len() {
                    1 => several.remove(0),
                    _ => Expected::OneOf(several),
                };
                match text.strip_prefix("finish ") {
                    Some(call) => Action::Finish(call.to_owned(), expected),
                    None => Action::Call(text, expected),
                }
            };
            script.steps.push(Step { line, action });
        }
        script
    }
}

fn number(text: Option<impl AsRef<str>>) -> u32 {
    let number = text.and_then(|text| text.as_ref().parse().ok());
    number.expect("a number is given")
}

/// The lines that are neither empty nor a comment, each with its number and
/// with the indented lines that follow it.
pub(crate) fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        match lines.last_mut() {
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            Some((_, last)) if line.starts_with(' ') => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push((index + 1, line.to_owned())),
        }
    }
    lines
}

#[test]
fn a_script_is_read() {
    let script = Script::parse(
        "it",
        "% needs policy\n# a comment\nCheck\n=> OK {\"status\":\n  \"SERVING\"}\n\n\
         begin w: WaitProcess cid=web\nfinish w\n=> NOT_FOUND *\n",
    );
    assert_eq!(script.needs, ["policy"]);
    assert!(script.has_parallel_calls());
    let lines: Vec<_> = script.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [3, 7, 8]);
    let rpcs: Vec<_> = script.steps.iter().map(Step::rpc).collect();
    assert_eq!(rpcs, ["Check", "WaitProcess", ""]);
}
