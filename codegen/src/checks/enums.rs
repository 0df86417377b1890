//! Enums: the number of the first value, and `allow_alias` where nothing calls
//! for it.

use std::collections::BTreeSet;

use protox::prost_reflect::prost_types::{EnumDescriptorProto, FileDescriptorProto};

use super::options::{flag, is};
use super::walk::{enums, join};
use super::{Mistake, is_proto3, tag};

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let of_enum = |(path, enumeration): (Vec<i32>, &EnumDescriptorProto)| {
        let zero = first_value(&path, enumeration).filter(|_| is_proto3(file));
        zero.or_else(|| needless_alias(&path, enumeration))
    };
    enums(file).into_iter().find_map(of_enum)
}

fn first_value(path: &[i32], enumeration: &EnumDescriptorProto) -> Option<Mistake> {
    let first = enumeration.value.first()?;
    let path = join(path, &[tag::ENUM_VALUE, 0, tag::VALUE_NUMBER]);
    let what = "the first value of an enum must be 0 in proto3";
    (first.number() != 0).then(|| Mistake::new(path, what))
}

fn needless_alias(path: &[i32], enumeration: &EnumDescriptorProto) -> Option<Mistake> {
    let options = enumeration.options.as_ref()?.uninterpreted_option.iter();
    let mut numbered = (0_i32..).zip(options);
    let (index, option) = numbered.find(|(_, option)| is(option, "allow_alias"))?;
    let mut numbers = BTreeSet::new();
    let mut values = enumeration.value.iter();
    let shared = values.any(|value| !numbers.insert(value.number()));
    let what = match flag(option)? {
        true if shared => return None,
        true => "no values share a number: \"allow_alias\" has no effect",
        // What is wrong is the number that is used twice.
        false if shared => return None,
        false => "\"allow_alias\" is false by itself: the option has no effect",
    };
    let path = join(path, &[tag::ENUM_OPTIONS, tag::UNINTERPRETED, index]);
    Some(Mistake::new(path, what))
}
