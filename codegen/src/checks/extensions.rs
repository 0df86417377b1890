//! Extensions: in proto3 they declare options and nothing else, and there are no
//! numbers set aside for them; no two of a file have one number.

use std::collections::BTreeMap;

use protox::prost_reflect::prost_types::FileDescriptorProto;

use super::walk::{each, extensions, join, messages};
use super::{Mistake, is_proto3, tag};

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let range = || {
        messages(file).into_iter().find_map(|(path, message)| {
            let mut ranges = each(
                &path,
                tag::MESSAGE_EXTENSION_RANGE,
                &message.extension_range,
            );
            let (path, _) = ranges.next()?;
            Some(Mistake::new(
                path,
                "extension ranges are not allowed in proto3",
            ))
        })
    };
    let json_name = || {
        let mut named = extensions(file).into_iter();
        let (path, field) = named.find(|(_, field)| field.json_name.is_some())?;
        let what = format!("extension \"{}\" cannot have a JSON name", field.name());
        Some(Mistake::new(join(&path, &[tag::FIELD_JSON_NAME]), what))
    };
    let range = if is_proto3(file) { range() } else { None };
    range.or_else(json_name)
}

pub(super) fn resolved(
    file: &FileDescriptorProto,
    resolved: &FileDescriptorProto,
) -> Option<Mistake> {
    let mut numbers = BTreeMap::new();
    extensions(resolved)
        .into_iter()
        .find_map(|(path, extension)| {
            let extendee = extension.extendee().trim_start_matches('.');
            if is_proto3(file) && !is_options(extendee) {
                let what = format!(
                    "\"{extendee}\" cannot be extended: proto3 allows that for the options in google/protobuf/descriptor.proto only"
                );
                return Some(Mistake::new(join(&path, &[tag::FIELD_EXTENDEE]), what));
            }
            let key = (extendee.to_owned(), extension.number());
            let other = numbers.insert(key, extension.name())?;
            let what = format!(
                "extension number {} of \"{extendee}\" is already that of \"{other}\"",
                extension.number()
            );
            Some(Mistake::new(join(&path, &[tag::FIELD_NUMBER]), what))
        })
}

fn is_options(name: &str) -> bool {
    let name = name.strip_prefix("google.protobuf.");
    name.is_some_and(|name| name.ends_with("Options") && !name.contains('.'))
}
