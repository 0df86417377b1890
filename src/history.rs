//! Since which release of Kata Containers an RPC, a message or a field is there, and what fields
//! were called before. It is known of the project's own protos: a build from others does not say.

use std::cmp::Ordering;

use crate::schema::{Message, Rpc};

/// What the releases changed.
#[cfg(own_protos)]
const CHANGES: &str = include_str!("history/changes.txt");
#[cfg(not(own_protos))]
const CHANGES: &str = "";

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
fn changes() -> impl Iterator<Item = Change> {
    let lines = CHANGES.lines().filter(|line| !line.starts_with('#'));
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
fn added(name: &str) -> Option<&'static str> {
    let added = changes().filter(|change| change.is_added && change.name == name);
    added.last().map(|change| change.release)
}

/// The first release that has an RPC, if that is not 2.0.
pub fn of_rpc(rpc: &Rpc) -> Option<&'static str> {
    added(&format!("{}/{}", plain(rpc.service), rpc.name))
}

/// The first release that has a message, if that is not 2.0.
pub fn of_message(message: &Message) -> Option<&'static str> {
    added(plain(message.full_name))
}

/// The first release that has a field, if that is not 2.0.
pub fn of_field(message: &Message, index: usize) -> Option<&'static str> {
    let field = message.fields.get(index)?;
    added(&format!("{}.{}", plain(message.full_name), field.name))
}

/// The field that had this name in older releases, and the release that gave it the one it has.
pub fn renamed(message: &Message, name: &str) -> Option<(usize, &'static str)> {
    let place = plain(message.full_name);
    let mut release = None;
    let mut name = name.to_owned();
    // A name may have changed more than once.
    for removed in changes().filter(|change| !change.is_added) {
        if removed.name.strip_prefix(place) == Some(&format!(".{name}"))
            && let Some(new) = successor(&removed)
        {
            name = new.get(place.len() + 1..)?.to_owned();
            release = Some(removed.release);
        }
    }
    let index = message.fields.iter().position(|field| field.name == name)?;
    Some((index, release?))
}

/// The names that a field had in older releases.
pub fn former_names(message: &Message, index: usize) -> Vec<&'static str> {
    let place = plain(message.full_name);
    let removed = changes().filter(|change| !change.is_added);
    let names = removed.filter_map(|change| change.name.strip_prefix(place)?.strip_prefix('.'));
    let is_it = |name: &&str| renamed(message, name).is_some_and(|(found, _)| found == index);
    names.filter(is_it).collect()
}

/// The field that took the place of one that was removed: in the same release and message, with
/// the same number and type.
fn successor(removed: &Change) -> Option<&'static str> {
    let (message, _) = removed.name.rsplit_once('.')?;
    let mut added = changes().filter(|change| change.is_added && change.release == removed.release);
    let found = added.find(|change| {
        let place = change.name.rsplit_once('.').map(|(message, _)| message);
        place == Some(message) && change.shape == removed.shape && !change.shape.is_empty()
    })?;
    Some(found.name)
}

/// The newest release that is known; `None` in a build from other protos.
pub fn newest() -> Option<&'static str> {
    changes().last().map(|change| change.release)
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

#[cfg(all(test, own_protos))]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::schema::lookup;

    fn message(name: &str) -> &'static Message {
        let mut messages = crate::schema().messages.iter();
        messages.find(|message| message.full_name == name).unwrap()
    }

    #[test]
    fn the_table_is_of_these_protos() {
        let schema = crate::schema();
        let mut known: Vec<String> = Vec::new();
        for service in schema.services {
            let rpcs = service.rpcs.iter();
            known.extend(rpcs.map(|rpc| format!("{}/{}", plain(rpc.service), rpc.name)));
        }
        for message in schema.messages {
            let name = plain(message.full_name);
            known.push(name.to_owned());
            known.extend(
                message
                    .fields
                    .iter()
                    .map(|field| format!("{name}.{}", field.name)),
            );
        }
        for enumeration in schema.enums {
            let name = plain(enumeration.full_name);
            let values = enumeration.values.iter();
            known.extend(values.map(|value| format!("{name}.{}", value.name)));
        }
        let mut seen = 0;
        for change in changes() {
            // What was removed may be back with another number.
            let last = changes().filter(|other| other.name == change.name).last();
            let is_there = changes()
                .filter(|other| other.name == change.name && other.release == last.unwrap().release)
                .any(|other| other.is_added);
            assert_eq!(
                known.iter().any(|name| name == change.name),
                is_there,
                "{change:?}"
            );
            seen += 1;
        }
        assert_eq!(seen, 119);
    }

    #[test]
    fn releases_are_told() {
        let rpc = |name| of_rpc(lookup::rpc(crate::schema(), name).unwrap());
        assert_eq!(rpc("AddSwapPath"), Some("3.15"));
        assert_eq!(rpc("CreateContainer"), None);
        let route = message("types.Route");
        let field = |name| {
            let index = route.fields.iter().position(|field| field.name == name);
            of_field(route, index.unwrap())
        };
        assert_eq!(field("mtu"), Some("3.17"));
        assert_eq!(field("family"), Some("2.2.2"));
        assert_eq!(field("gateway"), None);
        assert_eq!(of_message(message("grpc.SetPolicyRequest")), Some("3.3"));
        assert_eq!(compare("3.9", "3.13"), Ordering::Less);
        assert_eq!(compare("2.2.2", "2.2"), Ordering::Greater);
        assert_eq!(compare("4.0", "4.0.0"), Ordering::Equal);
    }

    #[test]
    fn former_names_are_found() {
        let interface = message("types.Interface");
        let index = interface
            .fields
            .iter()
            .position(|field| field.name == "devicePath");
        let index = index.unwrap();
        assert_eq!(renamed(interface, "pciPath"), Some((index, "3.15")));
        assert_eq!(renamed(interface, "pciAddr"), Some((index, "3.15")));
        assert_eq!(renamed(interface, "devicePath"), None);
        assert_eq!(former_names(interface, index), ["pciAddr", "pciPath"]);
        // Another field has its number now, and it has another one itself.
        let seccomp = message("grpc.LinuxSeccomp");
        for (index, field) in seccomp.fields.iter().enumerate() {
            assert_eq!(renamed(seccomp, field.name), None);
            assert_eq!(former_names(seccomp, index), [""; 0]);
        }
    }
}
