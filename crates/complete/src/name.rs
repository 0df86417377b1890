//! Names of commands, and of whatever `describe` tells about.

use super::{Candidate, begins, first_sentence};
use agent_schema::lookup::{self, Item};
use agent_schema::{Rpc, Schema, Type};
use agent_session::builtin::BUILT_INS;

/// The built-in commands and RPCs that begin with `typed`.
pub(super) fn commands(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let built_ins = BUILT_INS.iter().filter(|row| row.name.starts_with(typed));
    let mut found: Vec<_> = built_ins
        .map(|row| Candidate::last(row.name, row.doc))
        .collect();
    found.extend(rpcs(schema, typed));
    if found.is_empty() || typed.contains(['.', '/']) {
        found.extend(qualified(schema, typed));
    }
    found
}

/// The RPCs, services, messages and enums that begin with `typed`.
pub fn items(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let mut found = rpcs(schema, typed);
    if typed.contains(['.', '/']) {
        found.extend(qualified(schema, typed));
    }
    let services = schema.services.iter();
    let messages = schema.messages.iter();
    let enums = schema.enums.iter();
    let named = services
        .map(|it| ("service", it.full_name, it.doc, Item::Service(it)))
        .chain(messages.map(|it| ("message", it.full_name, it.doc, Item::Message(it))))
        .chain(enums.map(|it| ("enum", it.full_name, it.doc, Item::Enum(it))));
    for (kind, full_name, doc, item) in named {
        let Some(name) = shortest(schema, full_name, typed, item) else {
            continue;
        };
        let doc = match first_sentence(doc) {
            sentence if sentence.is_empty() => kind.to_owned(),
            sentence => format!("{kind}: {sentence}"),
        };
        found.push(Candidate::last(name, doc));
    }
    found.extend(fields(schema, typed));
    found
}

/// The fields of what stands before the last dot of `typed`.
fn fields(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let Some((start, begun)) = typed.rsplit_once('.') else {
        return Vec::new();
    };
    let message = match lookup::item(schema, start) {
        Ok(Item::Rpc(rpc)) => rpc.request,
        Ok(Item::Message(message)) => message,
        Ok(Item::Field(item)) => match item.field().map(|field| field.ty) {
            Some(Type::Message(message)) => message,
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let fields = message.fields.iter().filter(|it| begins(it.name, begun));
    fields
        .map(|field| {
            let text = format!("{start}.{}", field.name);
            match field.ty {
                Type::Message(_) => Candidate::open(text, first_sentence(field.doc)),
                _ => Candidate::last(text, first_sentence(field.doc)),
            }
        })
        .collect()
}

/// The services that begin with `typed`.
pub fn services(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let services = schema.services.iter();
    let named = services.filter_map(|it| {
        let name = shortest(schema, it.full_name, typed, Item::Service(it))?;
        Some(Candidate::last(name, first_sentence(it.doc)))
    });
    named.collect()
}

/// The shortest name that stands for `item`, if one of its names begins with
/// `typed`: that one where it is enough.
fn shortest(
    schema: &'static Schema,
    full_name: &'static str,
    typed: &str,
    item: Item,
) -> Option<&'static str> {
    let dots = full_name.rmatch_indices('.').map(|(dot, _)| dot + 1);
    let names: Vec<_> = dots
        .chain([0])
        .filter_map(|start| full_name.get(start..))
        .collect();
    let first = names.iter().position(|name| begins(name, typed))?;
    let is_it = |name: &&str| lookup::item(schema, name).is_ok_and(|found| same(found, item));
    names.into_iter().skip(first).find(is_it)
}

fn same(one: Item, other: Item) -> bool {
    match (one, other) {
        (Item::Rpc(one), Item::Rpc(other)) => std::ptr::eq(one, other),
        (Item::Service(one), Item::Service(other)) => std::ptr::eq(one, other),
        (Item::Message(one), Item::Message(other)) => std::ptr::eq(one, other),
        (Item::Enum(one), Item::Enum(other)) => std::ptr::eq(one, other),
        _ => false,
    }
}

/// The RPCs whose names begin with `typed`, qualified where the name alone
/// would stand for another one or for several.
fn rpcs(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let all = schema.services.iter().flat_map(|service| service.rpcs);
    let named = all.filter(|rpc| begins(rpc.name, typed));
    named
        .map(|rpc| {
            let found = lookup::rpc(schema, rpc.name);
            let text = match found.is_ok_and(|found| std::ptr::eq(found, rpc)) {
                true => rpc.name.to_owned(),
                false => rpc.path(),
            };
            Candidate::last(text, first_sentence(rpc.doc))
        })
        .collect()
}

/// The RPCs whose qualified names begin with `typed`, or the services while no
/// more than that is typed.
fn qualified(schema: &'static Schema, typed: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    let all = schema.services.iter().flat_map(|service| service.rpcs);
    for (rpc, service) in all.flat_map(services_of) {
        let candidate = match typed.len() < service.len() {
            true if begins(&service, typed) => Candidate::open(service, "a service's RPCs"),
            false if begins(&format!("{service}{}", rpc.name), typed) => {
                let text = format!("{service}{}", rpc.name);
                Candidate::last(text, first_sentence(rpc.doc))
            }
            _ => continue,
        };
        // With a dot at the end only where it is typed: one of both forms is enough.
        let twin = candidate.text.strip_suffix('.').map(|it| format!("{it}/"));
        let is_there =
            |it: &Candidate| it.text == candidate.text || Some(&it.text) == twin.as_ref();
        if !found.iter().any(is_there) {
            found.push(candidate);
        }
    }
    found
}

/// What may stand before an RPC's name to say which one is meant.
fn services_of(rpc: &'static Rpc) -> [(&'static Rpc, String); 4] {
    let short = rpc.service.rsplit('.').next().unwrap_or(rpc.service);
    [
        (rpc, format!("{}/", rpc.service)),
        (rpc, format!("{}.", rpc.service)),
        (rpc, format!("{short}.")),
        (rpc, format!("{short}/")),
    ]
}
