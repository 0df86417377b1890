//! Since which release of Kata Containers an RPC, a message or a field is there, and what fields
//! were called before, as the file `changes.txt` beside the proto files says. Without that file
//! nothing is known of it.

use std::cmp::Ordering;

use crate::{Message, Rpc, Schema};

/// One thing that a release added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    release: &'static str,
    is_added: bool,
    /// Its name, without the package.
    name: &'static str,
    /// For a field its number and type.
    shape: &'static str,
}

/// All changes, the oldest first.
fn changes(schema: &Schema) -> impl Iterator<Item = Change> + use<> {
    let lines = schema.changes.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| {
        let mut words = line.split(' ');
        let release = words.next().unwrap_or_default();
        let is_added = words.next() == Some("+");
        words.map(move |word| {
            let (name, shape) = word.split_once(':').unwrap_or((word, ""));
            Change {
                release,
                is_added,
                name,
                shape,
            }
        })
    })
}

/// The last release that added something of this name.
fn added(schema: &Schema, name: &str) -> Option<&'static str> {
    let added = changes(schema).filter(|change| change.is_added && change.name == name);
    added.last().map(|change| change.release)
}

/// The first release that has an RPC, if that is not 2.0.
pub fn of_rpc(schema: &Schema, rpc: &Rpc) -> Option<&'static str> {
    added(schema, &format!("{}/{}", plain(rpc.service), rpc.name))
}

/// The first release that has a message, if that is not 2.0.
pub fn of_message(schema: &Schema, message: &Message) -> Option<&'static str> {
    added(schema, plain(message.full_name))
}

/// The first release that has a field, if that is not 2.0.
pub fn of_field(schema: &Schema, message: &Message, index: usize) -> Option<&'static str> {
    let field = message.fields.get(index)?;
    added(
        schema,
        &format!("{}.{}", plain(message.full_name), field.name),
    )
}

/// The field that had this name in older releases, and the release that gave it the one it has.
pub fn renamed(schema: &Schema, message: &Message, name: &str) -> Option<(usize, &'static str)> {
    let place = plain(message.full_name);
    let mut release = None;
    let mut name = name.to_owned();
    // A name may have changed more than once.
    for removed in changes(schema).filter(|change| !change.is_added) {
        if removed.name.strip_prefix(place) == Some(&format!(".{name}"))
            && let Some(new) = successor(schema, &removed)
        {
            name = new.get(place.len() + 1..)?.to_owned();
            release = Some(removed.release);
        }
    }
    let index = message.fields.iter().position(|field| field.name == name)?;
    Some((index, release?))
}

/// The names that a field had in older releases.
pub fn former_names(schema: &Schema, message: &Message, index: usize) -> Vec<&'static str> {
    let place = plain(message.full_name);
    let removed = changes(schema).filter(|change| !change.is_added);
    let names = removed.filter_map(|change| change.name.strip_prefix(place)?.strip_prefix('.'));
    let is_it =
        |name: &&str| renamed(schema, message, name).is_some_and(|(found, _)| found == index);
    names.filter(is_it).collect()
}

/// The field that took the place of one that was removed: in the same release and message, with
/// the same number and type.
fn successor(schema: &Schema, removed: &Change) -> Option<&'static str> {
    let (message, _) = removed.name.rsplit_once('.')?;
    let mut added =
        changes(schema).filter(|change| change.is_added && change.release == removed.release);
    let found = added.find(|change| {
        let place = change.name.rsplit_once('.').map(|(message, _)| message);
        place == Some(message) && change.shape == removed.shape && !change.shape.is_empty()
    })?;
    Some(found.name)
}

/// The newest release that is known; `None` where nothing is known.
pub fn newest(schema: &Schema) -> Option<&'static str> {
    changes(schema).last().map(|change| change.release)
}

/// Releases by their numbers, 3.9 before 3.13.
pub fn compare(one: &str, other: &str) -> Ordering {
    let numbers = |release: &str| {
        let parts = release.split('.').map(|part| part.parse().unwrap_or(0));
        let mut numbers: Vec<u32> = parts.collect();
        numbers.resize(3, 0);
        numbers
    };
    numbers(one).cmp(&numbers(other))
}

/// A full name without its package, which never has a capital letter.
fn plain(full_name: &str) -> &str {
    let begins = |part: &str| part.starts_with(|first: char| first.is_ascii_uppercase());
    let mut rest = full_name;
    while !begins(rest)
        && let Some((_, after)) = rest.split_once('.')
    {
        rest = after;
    }
    rest
}
