//! Finds the proto files and has the table generated from them: those in
//! `protos`, or in the folder that `AGENT_CTL_PROTO_DIR` names. They import from
//! there and from the folders of `AGENT_CTL_PROTO_PATH`, separated by `:`.

#![forbid(unsafe_code)]

use std::env::VarError;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The project's own proto files.
const OWN: &str = "protos";

fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), String> {
    let folder = variable("AGENT_CTL_PROTO_DIR")?.unwrap_or(OWN.to_owned());
    let imports = variable("AGENT_CTL_PROTO_PATH")?.unwrap_or_default();
    let imports = imports.split(':').filter(|part| !part.is_empty());
    let imports: Vec<PathBuf> = imports.map(PathBuf::from).collect();
    // Cargo looks at everything below a folder.
    for folder in imports
        .iter()
        .map(PathBuf::as_path)
        .chain([Path::new(&folder)])
    {
        println!("cargo::rerun-if-changed={}", folder.display());
    }
    // The typed clients have names that only these files are sure to have.
    println!("cargo::rustc-check-cfg=cfg(own_protos)");
    if folder == OWN {
        println!("cargo::rustc-cfg=own_protos");
    }
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: cargo runs this program")?;
    agent_codegen::generate(Path::new(&folder), &imports, &folder, Path::new(&out))
        .map_err(|error| error.to_string())
}

/// A variable of the environment, if it is set to something.
fn variable(name: &str) -> Result<Option<String>, String> {
    println!("cargo::rerun-if-env-changed={name}");
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(value)) => Err(format!("{value:?} in {name} is not UTF-8")),
    }
}
