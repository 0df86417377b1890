//! Runs the struct generator (the one inside ttrpc-codegen) on descriptors.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use protobuf_codegen::gen_and_write::gen_and_write;
use protobuf_codegen::{Customize, CustomizeCallback};
use protobuf_parse::ProtoPathBuf;

use crate::error::Error;
use crate::rename::Renamed;

struct Uniform;

impl CustomizeCallback for Uniform {}

/// Makes one Rust file per proto file: its name, after its module, and its text.
/// The struct generator writes files, so it gets a folder in `out` for a while.
pub(crate) fn generate(renamed: &Renamed, out: &Path) -> Result<Vec<(String, String)>, Error> {
    let scratch = &out.join("scratch");
    empty_folder(scratch)?;
    // Without descriptors at run time and accessors, which nothing uses; maps
    // sorted, so that output is.
    let customize = Customize::default()
        .lite_runtime(true)
        .btreemaps(true)
        .generate_accessors(false)
        .generate_getter(false)
        .oneofs_non_exhaustive(false)
        .gen_mod_rs(false);
    let paths: Result<Vec<ProtoPathBuf>, _> = renamed
        .files
        .iter()
        .map(|file| ProtoPathBuf::new(file.name().to_owned()))
        .collect();
    let failed = |cause: &dyn std::fmt::Display| Error::Structs(cause.to_string());
    let paths = paths.map_err(|cause| failed(&cause))?;
    gen_and_write(
        &renamed.files,
        "agent-codegen",
        &paths,
        scratch,
        &customize,
        &Uniform,
    )
    .map_err(|cause| failed(&cause))?;
    let mut files = Vec::new();
    for module in &renamed.modules {
        let name = format!("{module}.rs");
        let path = scratch.join(&name);
        let text = fs::read_to_string(&path).map_err(|cause| Error::io("read", &path, cause))?;
        files.push((name, text));
    }
    fs::remove_dir_all(scratch).map_err(|cause| Error::io("remove", scratch, cause))?;
    Ok(files)
}

/// Makes an existing or missing folder an existing, empty one.
fn empty_folder(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, cause)),
        _ => fs::create_dir_all(path).map_err(|cause| Error::io("create", path, cause)),
    }
}
