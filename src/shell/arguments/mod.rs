//! What may stand at the cursor of a line: sub-commands, options and their
//! values by the definition of the command line, and the text of commands by
//! [`crate::complete`].

#[cfg(feature = "node")]
mod host;

use clap::builder::StyledStr;
use clap::{Arg, Command, ValueHint};

use super::line::Line;
use crate::cli;
use crate::complete::{self, Candidate};
use crate::printer::Format;
use crate::schema::Schema;

/// Where an agent may be.
const SCHEMES: [(&str, &str); 7] = [
    ("unix://", "a Unix socket"),
    ("unix://@", "an abstract Unix socket"),
    ("vsock://", "CID:PORT of a guest"),
    ("hvsock://", "a hypervisor's Unix socket, and :PORT"),
    ("remote://", "a plain Unix socket"),
    ("mock://", "a plain Unix socket"),
    ("sim://", "a simulated agent inside this process"),
];

/// Where the simulated agent may listen; from any guest at a port, for vsock.
const LISTENING: [(&str, &str); 6] = [
    SCHEMES[0],
    SCHEMES[1],
    ("vsock://-1:", "a vsock port, for any guest"),
    SCHEMES[3],
    SCHEMES[4],
    SCHEMES[5],
];

/// What may stand at the cursor.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Where in the word at the cursor the part begins that is replaced, in bytes.
    pub start: usize,
    /// What may stand there.
    pub candidates: Vec<Candidate>,
    /// Where in the word the command begins, if it is one, which may go on after any
    /// candidate.
    pub command_start: Option<usize>,
}

impl Found {
    /// The word from the beginning.
    fn word(candidates: impl IntoIterator<Item = Candidate>) -> Self {
        Self {
            candidates: candidates.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same in a word that has more before it.
    fn after(self, before: usize) -> Self {
        Self {
            start: before + self.start,
            command_start: self.command_start.map(|start| before + start),
            ..self
        }
    }
}

/// What may stand at the cursor of this line.
pub(super) fn complete(schema: &'static Schema, line: &Line<'_>) -> Found {
    let word = line.word.as_str();
    if line.is_redirection {
        return files(word, false);
    }
    let mut root = cli::command();
    root.build();
    let state = State::after(&root, &line.words);
    let State {
        command,
        option,
        needs_value,
        positional,
        only_positional,
        ..
    } = state;
    if let Some(option) = option
        && (needs_value || !word.starts_with('-'))
    {
        return value(schema, &state, option, word);
    }
    if let Some((name, text)) = word.split_once('=')
        && let Some(option) = named(command, name).filter(|_| word.starts_with("--"))
    {
        return value(schema, &state, option, text).after(name.len() + 1);
    }
    if word.starts_with('-') && !only_positional {
        return Found::word(options(command, word));
    }
    let sub_commands: Vec<_> = command
        .get_subcommands()
        .filter(|each| !each.is_hide_set() && each.get_name().starts_with(word))
        .map(|each| Candidate::last(each.get_name(), first_line(each.get_about())))
        .collect();
    if !sub_commands.is_empty() {
        return Found::word(sub_commands);
    }
    match command.get_positionals().nth(positional) {
        Some(argument) => value(schema, &state, argument, word),
        None if !only_positional && word.is_empty() && !command.has_subcommands() => {
            Found::word(options(command, word))
        }
        None => Found::default(),
    }
}

/// What the words before the cursor leave to be typed, read as clap will read them.
struct State<'a> {
    /// The sub-command, or the program itself.
    command: &'a Command,
    /// An option that takes a value here.
    option: Option<&'a Arg>,
    /// Whether it is not complete without one.
    needs_value: bool,
    /// How many arguments by position there are.
    positional: usize,
    /// Whether `--` is there.
    only_positional: bool,
    /// Where the host's files are, if that was said.
    host_root: Option<&'a str>,
    /// Which sandbox of it is meant, if that was said.
    sandbox: Option<&'a str>,
}

impl<'a> State<'a> {
    fn after(root: &'a Command, words: &'a [String]) -> Self {
        let mut state = State {
            command: root,
            option: None,
            needs_value: false,
            positional: 0,
            only_positional: false,
            host_root: None,
            sandbox: None,
        };
        let mut values = 0;
        for word in words {
            if let Some(option) = state.option
                && (state.needs_value || !word.starts_with('-'))
            {
                values += 1;
                match option.get_id().as_str() {
                    "host_root" => state.host_root = Some(word),
                    "sandbox" => state.sandbox = Some(word),
                    _ => {}
                }
                state.needs_value = false;
                if values >= most_values(option) {
                    state.option = None;
                }
                continue;
            }
            state.option = None;
            values = 0;
            match word.split_once('=') {
                Some(("--host-root", root)) => state.host_root = Some(root),
                Some(("--sandbox", which)) => state.sandbox = Some(which),
                _ => {}
            }
            if state.only_positional || !word.starts_with('-') || word == "-" {
                match state.command.find_subcommand(word) {
                    Some(sub_command) => state.command = sub_command,
                    None => state.positional += 1,
                }
            } else if word == "--" {
                state.only_positional = true;
            } else if let Some(option) = named(state.command, word).filter(|it| most_values(it) > 0)
            {
                state.option = Some(option);
                let range = option.get_num_args();
                state.needs_value = range.is_none_or(|range| range.min_values() > 0);
            }
        }
        state
    }
}

/// The option that a word such as `--output` or `-o` names.
fn named<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let mut arguments = command.get_arguments();
    if let Some(name) = word.strip_prefix("--") {
        return arguments.find(|it| long_names(it).contains(&name));
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next().filter(|_| letters.as_str().is_empty())?;
    arguments.find(|it| it.get_short() == Some(letter))
}

/// The long names of an option, the one that is shown first.
fn long_names(option: &Arg) -> Vec<&str> {
    let others = option.get_all_aliases().unwrap_or_default();
    option.get_long().into_iter().chain(others).collect()
}

fn most_values(option: &Arg) -> usize {
    match option.get_action().takes_values() {
        true => option.get_num_args().map_or(1, |range| range.max_values()),
        false => 0,
    }
}

/// The long options that begin with `word`, by another name only where the first does
/// not begin so.
fn options(command: &Command, word: &str) -> Vec<Candidate> {
    let visible = command.get_arguments().filter(|it| !it.is_hide_set());
    let begun = visible.filter_map(|it| {
        let names = long_names(it).into_iter();
        let name = names
            .map(|name| format!("--{name}"))
            .find(|name| name.starts_with(word))?;
        Some(Candidate::last(name, first_line(it.get_help())))
    });
    let mut found: Vec<_> = begun.collect();
    found.sort_unstable_by(|one, other| one.text.cmp(&other.text));
    found
}

fn first_line(help: Option<&StyledStr>) -> String {
    let text = help.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// What may be the value of an argument, of which `text` is typed: by its definition,
/// or by its name where only the tables of the program know.
fn value(schema: &'static Schema, state: &State<'_>, argument: &Arg, text: &str) -> Found {
    let possible = argument.get_possible_values();
    let begun = |candidates: Vec<Candidate>| {
        Found::word(
            candidates
                .into_iter()
                .filter(|it| it.text.starts_with(text)),
        )
    };
    if !possible.is_empty() {
        let shown = possible.iter().filter(|it| !it.is_hide_set());
        let candidate = |it: &clap::builder::PossibleValue| {
            Candidate::last(it.get_name(), first_line(it.get_help()))
        };
        return begun(shown.map(candidate).collect());
    }
    match (state.command.get_name(), argument.get_id().as_str()) {
        #[cfg(feature = "node")]
        (_, "sandbox") => Found::word(host::sandboxes(state.host_root, text)),
        #[cfg(feature = "node")]
        ("exec", "container") => {
            Found::word(host::containers(state.host_root, state.sandbox, text))
        }
        ("connect" | "check" | "why" | "audit" | "export", "cmd") => {
            let complete::Completion { start, candidates } = complete::complete(schema, text);
            Found {
                start,
                candidates,
                command_start: Some(0),
            }
        }
        ("connect", "output") => begun(
            Format::ALL
                .iter()
                .map(|it| Candidate::last(it.name(), ""))
                .collect(),
        ),
        (_, "server_address") | ("proxy", "to") => address(&SCHEMES, text),
        ("serve", "address") | ("proxy", "listen") => address(&LISTENING, text),
        ("describe", "name") => Found::word(complete::names(schema, text)),
        ("list", "service") => Found::word(complete::services(schema, text)),
        ("template", "name") => Found::word(complete::requests(schema, text)),
        ("examples", "name") => Found::word(complete::topics(schema, text)),
        _ => match argument.get_value_hint() {
            ValueHint::FilePath | ValueHint::AnyPath => files(text, false),
            ValueHint::DirPath => files(text, true),
            _ => Found::default(),
        },
    }
}

/// Schemes, then the sockets of those that name one.
fn address(schemes: &[(&str, &str)], text: &str) -> Found {
    if let Some((scheme, path)) = text.split_once("://")
        && !["vsock", "sim"].contains(&scheme)
        && !path.starts_with('@')
    {
        let mut found = files(path, false).after(scheme.len() + "://".len());
        // A port follows the socket.
        if scheme == "hvsock" {
            for socket in found.candidates.iter_mut().filter(|it| !it.continues) {
                socket.text.push(':');
                socket.continues = true;
            }
        }
        if !found.candidates.is_empty() {
            return found;
        }
    }
    let begun = schemes
        .iter()
        .filter(|(scheme, _)| scheme.starts_with(text) && *scheme != text);
    Found::word(begun.map(|(scheme, doc)| match *scheme {
        "sim://" => Candidate::last(*scheme, *doc),
        _ => Candidate::open(*scheme, *doc),
    }))
}

/// The files, or only the folders, whose path begins with `text`.
fn files(text: &str, only_folders: bool) -> Found {
    let last = text.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, begin) = text.split_at_checked(last).unwrap_or_default();
    let home = std::env::var("HOME")
        .ok()
        .filter(|_| folder.starts_with("~/"));
    let place = match home {
        Some(home) => folder.replacen('~', &home, 1),
        None => folder.to_owned(),
    };
    let entries = complete::files(&place, begin)
        .unwrap_or_default()
        .into_iter();
    let wanted = entries.filter(|(_, is_folder)| *is_folder || !only_folders);
    Found::word(wanted.map(|(name, is_folder)| match is_folder {
        true => Candidate::open(format!("{name}/"), "folder"),
        false => Candidate::last(name, "file"),
    }))
    .after(last)
}

// The rows are of a build with everything.
#[cfg(all(test, feature = "sim", feature = "tap"))]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::cli::Shell;
    use crate::shell::line;

    /// The words that the one at the cursor becomes.
    fn words(arguments: &str) -> Vec<String> {
        let text = format!("kata-agent-ctl {arguments}");
        let line = line::read(&text, Shell::Bash);
        let found = complete(crate::schema(), &line);
        let before = line.word.get(..found.start).unwrap_or_default().to_owned();
        let word = |it: Candidate| format!("{before}{}", it.text);
        found.candidates.into_iter().map(word).collect()
    }

    /// What is typed, an arrow, and what the last word becomes.
    const ROWS: &str = "
com -> completions
ma ->
-l error li -> list
connect con ->

connect --re -> --repeat
list --j -> --json
list hea -> Health
list Health  -> --error-format --help --json --log-level
--vers -> --version
connect -c -- ->
connect -- -- ->
connect --  ->
template Check --  ->
template -- IPA -> IPAddress
connect --addr -> --address
connect --server -> --server-address

connect -o  -> json jsonl text raw hex serde
connect -o jsonl -o te -> text
connect --output=h -> --output=hex
connect --error-format j -> json
-l cr -> critical
connect -n f -> false
connect --dry-run=t -> --dry-run=true
completions  -> bash zsh fish
connect --bundle-dir /et -> /etc/
connect --bundle-dir /etc/host.con ->
connect --timeout  ->
connect --nothing= ->

connect -c Vers -> Version
connect --cmd=Vers -> --cmd=Version
connect -c Check Vers -> Version
connect -c Check -o json -c Vers -> Version
connect -c 'StartContainer cid=a' 'WaitP -> WaitProcess
connect -o json Vers ->
connect -n true Vers ->

template Check > /etc/host.con -> /etc/host.conf
template Check 2>/etc/host.con -> /etc/host.conf
list > /etc/host.conf --js -> --json

describe onlinecpumemr -> OnlineCPUMemRequest
describe --json IPF -> IPFamily
describe Check x ->
template IPF ->
template IPA -> IPAddress
examples hea -> health

connect -a  -> unix:// unix://@ vsock:// hvsock:// remote:// mock:// sim://
connect --address= -> --address=unix:// --address=unix://@ --address=vsock:// \
    --address=hvsock:// --address=remote:// --address=mock:// --address=sim://
serve --address  -> unix:// unix://@ vsock://-1: hvsock:// remote:// mock://
serve --address sim ->
proxy --listen  -> unix:// unix://@ vsock://-1: hvsock:// remote:// mock://
proxy --to unix:///etc/host.con -> unix:///etc/host.conf
proxy --interpose /etc/host.con -> /etc/host.conf
proxy -w /etc/host.con -> /etc/host.conf
capture -w /etc/host.con -> /etc/host.conf
serve --from /etc/host.con -> /etc/host.conf
show /etc/host.con -> /etc/host.conf
replay /etc/host.con -> /etc/host.conf
diff a /etc/host.con -> /etc/host.conf
serve --address vsock://-1: ->
serve -a unix:///etc/host.con -> unix:///etc/host.conf
connect --server-address hvsock:///etc/host.con -> hvsock:///etc/host.conf:
connect --server-address vsock:// ->
connect --server-address unix:///etc/host.con -> unix:///etc/host.conf
connect --server-address unix://@x ->
connect --server-address unix:///no/such/ ->
";

    #[test]
    fn the_last_word_is_completed() {
        let rows = ROWS.replace("\\\n   ", "");
        for row in rows.lines().filter(|row| !row.is_empty()) {
            let (typed, expected) = row.split_once(" ->").unwrap();
            assert_eq!(words(typed).join(" "), expected.trim_start(), "{typed:?}");
        }
    }

    #[test]
    fn more_than_one_word_may_stand_there() {
        for (typed, expected) in [
            ("", &["connect", "list", "examples", "help"][..]),
            ("help ", &["connect", "serve"]),
            ("connect -", &["--cmd", "--log-level", "--help"]),
            ("connect ", &["--cmd"]),
            ("connect -n --", &["--cmd"]),
            ("connect -c Check -", &["--ignore-errors"]),
        ] {
            let found = words(typed);
            let has = |word: &&str| found.iter().any(|it| it == word);
            assert!(expected.iter().all(has), "{typed:?}: {found:?}");
        }
        // A command has spaces in it.
        assert_eq!(
            words("connect -c 'StartContainer ci"),
            ["StartContainer cid="]
        );
    }
}
