//! Finds the proto files and has the table generated from them: those in
//! `protos`, or in the folder that `AGENT_CTL_PROTO_DIR` names.

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

    link_at_a_fixed_address();
    link_without_a_search_table();

    let Some(out) = std::env::var_os("OUT_DIR") else {
        return fail("OUT_DIR is not set: this is a build script, for cargo to run");
    };
    match agent_codegen::generate(Path::new(&folder), &folder, Path::new(&out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

/// A position-independent program has to relocate every pointer of the table at
/// each start, which takes about a tenth of the time of a short run and of the size.
/// Libraries, heap and stack still get random addresses. Only where the C
/// library is shared: what starts a static program is chosen before this.
fn link_at_a_fixed_address() {
    let is_static = target("FEATURE").split(',').any(|it| it == "crt-static");
    if target("OS") == "linux" && target("ENV") == "gnu" && !is_static {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// A release build ends at a panic: nothing looks for its unwind tables then, and
/// the table to search them by is left out. Backtraces are empty.
fn link_without_a_search_table() {
    if target("OS") == "linux" && std::env::var("PROFILE").is_ok_and(|it| it == "release") {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
}

/// A property of the system that is built for; empty if it has none of that name.
fn target(name: &str) -> String {
    std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default()
}

fn fail(what: &str) -> ExitCode {
    eprintln!("error: {what}");
    ExitCode::FAILURE
}
