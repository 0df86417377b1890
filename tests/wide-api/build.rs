//! Has the table of this API generated, as the tool's build does with its own.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=protos");
    let Some(out) = std::env::var_os("OUT_DIR") else {
        eprintln!("error: OUT_DIR is not set: this is a build script, for cargo to run");
        return ExitCode::FAILURE;
    };
    match agent_codegen::generate(
        Path::new("protos"),
        &[],
        "tests/wide-api/protos",
        Path::new(&out),
    ) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
