//! Builds of the tool from other protos than its own, with nothing else changed.
//! They share one target folder, so that the crates it depends on are compiled
//! once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use tempfile::TempDir;

use crate::tool::{Tool, tool};

/// A folder of proto files below `tests/protos`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/protos")
        .join(name)
}

/// Builds the tool from a folder of proto files, and gives the binary, or what
/// the build had to say.
pub fn build(name: &str, protos: &Path) -> Result<PathBuf, String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-protos");
    let cargo = |offline: bool| {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--bin", "kata-agent-ctl", "--color", "never"])
            .args(offline.then_some("--offline"))
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("AGENT_CTL_PROTO_DIR", protos)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let (mut success, mut text) = cargo(true);
    // Where a crate is not on this machine yet.
    if !success && text.contains("--offline") {
        (success, text) = cargo(false);
    }
    if !success {
        return Err(text);
    }
    // The next build replaces the binary.
    let folder = target.join("built");
    fs::create_dir_all(&folder).unwrap();
    let binary = folder.join(name);
    // In a process of its own: one that another test starts meanwhile would
    // keep a file open that this process writes, and such a file does not run.
    let copied = Command::new("cp")
        .args([&target.join("debug/kata-agent-ctl"), &binary])
        .status();
    assert!(copied.unwrap().success());
    Ok(binary)
}

/// The arguments, run by the tool that was built from one RPC and one message.
pub fn one(arguments: &[&str]) -> Tool {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| build("one", &fixture("one")));
    tool(arguments).binary(built.as_ref().unwrap())
}

/// The same, built from the project's protos with one RPC more, as a newer
/// release of the agent may bring it.
pub fn frobnicate(arguments: &[&str]) -> Tool {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| {
        let folder = TempDir::with_prefix("protos").unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
        copy(&own, folder.path());
        copy(&fixture("frobnicate"), folder.path());

        let path = folder.path().join("agent.proto");
        let text = fs::read_to_string(&path).unwrap();
        let more = "service AgentService {\n  // Frobnicates the parts.\n  \
                    rpc Frobnicate(FrobnicateRequest) returns (FrobnicateResponse);\n";
        let text = text
            .replacen("import ", "import \"frobnicate.proto\";\nimport ", 1)
            .replacen("service AgentService {\n", more, 1);
        assert!(text.contains("rpc Frobnicate"));
        fs::write(&path, text).unwrap();
        build("frobnicate", folder.path())
    });
    tool(arguments).binary(built.as_ref().unwrap())
}

/// The same, built from a service with streaming RPCs.
pub fn streams(arguments: &[&str]) -> Tool {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| build("streams", &fixture("streams")));
    tool(arguments).binary(built.as_ref().unwrap())
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
