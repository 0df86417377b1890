//! JSON names: one per field, no two alike in a message, none that JSON of
//! protobuf gives another meaning.

use std::collections::BTreeMap;

use protox::prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};

use super::walk::{each, join, messages};
use super::{Mistake, tag};

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let of_message = |(path, message): (Vec<i32>, &DescriptorProto)| {
        let mut fields = each(&path, tag::MESSAGE_FIELD, &message.field);
        let alone =
            fields.find_map(|(path, field)| twice(&path, field).or_else(|| bad(&path, field)));
        alone.or_else(|| alike(&path, message))
    };
    messages(file).into_iter().find_map(of_message)
}

/// The parser has taken the first `json_name` from among the options.
fn twice(path: &[i32], field: &FieldDescriptorProto) -> Option<Mistake> {
    let options = field.options.as_ref()?.uninterpreted_option.iter();
    let json_name = |(_, option): &(i32, &_)| super::options::is(option, "json_name");
    let (index, _) = (0_i32..).zip(options).find(json_name)?;
    let path = join(path, &[tag::FIELD_OPTIONS, tag::UNINTERPRETED, index]);
    let what = format!("field \"{}\" is given a second JSON name", field.name());
    Some(Mistake::new(path, what))
}

fn bad(path: &[i32], field: &FieldDescriptorProto) -> Option<Mistake> {
    let name = field.json_name.as_ref()?;
    let what = if name.starts_with('[') && name.ends_with(']') {
        format!("JSON name \"{name}\" is in brackets, which are for extensions")
    } else if name.contains('\0') {
        format!("the JSON name of field \"{}\" holds a NUL", field.name())
    } else {
        return None;
    };
    Some(Mistake::new(join(path, &[tag::FIELD_JSON_NAME]), what))
}

fn alike(path: &[i32], message: &DescriptorProto) -> Option<Mistake> {
    let mut seen = BTreeMap::new();
    for (path, field) in each(path, tag::MESSAGE_FIELD, &message.field) {
        let json_name = json_name(field);
        if let Some(first) = seen.get(&json_name) {
            let what = format!(
                "fields \"{first}\" and \"{}\" have the same JSON name \"{json_name}\"",
                field.name()
            );
            return Some(Mistake::new(join(&path, &[tag::FIELD_NAME]), what));
        }
        seen.insert(json_name, field.name());
    }
    None
}

/// The JSON name that was given, else as protobuf defines it: without
/// underscores, the letter after one in upper case.
fn json_name(field: &FieldDescriptorProto) -> String {
    if let Some(name) = &field.json_name {
        return name.clone();
    }
    let mut json_name = String::new();
    let mut upper = false;
    for c in field.name().chars() {
        if c != '_' {
            json_name.push(if upper { c.to_ascii_uppercase() } else { c });
        }
        upper = c == '_';
    }
    json_name
}
