//! Proto files to message structs, a table over them, and typed clients.
//!
//! Data goes one way: files are read (`sources`) and checked (`load`); what
//! is part of the build is picked (`select`) and given Rust names (`rename`);
//! from there the struct generator makes the structs (`structs`), and the
//! `model` of what the run time needs to know becomes the table (`emit`) and the
//! typed clients (`clients`).

#![forbid(unsafe_code)]

mod clients;
mod depth;
mod descriptors;
mod docs;
mod emit;
mod error;
mod load;
mod model;
mod naming;
mod output;
mod rename;
mod select;
mod sources;
mod structs;

use std::path::{Path, PathBuf};

pub use error::{Error, Place};
use protobuf::Message as _;
use protobuf::descriptor::FileDescriptorSet;

use sources::Sources;

/// Reads the proto files in `folder` and writes to the folder `out` the file
/// `table.rs`, made to be included, and beside it the folder `messages` with the
/// structs' modules. The file `clients.rs`, to be included beside the table, has a
/// module with the typed clients of the services. Every `.proto` directly in `folder` is built, with what it
/// imports from there, from deeper folders, or from the folders `imports`.
/// `source` is what the table says about where it came from. What the file `changes.txt` in
/// `folder` says of the API's releases, if it is there, goes into the table as it is.
///
/// # Errors
/// When a proto file is wrong, as `file:line:col: what`; when no service is
/// declared; when a file cannot be read or written.
pub fn generate(folder: &Path, imports: &[PathBuf], source: &str, out: &Path) -> Result<(), Error> {
    let sources = Sources::open(folder, imports)?;
    let loaded = load::load(&sources)?;
    let renamed = rename::rename(&loaded, &select::Selected::new(&loaded));
    let model = model::Model::new(&loaded, &renamed)?;
    if model.services.is_empty() {
        return Err(sources.without_service());
    }
    let structs = structs::generate(&renamed, out)?;
    let table = emit::table(&model, source, &sources.changes()?)?;
    output::write(
        out,
        &structs,
        &[
            ("table.rs", table),
            ("clients.rs", clients::clients(&model)?),
        ],
    )
}

/// The checked descriptors of the proto files in `folder`, as an encoded
/// `google.protobuf.FileDescriptorSet` with source info, for other tools.
///
/// # Errors
/// As [`generate`], but that services need not be there.
pub fn descriptor_set(folder: &Path) -> Result<Vec<u8>, Error> {
    let mut set = FileDescriptorSet::new();
    set.file = load::load(&Sources::open(folder, &[])?)?.files;
    set.write_to_bytes()
        .map_err(|cause| Error::Structs(cause.to_string()))
}
