//! Runs the struct generator (the one inside ttrpc-codegen) on descriptors.
//! Knows no proto text and no table.

use std::fs;
use std::path::Path;

use protobuf_codegen::gen_and_write::gen_and_write;
use protobuf_codegen::{Customize, CustomizeCallback};
use protobuf_parse::ProtoPathBuf;

use crate::error::Error;
use crate::rename::Renamed;

struct Uniform;

impl CustomizeCallback for Uniform {}

/// Makes one Rust file per proto file, named after its module. `scratch` is an
/// empty folder to work in.
pub(crate) fn generate(renamed: &Renamed, scratch: &Path) -> Result<Vec<(String, String)>, Error> {
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
    Ok(files)
}
