//! What is reserved: no name and no number twice, and nobody uses the names.
//! That nobody uses the numbers, protox sees to.

use std::collections::BTreeSet;

use protox::prost_reflect::prost_types::FileDescriptorProto;

use super::walk::{each, enums, join, messages};
use super::{Mistake, tag};

/// One message or enum.
struct Holder<'a> {
    path: Vec<i32>,
    /// Names that are reserved, and their field number in the descriptor.
    names: (&'a [String], i32),
    /// First and last numbers that are reserved, and their field number.
    ranges: (Vec<(i32, i32)>, i32),
    /// `field` or `value`, and each one's name with the path to that.
    kind: &'static str,
    members: Vec<(Vec<i32>, &'a str)>,
}

pub(super) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let messages = messages(file).into_iter().map(|(path, message)| {
        let fields = each(&path, tag::MESSAGE_FIELD, &message.field);
        let members = fields.map(|(path, field)| (join(&path, &[tag::FIELD_NAME]), field.name()));
        // The end of a message's range is the first number after it.
        let ranges = message.reserved_range.iter();
        let ranges = ranges.map(|range| (range.start(), range.end().saturating_sub(1)));
        Holder {
            names: (&message.reserved_name, tag::MESSAGE_RESERVED_NAME),
            ranges: (ranges.collect(), tag::MESSAGE_RESERVED_RANGE),
            kind: "field",
            members: members.collect(),
            path,
        }
    });
    let enums = enums(file).into_iter().map(|(path, enumeration)| {
        let values = each(&path, tag::ENUM_VALUE, &enumeration.value);
        let members = values.map(|(path, value)| (join(&path, &[tag::VALUE_NAME]), value.name()));
        let ranges = enumeration.reserved_range.iter();
        let ranges = ranges.map(|range| (range.start(), range.end()));
        Holder {
            names: (&enumeration.reserved_name, tag::ENUM_RESERVED_NAME),
            ranges: (ranges.collect(), tag::ENUM_RESERVED_RANGE),
            kind: "value",
            members: members.collect(),
            path,
        }
    });
    let mut holders = messages.chain(enums);
    holders.find_map(|holder| holder.names().or_else(|| holder.ranges()))
}

impl Holder<'_> {
    fn names(&self) -> Option<Mistake> {
        let (names, kind) = self.names;
        let mut reserved = BTreeSet::new();
        for (path, name) in each(&self.path, kind, names) {
            if !reserved.insert(&name[..]) {
                return Some(Mistake::new(path, format!("\"{name}\" is reserved twice")));
            }
        }
        let used = |(_, name): &&(Vec<i32>, &str)| reserved.contains(name);
        let (path, name) = self.members.iter().find(used)?;
        let what = format!("{} \"{name}\" has a name that is reserved", self.kind);
        Some(Mistake::new(path.clone(), what))
    }

    fn ranges(&self) -> Option<Mistake> {
        let (ranges, kind) = &self.ranges;
        for (number, (path, &(start, end))) in each(&self.path, *kind, ranges).enumerate() {
            if start > end {
                let what = format!("reserved range {start} to {end} ends before it begins");
                return Some(Mistake::new(path, what));
            }
            let mut earlier = ranges.iter().take(number);
            if let Some(other) = earlier.find(|other| start <= other.1 && other.0 <= end) {
                let (this, other) = (range((start, end)), range(*other));
                let what = format!("reserved {this} overlaps with {other}, reserved before");
                return Some(Mistake::new(path, what));
            }
        }
        None
    }
}

fn range((start, end): (i32, i32)) -> String {
    match start == end {
        true => format!("number {start}"),
        false => format!("range {start} to {end}"),
    }
}
