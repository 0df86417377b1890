//! Proto files to message structs and a dispatch table.
//!
//! Data goes one way: files are read (`sources`) and checked (`load`); what
//! is part of the build is picked (`select`) and given Rust names (`rename`);
//! from there the struct generator makes the structs (`structs`), and the
//! `model` of what the run time needs to know becomes the table (`emit`).

#![forbid(unsafe_code)]

mod adapt;
mod checks;
mod depth;
mod descriptors;
mod docs;
mod emit;
mod error;
mod guard;
mod load;
mod model;
mod naming;
mod output;
mod rename;
mod select;
mod sources;
mod structs;

use std::fs;
use std::path::Path;

pub use error::{Error, Place};
use protobuf::Message as _;
use protobuf::descriptor::FileDescriptorSet;

use sources::Sources;

/// Reads the proto files in `folder` and writes to the folder `out` the file
/// `table.rs`, made to be included, and beside it the folder `messages` with the
/// structs' modules. Every `.proto` directly in `folder` is built, with what it
/// imports; deeper ones are there to be imported. `source` is what the table
/// says about where it came from.
///
/// # Errors
/// When a proto file is wrong, as `file:line:col: what`; when a file cannot be
/// read or written.
pub fn generate(folder: &Path, source: &str, out: &Path) -> Result<(), Error> {
    let loaded = load::load(&Sources::open(folder)?)?;
    let renamed = rename::rename(&loaded, &select::Selected::new(&loaded));

    let scratch = out.join("scratch");
    output::empty_folder(&scratch)?;
    let structs = structs::generate(&renamed, &scratch)?;
    fs::remove_dir_all(&scratch).map_err(|cause| Error::io("remove", &scratch, cause))?;

    let model = model::Model::new(&loaded, renamed)?;
    let table = emit::table(&model, source)?;

    let messages = out.join("messages");
    fs::create_dir_all(&messages).map_err(|cause| Error::io("create", &messages, cause))?;
    let names: Vec<&str> = structs.iter().map(|(name, _)| &name[..]).collect();
    output::retain(&messages, &names)?;
    for (name, text) in &structs {
        output::write(&messages.join(name), text)?;
    }
    output::write(&out.join("table.rs"), &table)
}

/// The checked descriptors of the proto files in `folder`, as an encoded
/// `google.protobuf.FileDescriptorSet` with source info, for other tools.
///
/// # Errors
/// As [`generate`].
pub fn descriptor_set(folder: &Path) -> Result<Vec<u8>, Error> {
    let mut set = FileDescriptorSet::new();
    set.file = load::load(&Sources::open(folder)?)?.files;
    set.write_to_bytes()
        .map_err(|cause| Error::Structs(cause.to_string()))
}
