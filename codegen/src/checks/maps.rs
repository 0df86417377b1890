//! Maps: the messages that their entries are made of have names too.

use std::collections::BTreeSet;

use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto};

use super::walk::{each, is_map, is_map_entry, join, messages};
use super::{Mistake, tag};

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let of_message = |(path, message): (Vec<i32>, &DescriptorProto)| {
        let mut taken = names(message);
        let mut fields = each(&path, tag::MESSAGE_FIELD, &message.field);
        let (path, field) =
            fields.find(|(_, field)| is_map(field) && !taken.insert(field.type_name()))?;
        let what = format!(
            "the entries of map \"{}\" would be called \"{}\", which something else is",
            field.name(),
            field.type_name()
        );
        Some(Mistake::new(join(&path, &[tag::FIELD_NAME]), what))
    };
    messages(file).into_iter().find_map(of_message)
}

/// What is declared in a message by name.
fn names(message: &DescriptorProto) -> BTreeSet<&str> {
    let nested = message.nested_type.iter();
    let nested = nested.filter(|nested| !is_map_entry(nested));
    let enums = message.enum_type.iter();
    let values = enums.clone().flat_map(|enumeration| &enumeration.value);
    let names = nested.map(|nested| nested.name());
    names
        .chain(enums.map(|enumeration| enumeration.name()))
        .chain(values.map(|value| value.name()))
        .chain(message.field.iter().map(|field| field.name()))
        .chain(message.extension.iter().map(|field| field.name()))
        .chain(message.oneof_decl.iter().map(|oneof| oneof.name()))
        .collect()
}
