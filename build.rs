//! Finds the proto files and has the table generated from them: those in
//! `protos`, or in the folder that `AGENT_CTL_PROTO_DIR` names.

#![forbid(unsafe_code)]

use std::env::VarError;
use std::path::Path;
use std::process::ExitCode;

const VARIABLE: &str = "AGENT_CTL_PROTO_DIR";
/// Patterns of the names of the functions that a short run executes, one a line.
const ORDER: &str = include_str!("link/order.txt");

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
    let out = Path::new(&out);
    link_at_a_fixed_address();
    if let Err(error) = link_by_script(out) {
        return fail(&format!("cannot write to {}: {error}", out.display()));
    }
    match agent_codegen::generate(Path::new(&folder), &folder, out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

/// A position-independent program has to relocate every pointer of the table at
/// each start, which takes about a tenth of the time of a short run and of the size.
/// Libraries, heap and stack still get random addresses.
fn link_at_a_fixed_address() {
    if links_shared_glibc() {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// A release build ends at a panic, so nothing reads the tables that say how to
/// unwind the stack: a seventh of the program. Backtraces are empty. The
/// script adds to the linker's own, which GNU ld and lld can; a linker that was chosen by
/// hand may not, and gets the tables' index left out only.
fn link_by_script(out: &Path) -> std::io::Result<()> {
    if target("OS") != "linux" || !std::env::var("PROFILE").is_ok_and(|it| it == "release") {
        return Ok(());
    }
    println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    if links_shared_glibc() && !chooses_a_linker() {
        let script = out.join("link.ld");
        std::fs::write(&script, without_unwind_tables() + &with_the_start_first())?;
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    }
    Ok(())
}

fn without_unwind_tables() -> String {
    let tables = "*(.eh_frame) *(.gcc_except_table .gcc_except_table.*)";
    format!("SECTIONS {{ /DISCARD/ : {{ {tables} }} }} INSERT AFTER .text;\n")
}

/// Where a page of a file is needed, the kernel maps those around it too, and with
/// them the whole program, if what a short run needs is spread over it. So that
/// stands together. Each function has a section of its own, named after it; a pattern that
/// matches none does nothing. `.init` and `.fini`, which are tiny, would stand at the end.
fn with_the_start_first() -> String {
    let mut text = "SECTIONS {\n.text.first : {\n".to_owned();
    for name in ORDER.lines().filter(|line| !line.starts_with('#')) {
        // Where the compiler puts a function that is marked as cold.
        text += &format!("*(.text.{name} .text.unlikely.{name})\n");
    }
    text + "}\n.init : { KEEP(*(.init)) }\n.fini : { KEEP(*(.fini)) }\n} INSERT BEFORE .text;\n"
}

/// What starts a static program is chosen before this, and may need what is left out.
fn links_shared_glibc() -> bool {
    let is_static = target("FEATURE").split(',').any(|it| it == "crt-static");
    target("OS") == "linux" && target("ENV") == "gnu" && !is_static
}

/// Whether the linker is another than the toolchain's own.
fn chooses_a_linker() -> bool {
    let flags = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    flags.contains("fuse-ld") || std::env::var_os("RUSTC_LINKER").is_some()
}

/// A property of the system that is built for; empty if it has none of that name.
fn target(name: &str) -> String {
    std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default()
}

fn fail(what: &str) -> ExitCode {
    eprintln!("error: {what}");
    ExitCode::FAILURE
}
