//! Words that a command takes although they are not fields of its request.

use super::text::begins;
use super::{Call, Candidate, Found, file};
use crate::command::{FILE, Word};
use crate::schema::describe::Parameter;
use crate::{auto, conveniences};

/// The parameters that begin with `typed`, those that are set already last.
pub(super) fn names(call: &Call<'_>, typed: &str) -> Vec<Candidate> {
    let parameters = conveniences::parameters(call.rpc).filter(|it| begins(it.name, typed));
    let (set, mut found): (Vec<_>, Vec<_>) = parameters.partition(|it| is_set(call, it.name));
    found.extend(set);
    let candidate = |it: &Parameter| {
        let doc = format!("{}: {}", it.value, it.doc);
        Candidate::open(format!("{}=", it.name), doc)
    };
    found.into_iter().map(candidate).collect()
}

/// The aliases that begin with `typed` and whose fields the request lacks: their
/// values are kept for later commands.
pub(super) fn kept(call: &Call<'_>, typed: &str) -> impl Iterator<Item = Candidate> {
    let lacking = auto::ROWS
        .iter()
        .filter(|row| row.is_for(call.rpc) && row.named_in(call.rpc).is_none());
    let aliases = lacking.flat_map(|row| row.aliases.iter().map(move |alias| (row, alias)));
    let begun = aliases.filter(move |(_, alias)| begins(alias, typed));
    begun.map(|(row, alias)| {
        let doc = format!("{} of later commands", row.field);
        Candidate::open(format!("{alias}="), doc)
    })
}

fn is_set(call: &Call<'_>, name: &str) -> bool {
    call.words
        .iter()
        .any(|word| matches!(word, Word::Setter(setter) if setter.path == name))
}

/// Completes the value of the parameter called `name`, if there is one.
pub(super) fn value(call: &Call<'_>, name: &str, typed: &str) -> Option<Found> {
    let parameter = conveniences::parameters(call.rpc).find(|it| it.name == name)?;
    let values = parameter.value.split('|');
    let choices: Vec<_> = values
        .filter(|choice| choice.chars().all(|letter| letter.is_ascii_lowercase()))
        .filter(|choice| choice.starts_with(typed))
        .map(|choice| Candidate::last(choice, ""))
        .collect();
    if !choices.is_empty() {
        return Some((0, choices));
    }
    if let Some(path) = typed.strip_prefix(FILE) {
        let (offset, found) = file::complete(path);
        return Some((FILE.len() + offset, found));
    }
    let names_file = FILES.contains(&parameter.value);
    names_file.then(|| file::complete(typed))
}

/// How a parameter says that its value is, or may be, a file on this machine.
const FILES: [&str; 5] = ["FILE", "FOLDER", "LOCAL", "PATH", "REF"];
