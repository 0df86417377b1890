//! Finds everything in a parsed proto file that wants a doc comment, and the comments there are.
//! It does not judge the comments.

use std::collections::HashMap;

use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorProto,
};

/// Comments by the descriptor path that protobuf's source info gives them.
pub(crate) fn comments(file: &FileDescriptorProto) -> HashMap<&[i32], &str> {
    file.source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .map(|location| (location.path.as_slice(), location.leading_comments()))
        .collect()
}

/// Every declaration that wants a comment, with its descriptor path. The steps of a path are field
/// numbers of `descriptor.proto` and indexes.
pub(crate) fn of_file(file: &FileDescriptorProto) -> Vec<(String, Vec<i32>)> {
    let mut found = Vec::new();
    for (item, path) in indexed(&file.message_type, &[], 4) {
        message_declarations(item, file.package(), path, &mut found);
    }
    for (item, path) in indexed(&file.enum_type, &[], 5) {
        enum_declarations(item, file.package(), path, &mut found);
    }
    for (item, path) in indexed(&file.service, &[], 6) {
        let name = format!("{}.{}", file.package(), item.name());
        for (method, path) in indexed(&item.method, &path, 2) {
            found.push((format!("{name}/{}", method.name()), path));
        }
        found.push((name, path));
    }
    found
}

fn message_declarations(
    message: &DescriptorProto,
    scope: &str,
    path: Vec<i32>,
    found: &mut Vec<(String, Vec<i32>)>,
) {
    let name = format!("{scope}.{}", message.name());
    for (field, path) in indexed(&message.field, &path, 2) {
        found.push((format!("{name}.{}", field.name()), path));
    }
    for (nested, path) in indexed(&message.nested_type, &path, 3) {
        if !nested
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry())
        {
            message_declarations(nested, &name, path, found);
        }
    }
    for (nested, path) in indexed(&message.enum_type, &path, 4) {
        enum_declarations(nested, &name, path, found);
    }
    for (index, (oneof, path)) in (0..).zip(indexed(&message.oneof_decl, &path, 8)) {
        let made_by_optional = message
            .field
            .iter()
            .any(|field| field.oneof_index == Some(index) && field.proto3_optional());
        if !made_by_optional {
            found.push((format!("{name}.{}", oneof.name()), path));
        }
    }
    found.push((name, path));
}

fn enum_declarations(
    item: &EnumDescriptorProto,
    scope: &str,
    path: Vec<i32>,
    found: &mut Vec<(String, Vec<i32>)>,
) {
    let name = format!("{scope}.{}", item.name());
    for (value, path) in indexed(&item.value, &path, 2) {
        found.push((format!("{name}.{}", value.name()), path));
    }
    found.push((name, path));
}

fn indexed<'a, T>(
    items: &'a [T],
    path: &'a [i32],
    number: i32,
) -> impl Iterator<Item = (&'a T, Vec<i32>)> {
    (0..)
        .zip(items)
        .map(move |(index, item)| (item, [path, &[number, index]].concat()))
}
