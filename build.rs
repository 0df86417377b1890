//! Finds the proto files and has the table generated from them: those in
//! `protos`, or in the folder that `AGENT_CTL_PROTO_DIR` names.

#![forbid(unsafe_code)]

use std::env::VarError;
use std::path::Path;
use std::process::ExitCode;

const VARIABLE: &str = "AGENT_CTL_PROTO_DIR";

fn main() -> ExitCode {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let folder = match std::env::var(VARIABLE) {
        Ok(folder) if !folder.is_empty() => folder,
        Ok(_) | Err(VarError::NotPresent) => "protos".to_owned(),
        // Never another API than the one asked for.
        Err(VarError::NotUnicode(folder)) => {
            let folder = Path::new(&folder).display();
            return fail(&format!("\"{folder}\" in {VARIABLE} is not UTF-8"));
        }
    };
    // Cargo looks at everything below a folder.
    println!("cargo::rerun-if-changed={folder}");

    let Some(out) = std::env::var_os("OUT_DIR") else {
        return fail("OUT_DIR is not set: this is a build script, for cargo to run");
    };
    match agent_codegen::generate(Path::new(&folder), &folder, Path::new(&out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(what: &str) -> ExitCode {
    eprintln!("error: {what}");
    ExitCode::FAILURE
}
