//! Short flags in one word, as in `-nv`. A flag of `connect` may have a value
//! right behind it (`-ntrue`), so clap would take what follows for that; here
//! such a word is taken apart before it is read. Nothing is checked here.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use super::connect::{self, FLAGS};

/// The same arguments, the program's name first, with the bundled flags of
/// `connect` as words of their own.
pub(super) fn apart(arguments: Vec<OsString>, definition: &Command) -> Vec<OsString> {
    // Most runs have none, and need no second definition of the options.
    if !arguments.iter().any(|word| may_be_bundle(word)) {
        return arguments;
    }
    let start = match sub_command(&arguments, definition) {
        Some((start, name)) if name == "connect" => start,
        _ => return arguments,
    };
    let connect = &connect::define(Command::new("connect"));
    let mut done = Vec::with_capacity(arguments.len());
    let mut words = arguments.into_iter();
    done.extend(words.by_ref().take(start));
    // Whether the word belongs to the option before it, whatever it looks like.
    let mut is_value = false;
    for word in words.by_ref() {
        let is_end = !is_value && word == "--";
        let parts = match word.to_str() {
            Some(text) if !is_value => split(text, connect),
            _ => None,
        };
        is_value = connect
            .get_arguments()
            .any(|option| option.is_allow_hyphen_values_set() && names(option, &word));
        match parts {
            Some(parts) => done.extend(parts),
            None => done.push(word),
        }
        if is_end {
            break;
        }
    }
    done.extend(words);
    done
}

/// Whether a word begins as a bundle does: with one dash and two letters.
fn may_be_bundle(word: &OsStr) -> bool {
    let bytes = word.as_encoded_bytes();
    matches!(bytes, [b'-', first, _, ..] if *first != b'-')
}

/// The sub-command, and where its arguments begin. Every option that can stand before it takes a
/// value.
pub(super) fn sub_command<'a>(
    arguments: &'a [OsString],
    definition: &Command,
) -> Option<(usize, &'a OsStr)> {
    let mut index = 1;
    loop {
        let word = arguments.get(index)?;
        index += 1;
        if definition.get_arguments().any(|option| names(option, word)) {
            index += 1;
        } else if !word.as_encoded_bytes().starts_with(b"-") {
            return Some((index, word));
        }
    }
}

/// Whether a word is the bare name of an option.
fn names(option: &Arg, word: &OsStr) -> bool {
    let Some(name) = word.to_str().and_then(|word| word.strip_prefix('-')) else {
        return false;
    };
    match name.strip_prefix('-') {
        Some(long) => option.get_long() == Some(long),
        None => option
            .get_short()
            .is_some_and(|short| name.strip_prefix(short) == Some("")),
    }
}

/// The words of a bundle; `None` for a word that is none.
fn split(word: &str, connect: &Command) -> Option<Vec<OsString>> {
    let mut rest = word.strip_prefix('-')?;
    let mut parts = Vec::new();
    while let Some(first) = rest.chars().next().filter(|first| is_flag(*first, connect)) {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        if after.starts_with('=') || ["", "true", "false"].contains(&after) {
            break;
        }
        parts.push(format!("-{first}").into());
        rest = after;
    }
    if parts.is_empty() {
        return None;
    }
    parts.push(format!("-{rest}").into());
    Some(parts)
}

fn is_flag(short: char, connect: &Command) -> bool {
    connect.get_arguments().any(|option| {
        FLAGS.contains(&option.get_id().as_str()) && option.get_short() == Some(short)
    })
}
