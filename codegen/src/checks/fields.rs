//! Fields: names, numbers, types, and the options that are for some types only.

use std::collections::BTreeSet;

use protox::prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, UninterpretedOption,
    field_descriptor_proto::{Label, Type},
};

use super::options::is;
use super::walk::{extensions, fields, join, messages};
use super::{Known, Mistake, is_proto3, tag};

/// Numbers that no message may use.
const LIBRARY_NUMBERS: std::ops::RangeInclusive<i32> = 19_000..=19_999;

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let twice = |(path, message)| declared_twice(path, message);
    let number = |(path, field): (Vec<i32>, &FieldDescriptorProto)| {
        LIBRARY_NUMBERS.contains(&field.number()).then(|| {
            let what = format!(
                "field number {} is one of 19000 to 19999, which protobuf keeps for itself",
                field.number()
            );
            Mistake::new(join(&path, &[tag::FIELD_NUMBER]), what)
        })
    };
    let declared_twice = messages(file).into_iter().find_map(twice);
    declared_twice.or_else(|| fields(file).into_iter().find_map(number))
}

fn declared_twice(path: Vec<i32>, message: &DescriptorProto) -> Option<Mistake> {
    let mut seen = BTreeSet::new();
    let mut fields = (0_i32..).zip(&message.field);
    let (index, field) = fields.find(|(_, field)| !seen.insert(field.name()))?;
    let what = format!("field \"{}\" is declared twice", field.name());
    let path = join(&path, &[tag::MESSAGE_FIELD, index, tag::FIELD_NAME]);
    Some(Mistake::new(path, what))
}

pub(super) fn resolved(
    file: &FileDescriptorProto,
    resolved: &FileDescriptorProto,
    known: &Known,
) -> Option<Mistake> {
    let written = fields(file).into_iter().chain(extensions(file));
    let resolved = fields(resolved).into_iter().chain(extensions(resolved));
    let mut pairs = written.zip(resolved);
    pairs.find_map(|((path, written), (_, resolved))| {
        map_entry(&path, written, resolved, known)
            .or_else(|| closed_enum(&path, resolved, known).filter(|_| is_proto3(file)))
            .or_else(|| misplaced_option(&path, written, resolved))
    })
}

/// The message of a map's entries is there for that map only.
fn map_entry(
    path: &[i32],
    written: &FieldDescriptorProto,
    resolved: &FieldDescriptorProto,
    known: &Known,
) -> Option<Mistake> {
    if written.r#type.is_some() || resolved.r#type() != Type::Message {
        return None;
    }
    let name = resolved.type_name().trim_start_matches('.');
    let message = known.pool.get_message_by_name(name)?;
    let what = format!("\"{name}\" is what a map consists of, and no type of other fields");
    let path = join(path, &[tag::FIELD_TYPE_NAME]);
    message.is_map_entry().then(|| Mistake::new(path, what))
}

/// An enum of proto2 takes its own numbers only, a field of proto3 takes any.
fn closed_enum(path: &[i32], field: &FieldDescriptorProto, known: &Known) -> Option<Mistake> {
    if field.r#type() != Type::Enum {
        return None;
    }
    let name = field.type_name().trim_start_matches('.');
    let file = known.pool.get_enum_by_name(name)?.parent_file();
    let what = format!(
        "enum \"{name}\" is of \"{}\", which is proto2: a field of proto3 cannot have it",
        file.name()
    );
    let path = join(path, &[tag::FIELD_TYPE_NAME]);
    (!known.proto3.contains(file.name())).then(|| Mistake::new(path, what))
}

fn misplaced_option(
    path: &[i32],
    written: &FieldDescriptorProto,
    resolved: &FieldDescriptorProto,
) -> Option<Mistake> {
    let options = written.options.as_ref()?.uninterpreted_option.iter();
    (0_i32..).zip(options).find_map(|(index, option)| {
        let (name, whom) = misplaced(option, resolved)?;
        let path = join(path, &[tag::FIELD_OPTIONS, tag::UNINTERPRETED, index]);
        Some(Mistake::new(
            path,
            format!("option \"{name}\" is for {whom} only"),
        ))
    })
}

/// The name of an option that a field of this type cannot have, and what can.
fn misplaced(
    option: &UninterpretedOption,
    field: &FieldDescriptorProto,
) -> Option<(&'static str, &'static str)> {
    let ty = field.r#type();
    let is_message = matches!(ty, Type::Message | Type::Group);
    let packs = field.label() == Label::Repeated
        && !is_message
        && !matches!(ty, Type::String | Type::Bytes);
    let is_long = matches!(
        ty,
        Type::Int64 | Type::Uint64 | Type::Sint64 | Type::Fixed64 | Type::Sfixed64
    );
    let rules = [
        ("packed", packs, "repeated numbers, booleans and enums"),
        ("lazy", is_message, "messages"),
        ("unverified_lazy", is_message, "messages"),
        ("jstype", is_long, "64-bit integers"),
    ];
    let (name, allowed, whom) = rules.into_iter().find(|(name, ..)| is(option, name))?;
    let without_effect = matches!(option.identifier_value(), "false" | "JS_NORMAL");
    (!allowed && !without_effect).then_some((name, whom))
}
