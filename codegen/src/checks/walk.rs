//! All items of one kind in a file, at every depth, each with its path as in
//! `SourceCodeInfo`. The messages of map entries, which nobody wrote, are among
//! the messages.

use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    field_descriptor_proto::Type,
};

use super::tag;

/// Items with their paths.
pub(super) type Found<'a, T> = Vec<(Vec<i32>, &'a T)>;

pub(super) fn join(path: &[i32], rest: &[i32]) -> Vec<i32> {
    [path, rest].concat()
}

/// Each item of a list, with its path.
pub(super) fn each<'a, T>(
    path: &[i32],
    kind: i32,
    items: &'a [T],
) -> impl Iterator<Item = (Vec<i32>, &'a T)> + use<'a, T> {
    let list = join(path, &[kind]);
    let numbered = (0_i32..).zip(items);
    numbered.map(move |(index, item)| (join(&list, &[index]), item))
}

pub(super) fn messages(file: &FileDescriptorProto) -> Found<'_, DescriptorProto> {
    let mut found = Vec::new();
    for (path, message) in each(&[], tag::FILE_MESSAGE, &file.message_type) {
        add(path, message, &mut found);
    }
    found
}

fn add<'a>(path: Vec<i32>, message: &'a DescriptorProto, found: &mut Found<'a, DescriptorProto>) {
    let inner = path.clone();
    found.push((path, message));
    for (path, nested) in each(&inner, tag::MESSAGE_NESTED, &message.nested_type) {
        add(path, nested, found);
    }
}

pub(super) fn enums(file: &FileDescriptorProto) -> Found<'_, EnumDescriptorProto> {
    let mut found: Found<'_, _> = each(&[], tag::FILE_ENUM, &file.enum_type).collect();
    for (path, message) in messages(file) {
        found.extend(each(&path, tag::MESSAGE_ENUM, &message.enum_type));
    }
    found
}

/// Fields of messages, map entries and groups.
pub(super) fn fields(file: &FileDescriptorProto) -> Found<'_, FieldDescriptorProto> {
    let mut found = Vec::new();
    for (path, message) in messages(file) {
        found.extend(each(&path, tag::MESSAGE_FIELD, &message.field));
    }
    found
}

pub(super) fn extensions(file: &FileDescriptorProto) -> Found<'_, FieldDescriptorProto> {
    let mut found: Found<'_, _> = each(&[], tag::FILE_EXTENSION, &file.extension).collect();
    for (path, message) in messages(file) {
        found.extend(each(&path, tag::MESSAGE_EXTENSION, &message.extension));
    }
    found
}

pub(super) fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|o| o.map_entry())
}

/// Whether a field was written as `map<...>`; its entry is the message that its
/// type names. Any other type that is named has no kind before it is resolved.
pub(super) fn is_map(field: &FieldDescriptorProto) -> bool {
    field.r#type == Some(Type::Message.into())
}

/// The path of the map field whose entry's message `path` leads into; `None` for
/// a path that leads into no such message. Only the field was written.
pub(crate) fn map_field(file: &FileDescriptorProto, path: &[i32]) -> Option<Vec<i32>> {
    let (&[_, index], mut rest) = path.split_first_chunk::<2>()?;
    if path.first() != Some(&tag::FILE_MESSAGE) {
        return None;
    }
    let mut message = file.message_type.get(usize::try_from(index).ok()?)?;
    while let Some((&[tag::MESSAGE_NESTED, index], deeper)) = rest.split_first_chunk::<2>() {
        let index = usize::try_from(index).ok()?;
        let nested = message.nested_type.get(index)?;
        if is_map_entry(nested) {
            // Entries are in the order of their fields.
            let earlier = message.nested_type.iter().take(index);
            let maps_before = earlier.filter(|nested| is_map_entry(nested)).count();
            let mut maps = (0_i32..)
                .zip(&message.field)
                .filter(|(_, field)| is_map(field));
            let (field, _) = maps.nth(maps_before)?;
            let parent = path.get(..path.len() - rest.len())?;
            return Some(join(parent, &[tag::MESSAGE_FIELD, field]));
        }
        (message, rest) = (nested, deeper);
    }
    None
}

/// The list of reserved names that `path` leads to one of.
pub(crate) fn reserved_names<'a>(
    file: &'a mut FileDescriptorProto,
    path: &[i32],
) -> Option<&'a mut Vec<String>> {
    let index = |index: i32| usize::try_from(index).ok();
    let (&[kind, first], mut rest) = path.split_first_chunk::<2>()?;
    if kind == tag::FILE_ENUM {
        let names = &mut file.enum_type.get_mut(index(first)?)?.reserved_name;
        return matches!(rest, [tag::ENUM_RESERVED_NAME, _]).then_some(names);
    }
    let mut message = file.message_type.get_mut(index(first)?)?;
    if kind != tag::FILE_MESSAGE {
        return None;
    }
    while let Some((&[kind, next], deeper)) = rest.split_first_chunk::<2>() {
        match (kind, deeper) {
            (tag::MESSAGE_NESTED, _) => message = message.nested_type.get_mut(index(next)?)?,
            (tag::MESSAGE_ENUM, [tag::ENUM_RESERVED_NAME, _]) => {
                return Some(&mut message.enum_type.get_mut(index(next)?)?.reserved_name);
            }
            (tag::MESSAGE_RESERVED_NAME, []) => return Some(&mut message.reserved_name),
            _ => return None,
        }
        rest = deeper;
    }
    None
}
