//! Words of the command line read as clap will read them, as far as it matters to
//! what may follow: which sub-command it is, and whether an option wants a value.

use clap::{Arg, Command};

/// The option that says where the host's files are.
const HOST_ROOT: &str = "host_root";

/// What the words before the cursor leave to be typed.
pub(super) struct State<'a> {
    /// The sub-command, or the program itself.
    pub command: &'a Command,
    /// An option that takes a value here.
    pub option: Option<&'a Arg>,
    /// Whether it is not complete without one.
    pub needs_value: bool,
    /// How many arguments by position there are.
    pub positional: usize,
    /// Whether `--` is there.
    pub only_positional: bool,
    /// Where the host's files are, if that was said.
    pub host_root: Option<&'a str>,
}

impl<'a> State<'a> {
    /// The state after these words.
    pub(super) fn after(root: &'a Command, words: &'a [String]) -> Self {
        let mut state = State {
            command: root,
            option: None,
            needs_value: false,
            positional: 0,
            only_positional: false,
            host_root: None,
        };
        let mut values = 0;
        for word in words {
            if let Some(option) = state.option
                && (state.needs_value || !word.starts_with('-'))
            {
                values += 1;
                if option.get_id() == HOST_ROOT {
                    state.host_root = Some(word);
                }
                state.needs_value = false;
                if values >= most_values(option) {
                    state.option = None;
                }
                continue;
            }
            state.option = None;
            values = 0;
            if let Some(("--host-root", root)) = word.split_once('=') {
                state.host_root = Some(root);
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

/// The option that a word names, unless its value is in the same word.
fn named<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    if word.starts_with("--") {
        return long(command, word);
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    let mut arguments = command.get_arguments();
    arguments.find(|it| it.get_short() == Some(letter) && letters.as_str().is_empty())
}

/// The option that a word such as `--output` names.
pub(super) fn long<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.strip_prefix("--")?;
    let mut arguments = command.get_arguments();
    arguments.find(|argument| argument.get_long() == Some(name))
}

fn most_values(option: &Arg) -> usize {
    let taken = option.get_action().takes_values();
    let range = option.get_num_args();
    match taken {
        true => range.map_or(1, |range| range.max_values()),
        false => 0,
    }
}
