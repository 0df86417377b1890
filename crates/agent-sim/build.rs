//! Makes the messages and the async services of agent 4.1 with ttrpc-codegen, as
//! the real agent's own build does. They are this agent's, whatever protos the
//! tool is built from.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ttrpc_codegen::{Codegen, Customize};

/// The proto files, and the modules that are made from each.
const FILES: [(&str, &[&str]); 6] = [
    ("agent.proto", &["agent", "agent_ttrpc"]),
    ("csi.proto", &["csi"]),
    ("google/protobuf/empty.proto", &["empty"]),
    ("health.proto", &["health", "health_ttrpc"]),
    ("oci.proto", &["oci"]),
    ("types.proto", &["types"]),
];

fn main() -> Result<(), Box<dyn Error>> {
    let protos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protos");
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", protos.display());

    Codegen::new()
        .out_dir(&out_dir)
        .inputs(FILES.map(|(file, _)| protos.join(file)))
        .include(&protos)
        .rust_protobuf()
        .customize(Customize {
            async_all: true,
            ..Default::default()
        })
        .run()?;

    // The generated files begin with inner attributes, which only a file that
    // is a module of its own may have.
    let modules = FILES.iter().flat_map(|(_, modules)| modules.iter());
    let modules: String = modules.map(|name| format!("pub mod {name};\n")).collect();
    fs::write(out_dir.join("protos.rs"), modules)?;
    Ok(())
}
