//! What is legal and yet refused by protox goes through it in another form, and
//! has its own again afterwards.
//!
//! - protox refuses fields of proto3 whose names differ only in case or
//!   underscores, as `protoc` once did. So proto3 files pass for proto2, which has
//!   no such rule; what else differs then is checked in [`crate::checks`].
//! - It calls the oneof that is there for `optional` only by a name that another
//!   may have.
//! - It loses public imports of public imports. So a file imports itself what its
//!   imports make public.

use std::collections::{BTreeMap, BTreeSet};

use protobuf::descriptor::FileDescriptorProto;
use protox::prost_reflect::prost_types as parsed;

/// For each file, itself and what it imports publicly, to any depth.
pub(crate) type Public = BTreeMap<String, BTreeSet<String>>;

/// Changes a file for protox. `imports` are the files that its imports turned
/// out to be, in their order; `public` gains the file.
pub(crate) fn adapt(
    file: &mut parsed::FileDescriptorProto,
    imports: &[String],
    public: &mut Public,
) {
    let visible = |name: &String| public.get(name).cloned().unwrap_or_default();
    let indices = file.public_dependency.iter();
    let indices = indices.filter_map(|index| usize::try_from(*index).ok());
    let shown = indices.filter_map(|index| imports.get(index));
    let mut shown: BTreeSet<String> = shown.flat_map(visible).collect();
    // Two import paths may have turned out to be one file.
    let unique: BTreeSet<String> = imports.iter().flat_map(visible).collect();
    shown.insert(file.name().to_owned());
    public.insert(file.name().to_owned(), shown);
    file.dependency = unique.into_iter().collect();
    file.public_dependency.clear();
    file.weak_dependency.clear();

    file.syntax = Some("proto2".to_owned());
    file.message_type.iter_mut().for_each(name_oneofs);
}

/// Gives oneofs that are there for `optional` only a name of their own, by the
/// rule of `protoc`: `_name`, with as many `X` before it as it takes.
fn name_oneofs(message: &mut parsed::DescriptorProto) {
    let optional = |field: &&parsed::FieldDescriptorProto| field.proto3_optional();
    let made: BTreeMap<i32, String> = message
        .field
        .iter()
        .filter(optional)
        .filter_map(|field| Some((field.oneof_index?, field.name().to_owned())))
        .collect();
    let mut taken: BTreeSet<String> = message.field.iter().map(|f| f.name().to_owned()).collect();
    let oneofs = || (0_i32..).zip(&message.oneof_decl);
    let real = oneofs().filter(|(index, _)| !made.contains_key(index));
    taken.extend(real.map(|(_, oneof)| oneof.name().to_owned()));
    for (index, oneof) in (0_i32..).zip(&mut message.oneof_decl) {
        let Some(field) = made.get(&index) else {
            continue;
        };
        let mut name = match field.starts_with('_') {
            true => field.clone(),
            false => format!("_{field}"),
        };
        while !taken.insert(name.clone()) {
            name.insert(0, 'X');
        }
        oneof.name = Some(name);
    }
    message.nested_type.iter_mut().for_each(name_oneofs);
}

/// Gives the files back their syntax.
pub(crate) fn restore(files: &mut [FileDescriptorProto], proto3: &BTreeSet<String>) {
    for file in files {
        if proto3.contains(file.name()) {
            file.set_syntax("proto3".to_owned());
        }
    }
}
