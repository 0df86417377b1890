//! Generates every fixture's table and structs, each into a folder of its name.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    match generate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate() -> Result<(), Box<dyn std::error::Error>> {
    let fixtures = Path::new("../fixtures");
    println!("cargo::rerun-if-changed={}", fixtures.display());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for entry in fixtures.read_dir()? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default();
        let out = out.join(name);
        std::fs::create_dir_all(&out)?;
        agent_codegen::generate(&folder, &[], "protos", &out)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    Ok(())
}
