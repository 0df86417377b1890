//! A shell that runs known programs: commands with `;` or line ends between them,
//! quotes, `$NAME`, `#` and `exit N`. A line with anything else that means
//! something to a shell runs, as a program that is not known, until it is signalled.

use super::programs::{self, Io};

/// The longest line of commands, in bytes.
const LINE_LIMIT: usize = 65_536;

/// Characters that mean something to a shell and nothing here.
const UNKNOWN: &[char] = &[
    '&', '|', '<', '>', '(', ')', '{', '}', '`', '*', '?', '[', '\\',
];

/// A command: its words.
type Command = Vec<String>;

/// `sh -c COMMANDS`, or the lines of its input, each when it has come.
pub(super) async fn run(args: &[String], env: &[String], io: &Io, depth: u32) -> i32 {
    let mut status = 0;
    match args {
        [option, script, ..] if option == "-c" => {
            for line in script.lines() {
                if run_line(line, env, io, depth, &mut status).await {
                    break;
                }
            }
        }
        [] => {
            while let Some(line) = line(io).await {
                if run_line(&line, env, io, depth, &mut status).await {
                    break;
                }
            }
        }
        // Another option, or a file, of which there are none.
        _ => std::future::pending().await,
    }
    status
}

/// Runs the commands of a line. Whether the shell ends then.
async fn run_line(line: &str, env: &[String], io: &Io, depth: u32, status: &mut i32) -> bool {
    let Some(commands) = commands(line, env) else {
        return std::future::pending().await;
    };
    for command in commands {
        match command.as_slice() {
            [name, args @ ..] if name == "exit" => {
                match args.first().map(|arg| arg.parse::<u8>()) {
                    Some(Ok(number)) => *status = number.into(),
                    Some(Err(_)) => {
                        io.complain("sh: exit: Illegal number").await;
                        *status = 2;
                    }
                    None => {}
                }
                return true;
            }
            words => *status = programs::run(words, env, io, depth).await,
        }
    }
    false
}

/// The next line without its end: nothing of what comes after it is taken, as a
/// program that the line runs may read it. `None` at the end of the input.
async fn line(io: &Io) -> Option<String> {
    let mut line = Vec::new();
    loop {
        match io.input.next(1).await.as_deref() {
            Some(b"\n" | b"\r") => break,
            Some(_) if line.len() == LINE_LIMIT => {}
            Some(byte) => line.extend_from_slice(byte),
            None if line.is_empty() => return None,
            None => break,
        }
    }
    Some(String::from_utf8_lossy(&line).into_owned())
}

/// The commands of a line. `None` if it has something that cannot be played.
fn commands(line: &str, env: &[String]) -> Option<Vec<Command>> {
    let mut commands = Vec::new();
    let mut command = Command::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (Some(open), next) if next == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(next);
                word.get_or_insert_default();
            }
            (None | Some('"'), '$') => {
                let name = name(rest.as_str());
                rest = rest.as_str().get(name.len()..)?.chars();
                if name.is_empty() {
                    word.get_or_insert_default().push('$');
                } else if let Some(value) = value(env, name) {
                    word.get_or_insert_default().push_str(value);
                }
                // A variable that is not set leaves no word.
            }
            (None, ';' | ' ' | '\t') => {
                command.extend(word.take());
                if next == ';' {
                    commands.push(std::mem::take(&mut command));
                }
            }
            (None, '#') if word.is_none() => break,
            (None, next) if UNKNOWN.contains(&next) => return None,
            (_, next) => word.get_or_insert_default().push(next),
        }
    }
    if quote.is_some() {
        return None;
    }
    command.extend(word);
    commands.push(command);
    commands.retain(|command| !command.is_empty());
    Some(commands)
}

/// The name of a variable that a text begins with.
fn name(text: &str) -> &str {
    let is_part = |one: char| one == '_' || one.is_ascii_alphanumeric();
    let end = text.find(|one| !is_part(one)).unwrap_or(text.len());
    match text.starts_with(|one: char| one.is_ascii_digit()) {
        true => "",
        false => text.get(..end).unwrap_or_default(),
    }
}

fn value<'a>(env: &'a [String], name: &str) -> Option<&'a str> {
    let entries = env.iter().filter_map(|entry| entry.split_once('='));
    let mut named = entries.filter(|(known, _)| *known == name);
    named.next_back().map(|(_, value)| value)
}
