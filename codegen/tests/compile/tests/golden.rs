//! Each fixture's table as text, one line for each service, RPC, message, field,
//! enum and value, held against `table.txt` in the fixture's folder.
//! `UPDATE_GOLDEN=1` writes those files.
//!
//! What a name became in Rust stands after `=`: of a service its client, of an RPC
//! the client's method, of a message its path, of a field its name if that is
//! another one, of a oneof's member its variant.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use agent_schema::{Enum, Field, FieldOptions, Label, Message, Service, Type};
use fixtures::{ALL, Fixture};

#[test]
fn every_fixture_gives_its_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let folders = folder.read_dir().unwrap().count();
    assert_eq!(folders, ALL.len(), "a fixture is missing in the list");
    let mut wrong = String::new();
    for fixture in ALL {
        let table = table(fixture);
        let path = folder.join(fixture.name).join("table.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &table).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        if golden != table {
            let difference = difference(&golden, &table);
            writeln!(wrong, "{}\n{difference}", path.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}UPDATE_GOLDEN=1 takes what is new");
}

/// The lines between what two texts begin and end with in common.
fn difference(old: &str, new: &str) -> String {
    let (mut old, mut new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let common = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let line = common + 1;
    old.drain(..common);
    new.drain(..common);
    while old.last().is_some() && old.last() == new.last() {
        old.pop();
        new.pop();
    }
    let old = old.iter().map(|line| format!("- {line}\n"));
    let new = new.iter().map(|line| format!("+ {line}\n"));
    format!("line {line}:\n{}", old.chain(new).collect::<String>())
}

fn table(fixture: &Fixture) -> String {
    let Fixture {
        schema,
        table,
        clients,
        ..
    } = fixture;
    let mut clients = clients.split("pub struct ").skip(1);
    let mut text = format!(
        "source {}, files {}\n",
        schema.source,
        schema.files.join(", ")
    );
    for service in schema.services {
        add_service(&mut text, service, clients.next().unwrap());
    }
    for message in schema.messages {
        add_message(&mut text, message, table);
    }
    for enumeration in schema.enums {
        add_enum(&mut text, enumeration);
    }
    text
}

fn add_service(text: &mut String, service: &Service, client: &str) {
    let Service {
        full_name,
        file,
        doc,
        rpcs,
        deprecated,
    } = service;
    let (name, _) = client.split_once('<').unwrap();
    writeln!(
        text,
        "\nservice {full_name} in {file} = {name}{}{}",
        mark(*deprecated),
        comment(doc)
    )
    .unwrap();
    let methods = client.split("pub fn ").skip(2);
    let methods = methods.map(|method| method.split_once('(').unwrap().0);
    assert_eq!(methods.clone().count(), rpcs.len());
    for (rpc, method) in rpcs.iter().zip(methods) {
        assert_eq!((rpc.service, rpc.file), (*full_name, *file));
        let stream = |streams| if streams { "stream " } else { "" };
        let (from, to) = (stream(rpc.client_streaming), stream(rpc.server_streaming));
        let (request, response) = (rpc.request.full_name, rpc.response.full_name);
        let (name, doc) = (rpc.name, comment(rpc.doc));
        let mark = mark(rpc.deprecated);
        let types = format!("({from}{request}) -> {to}{response}");
        writeln!(text, "  {name}{types} = {method}{mark}{doc}").unwrap();
    }
}

fn add_message(text: &mut String, message: &Message, generated: &str) {
    let Message {
        full_name,
        file,
        doc,
        ..
    } = message;
    let (path, places) = rust(full_name, generated);
    writeln!(
        text,
        "\nmessage {full_name} in {file} = {path}{}{}",
        mark(message.deprecated),
        comment(doc)
    )
    .unwrap();
    for oneof in message.oneofs {
        writeln!(text, "  oneof {}{}", oneof.name, comment(oneof.doc)).unwrap();
    }
    assert_eq!(places.len(), message.fields.len(), "{full_name}");
    for (field, place) in message.fields.iter().zip(places) {
        let (name, number, doc) = (field.name, field.number, comment(field.doc));
        let ty = field_type(field);
        write!(text, "  {number} {name}: {ty}").unwrap();
        if field.json_name != name {
            write!(text, " {:?}", field.json_name).unwrap();
        }
        if let Some(index) = field.oneof {
            write!(text, " in {}", message.oneofs[index].name).unwrap();
        }
        if place != name {
            write!(text, " = {place}").unwrap();
        }
        let FieldOptions {
            deprecated,
            required,
            default,
        } = field.options;
        if required {
            write!(text, " required").unwrap();
        }
        if let Some(default) = default {
            write!(text, " default {default:?}").unwrap();
        }
        writeln!(text, "{}{doc}", mark(deprecated)).unwrap();
    }
}

fn add_enum(text: &mut String, enumeration: &Enum) {
    let Enum {
        full_name,
        file,
        doc,
        values,
        deprecated,
    } = enumeration;
    let all = mark(*deprecated);
    writeln!(text, "\nenum {full_name} in {file}{all}{}", comment(doc)).unwrap();
    for value in *values {
        writeln!(
            text,
            "  {} {}{}{}",
            value.number,
            value.name,
            mark(value.deprecated),
            comment(value.doc)
        )
        .unwrap();
    }
}

fn field_type(field: &Field) -> String {
    let ty = match field.ty {
        Type::Scalar(scalar) => format!("{scalar:?}").to_lowercase(),
        Type::Enum(enumeration) => format!("enum {}", enumeration.full_name),
        Type::Message(message) => message.full_name.to_owned(),
    };
    match field.label {
        Label::Singular => ty,
        Label::Optional => format!("optional {ty}"),
        Label::Repeated => format!("repeated {ty}"),
        Label::Map(key) => format!("map<{}, {ty}>", format!("{key:?}").to_lowercase()),
    }
}

fn mark(deprecated: bool) -> &'static str {
    if deprecated { " deprecated" } else { "" }
}

fn comment(doc: &str) -> String {
    match doc {
        "" => String::new(),
        doc => format!("  // {}", doc.replace('\n', "\\n")),
    }
}

/// What a message is called in the generated text, and where its fields are.
fn rust(full_name: &str, generated: &str) -> (String, Vec<String>) {
    let words: Vec<&str> = generated.split_whitespace().collect();
    let text = words.join(" ");
    let between = |text: &str, start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let statics = text.split("static ").find(|item| {
        item.contains(": Message = ") && item.contains(&format!("full_name: \"{full_name}\","))
    });
    let new = statics.and_then(|item| between(item, "Box::new(messages::", "::new())"));
    let path = new.unwrap_or_else(|| panic!("no struct for {full_name}"));
    let methods = between(
        &text,
        &format!("impl Reflect for messages::{path} {{"),
        "fn get_mut",
    );
    let methods = methods.unwrap_or_else(|| panic!("nothing to reach {full_name}'s fields by"));
    let arms = methods.split(" => ").skip(1);
    let places = arms.filter_map(|arm| {
        let expression = between(arm, "self.", ")")?;
        let variant = expression.rsplit_once("::").map(|(_, variant)| variant);
        Some(variant.unwrap_or(&expression).trim().to_owned())
    });
    (path.clone(), places.collect())
}
