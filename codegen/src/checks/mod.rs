//! Mistakes that protox overlooks or words misleadingly, one file per family.
//! Those that a file shows by itself are looked for before protox resolves names
//! and options ([`written`]), the others afterwards ([`resolved`]). Knows paths as
//! in `SourceCodeInfo`, no lines and columns.
//!
//! What `protoc` refuses is refused, except where the meaning is clear and only
//! other languages would suffer: enum values that differ in case only, default
//! JSON names that are equal where those in force are not, and types that have
//! the name of an RPC beside them.

mod enums;
mod extensions;
mod fields;
mod json_names;
mod maps;
mod options;
mod reserved;
mod services;
mod tag;
mod walk;

use std::collections::BTreeSet;

use protox::prost_reflect::DescriptorPool;
use protox::prost_reflect::prost_types::FileDescriptorProto;

pub(crate) use walk::{map_field, reserved_names};

/// What is wrong, and the path to it as in `SourceCodeInfo`.
#[derive(Debug)]
pub(crate) struct Mistake {
    pub path: Vec<i32>,
    pub what: String,
}

impl Mistake {
    fn new(path: Vec<i32>, what: impl Into<String>) -> Self {
        Mistake {
            path,
            what: what.into(),
        }
    }
}

/// What has been read so far, including the file that is checked.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub pool: DescriptorPool,
    /// The names of the files that are proto3, whatever the pool says.
    pub proto3: BTreeSet<String>,
}

/// A mistake in a file as it was written.
pub(crate) fn written(file: &FileDescriptorProto) -> Option<Mistake> {
    let families = [
        fields::written,
        json_names::written,
        reserved::written,
        enums::written,
        maps::written,
        options::written,
        extensions::written,
        services::written,
    ];
    families.iter().find_map(|family| family(file))
}

/// A mistake in a file that the pool of what is known has taken. `file` is the
/// file as it was written.
pub(crate) fn resolved(file: &FileDescriptorProto, known: &Known) -> Option<Mistake> {
    let descriptor = known.pool.get_file_by_name(file.name())?;
    let resolved = descriptor.file_descriptor_proto();
    fields::resolved(file, resolved, known)
        .or_else(|| services::resolved(resolved, known))
        .or_else(|| extensions::resolved(file, resolved))
}

fn is_proto3(file: &FileDescriptorProto) -> bool {
    file.syntax() == "proto3"
}
