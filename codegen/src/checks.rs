//! Mistakes in a parsed file that protox would overlook or word misleadingly.
//! They are looked for before [`crate::letter_case`] gives any field another name.

use std::collections::BTreeSet;

use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto};

/// Field numbers of `descriptor.proto`, which make up a path to an item.
const FILE_MESSAGE: i32 = 4;
const MESSAGE_FIELD: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const FIELD_NAME: i32 = 1;

/// What is wrong, and the path to it as in `SourceCodeInfo`.
pub(crate) struct Mistake {
    pub path: Vec<i32>,
    pub what: String,
}

/// The first mistake in a file.
pub(crate) fn check(file: &FileDescriptorProto) -> Option<Mistake> {
    check_messages(&file.message_type, &[FILE_MESSAGE])
}

fn check_messages(messages: &[DescriptorProto], path: &[i32]) -> Option<Mistake> {
    (0_i32..).zip(messages).find_map(|(index, message)| {
        let path = [path, &[index]].concat();
        let nested = || {
            check_messages(
                &message.nested_type,
                &[&path[..], &[MESSAGE_NESTED]].concat(),
            )
        };
        same_name(message, &path).or_else(nested)
    })
}

fn same_name(message: &DescriptorProto, path: &[i32]) -> Option<Mistake> {
    let mut seen = BTreeSet::new();
    let mut fields = (0_i32..).zip(&message.field);
    let (index, field) = fields.find(|(_, field)| !seen.insert(field.name()))?;
    Some(Mistake {
        path: [path, &[MESSAGE_FIELD, index, FIELD_NAME]].concat(),
        what: format!("field \"{}\" is declared twice", field.name()),
    })
}
