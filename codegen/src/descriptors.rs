//! What descriptors mean: names as they refer to types, map entries, and oneofs
//! that are there for `optional` only.

use protobuf::descriptor::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};

/// `.package`, or nothing for a file without one.
pub(crate) fn package(file: &FileDescriptorProto) -> String {
    match file.package() {
        "" => String::new(),
        package => format!(".{package}"),
    }
}

/// `.package.Name`, as descriptors refer to types.
pub(crate) fn top_level(file: &FileDescriptorProto, name: &str) -> String {
    format!("{}.{name}", package(file))
}

/// Whether a message is what a map field holds: it has no struct.
pub(crate) fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.get_or_default().map_entry()
}

/// The index of the oneof that a field is a member of. A proto3 `optional` field
/// is in a oneof of its own only in the descriptor.
pub(crate) fn member_of(field: &FieldDescriptorProto) -> Option<i32> {
    field.oneof_index.filter(|_| !field.proto3_optional())
}

/// How many of a message's oneofs are real; the others come after them.
pub(crate) fn real_oneofs(message: &DescriptorProto) -> usize {
    let optional = message
        .field
        .iter()
        .filter(|field| field.proto3_optional())
        .count();
    message.oneof_decl.len().saturating_sub(optional)
}

/// An index as it stands in the path to an item.
pub(crate) fn to_i32(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
