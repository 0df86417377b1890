//! What `protos/changes.txt` says of the releases, held against the protos beside it.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::cmp::Ordering;
use std::collections::BTreeMap;

use agent_api::schema;
use agent_schema::history::{compare, former_names, of_field, of_message, of_rpc, renamed};
use agent_schema::{Message, lookup};

fn message(name: &str) -> &'static Message {
    let mut messages = schema().messages.iter();
    messages.find(|message| message.full_name == name).unwrap()
}

#[test]
fn the_table_is_of_these_protos() {
    let schema = schema();
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
    // Per name the last release that changed it, and whether that release has it.
    let mut last = BTreeMap::new();
    let mut seen = 0;
    let lines = schema.changes.lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let words: Vec<_> = line.split(' ').collect();
        let (release, is_added) = (words[0], words[1] == "+");
        for word in &words[2..] {
            let name = word.split(':').next().unwrap();
            let (found, is_there) = last.entry(name).or_insert((release, false));
            *is_there = is_added || *found == release && *is_there;
            *found = release;
            seen += 1;
        }
    }
    for (name, (_, is_there)) in last {
        assert_eq!(known.iter().any(|it| it == name), is_there, "{name}");
    }
    assert_eq!(seen, 119);
}

#[test]
fn releases_are_told() {
    let rpc = |name| of_rpc(schema(), lookup::rpc(schema(), name).unwrap());
    assert_eq!(rpc("AddSwapPath"), Some("3.15"));
    assert_eq!(rpc("CreateContainer"), None);
    let route = message("types.Route");
    let field = |name| {
        let index = route.fields.iter().position(|field| field.name == name);
        of_field(schema(), route, index.unwrap())
    };
    assert_eq!(field("mtu"), Some("3.17"));
    assert_eq!(field("family"), Some("2.2.2"));
    assert_eq!(field("gateway"), None);
    assert_eq!(
        of_message(schema(), message("grpc.SetPolicyRequest")),
        Some("3.3")
    );
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
    assert_eq!(
        renamed(schema(), interface, "pciPath"),
        Some((index, "3.15"))
    );
    assert_eq!(
        renamed(schema(), interface, "pciAddr"),
        Some((index, "3.15"))
    );
    assert_eq!(renamed(schema(), interface, "devicePath"), None);
    assert_eq!(
        former_names(schema(), interface, index),
        ["pciAddr", "pciPath"]
    );
    // Another field has its number now, and it has another one itself.
    let seccomp = message("grpc.LinuxSeccomp");
    for (index, field) in seccomp.fields.iter().enumerate() {
        assert_eq!(renamed(schema(), seccomp, field.name), None);
        assert_eq!(former_names(schema(), seccomp, index), [""; 0]);
    }
}

/// A full name without its package.
fn plain(full_name: &str) -> &str {
    let package = ["grpc.", "types.", "google.protobuf."];
    let mut found = package.iter().filter_map(|it| full_name.strip_prefix(it));
    found.next().unwrap_or(full_name)
}
