//! Options that are not for people to set, or not in this syntax.

use protox::prost_reflect::prost_types::{FileDescriptorProto, UninterpretedOption};

use super::walk::{each, enums, extensions, fields, join, messages};
use super::{Mistake, is_proto3, tag};

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    in_any(file).or_else(|| in_messages(file))
}

/// Whether an option is this one of protobuf's own.
pub(super) fn is(option: &UninterpretedOption, name: &str) -> bool {
    matches!(&option.name[..], [part] if !part.is_extension && part.name_part == name)
}

/// An option's value, if that is `true` or `false`.
pub(super) fn flag(option: &UninterpretedOption) -> Option<bool> {
    option.identifier_value().parse().ok()
}

fn in_any(file: &FileDescriptorProto) -> Option<Mistake> {
    all(file).into_iter().find_map(|(path, option)| {
        let first = option.name.first().filter(|part| !part.is_extension)?;
        let what = match &first.name_part[..] {
            "features" => "features are for editions, which this file is not of",
            "uninterpreted_option" => "\"uninterpreted_option\" is not for proto files to set",
            _ => return None,
        };
        Some(Mistake::new(path, what))
    })
}

fn in_messages(file: &FileDescriptorProto) -> Option<Mistake> {
    messages(file).into_iter().find_map(|(path, message)| {
        let options = message.options.as_ref()?.uninterpreted_option.iter();
        (0_i32..).zip(options).find_map(|(index, option)| {
            let what = if is(option, "map_entry") {
                "\"map_entry\" is not for proto files to set: write map<key, value>"
            } else if is(option, "message_set_wire_format") && is_proto3(file) {
                "message sets are not allowed in proto3"
            } else {
                return None;
            };
            let path = join(&path, &[tag::MESSAGE_OPTIONS, tag::UNINTERPRETED, index]);
            flag(option)?.then(|| Mistake::new(path, what))
        })
    })
}

/// Every option of a file, and its path.
fn all(file: &FileDescriptorProto) -> Vec<(Vec<i32>, &UninterpretedOption)> {
    let mut found = Vec::new();
    // The kinds of options are of different types that have this in common.
    macro_rules! add {
        ($path:expr, $kind:expr, $item:expr) => {
            if let Some(options) = &$item.options {
                let path = join(&$path, &[$kind]);
                found.extend(each(
                    &path,
                    tag::UNINTERPRETED,
                    &options.uninterpreted_option,
                ));
            }
        };
    }
    add!([], tag::FILE_OPTIONS, file);
    for (path, message) in messages(file) {
        add!(path, tag::MESSAGE_OPTIONS, message);
        for (path, oneof) in each(&path, tag::MESSAGE_ONEOF, &message.oneof_decl) {
            add!(path, tag::ONEOF_OPTIONS, oneof);
        }
        let ranges = each(
            &path,
            tag::MESSAGE_EXTENSION_RANGE,
            &message.extension_range,
        );
        for (path, range) in ranges {
            add!(path, tag::RANGE_OPTIONS, range);
        }
    }
    for (path, field) in fields(file).into_iter().chain(extensions(file)) {
        add!(path, tag::FIELD_OPTIONS, field);
    }
    for (path, enumeration) in enums(file) {
        add!(path, tag::ENUM_OPTIONS, enumeration);
        for (path, value) in each(&path, tag::ENUM_VALUE, &enumeration.value) {
            add!(path, tag::VALUE_OPTIONS, value);
        }
    }
    for (path, service) in each(&[], tag::FILE_SERVICE, &file.service) {
        add!(path, tag::SERVICE_OPTIONS, service);
        for (path, method) in each(&path, tag::SERVICE_METHOD, &service.method) {
            add!(path, tag::METHOD_OPTIONS, method);
        }
    }
    found
}
