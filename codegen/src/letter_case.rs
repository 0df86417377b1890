//! Fields whose names differ only in case or underscores (`value`, `Value`).
//! protoc takes them as long as their JSON names differ; protox refuses them, as
//! protoc once did. So the second of two such fields goes through protox under
//! another name, and has its own again afterwards.

use std::collections::BTreeSet;

use protobuf::descriptor::{DescriptorProto, FileDescriptorProto};
use protox::prost_reflect::prost_types as parsed;

/// A field that is under another name for the time being.
#[derive(Debug)]
pub(crate) struct Disguise {
    /// Of the file.
    file: String,
    /// Index of the message in the file, of the one nested in that, and so on.
    messages: Vec<usize>,
    field: usize,
    name: String,
}

/// Renames such fields of a parsed file.
pub(crate) fn disguise(file: &mut parsed::FileDescriptorProto) -> Vec<Disguise> {
    let mut disguises = Vec::new();
    let name = file.name().to_owned();
    for (index, message) in file.message_type.iter_mut().enumerate() {
        disguise_message(message, &name, vec![index], &mut disguises);
    }
    disguises
}

fn disguise_message(
    message: &mut parsed::DescriptorProto,
    file: &str,
    messages: Vec<usize>,
    disguises: &mut Vec<Disguise>,
) {
    let mut taken: BTreeSet<String> = message.field.iter().map(|f| folded(f.name())).collect();
    let mut seen = BTreeSet::new();
    for (index, field) in message.field.iter_mut().enumerate() {
        let name = field.name().to_owned();
        if seen.insert(folded(&name)) {
            continue;
        }
        let mut others = (2_u32..).map(|number| format!("{name}_{number}"));
        if let Some(other) = others.find(|other| taken.insert(folded(other))) {
            field.json_name.get_or_insert_with(|| json_name(&name));
            field.name = Some(other);
            disguises.push(Disguise {
                file: file.to_owned(),
                messages: messages.clone(),
                field: index,
                name,
            });
        }
    }
    for (index, nested) in message.nested_type.iter_mut().enumerate() {
        let messages = messages.iter().copied().chain([index]).collect();
        disguise_message(nested, file, messages, disguises);
    }
}

/// Gives the fields their names back.
pub(crate) fn reveal(files: &mut [FileDescriptorProto], disguises: Vec<Disguise>) {
    for disguise in disguises {
        let file = files.iter_mut().find(|file| file.name() == disguise.file);
        let mut level: Option<&mut Vec<DescriptorProto>> = file.map(|file| &mut file.message_type);
        let mut messages = disguise.messages.into_iter();
        let last = messages.next_back();
        for index in messages {
            level = level.and_then(|level| Some(&mut level.get_mut(index)?.nested_type));
        }
        let message = level
            .zip(last)
            .and_then(|(level, index)| level.get_mut(index));
        if let Some(field) = message.and_then(|message| message.field.get_mut(disguise.field)) {
            field.set_name(disguise.name);
        }
    }
}

fn folded(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

/// As protobuf defines it: without underscores, the letter after one in upper case.
fn json_name(name: &str) -> String {
    let mut json_name = String::new();
    let mut upper = false;
    for c in name.chars() {
        if c != '_' {
            json_name.push(if upper { c.to_ascii_uppercase() } else { c });
        }
        upper = c == '_';
    }
    json_name
}
