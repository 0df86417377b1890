//! Builds of the tool from other protos than its own, with nothing else changed.
//! They share one target folder, so that the crates it depends on are compiled
//! once, and a build is kept for later runs until something that it is made of
//! changes.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::tool::{Tool, tool};

/// A folder of proto files below `tests/protos`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/protos")
        .join(name)
}

/// What the tool is made of beside its protos.
const SOURCES: [&str; 6] = [
    "Cargo.lock",
    "Cargo.toml",
    "build.rs",
    "codegen",
    "crates",
    "src",
];

/// The folder for all such builds.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-protos")
}

/// Builds the tool from a folder of proto files, and gives the binary, or what
/// the build had to say.
pub(crate) fn build(name: &str, protos: &Path) -> Result<PathBuf, String> {
    build_with(name, protos, "")
}

/// The same with folders to import from, separated by `:`.
pub(crate) fn build_with(name: &str, protos: &Path, imports: &str) -> Result<PathBuf, String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    let target = target();
    let folder = target.join("built");
    let (binary, made_of) = (folder.join(name), folder.join(format!("{name}.sources")));
    let sources = fingerprint(protos);
    if fs::read_to_string(&made_of).is_ok_and(|before| before == sources) {
        return Ok(binary);
    }
    let cargo = |offline: bool| {
        let output = Command::new(cargo_program())
            .args(["build", "--bin", "kata-agent-ctl", "--color", "never"])
            .args(offline.then_some("--offline"))
            .arg("--target-dir")
            .arg(&target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("AGENT_CTL_PROTO_DIR", protos)
            .env("AGENT_CTL_PROTO_PATH", imports)
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
    fs::create_dir_all(&folder).unwrap();
    // In a process of its own: one that another test starts meanwhile would
    // keep a file open that this process writes, and such a file does not run.
    let copied = Command::new("cp")
        .args([&target.join("debug/kata-agent-ctl"), &binary])
        .status();
    assert!(copied.unwrap().success());
    fs::write(made_of, sources).unwrap();
    Ok(binary)
}

fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or("cargo".into())
}

/// A text that changes with everything that a build is made of.
fn fingerprint(protos: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    // Its path names the toolchain.
    cargo_program().hash(&mut hasher);
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in SOURCES {
        hash(&source.join(name), &mut hasher);
    }
    hash(protos, &mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Hashes a file, or everything in a folder. What is not there adds nothing.
fn hash(path: &Path, hasher: &mut DefaultHasher) {
    if let Ok(entries) = fs::read_dir(path) {
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().for_each(|path| hash(path, hasher));
    } else if let Ok(bytes) = fs::read(path) {
        (path, bytes).hash(hasher);
    }
}

/// The arguments, run by the tool that was built from one RPC and one message.
pub(crate) fn one(arguments: &[&str]) -> Tool {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| build("one", &fixture("one")));
    tool(arguments).binary(built.as_ref().unwrap())
}

/// The same, built from the project's protos with one RPC more, as a newer
/// release of the agent may bring it.
pub(crate) fn frobnicate(arguments: &[&str]) -> Tool {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| {
        let folder = target().join("frobnicate-protos");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("protos");
        copy(&own, &folder);
        copy(&fixture("frobnicate"), &folder);

        let path = folder.join("agent.proto");
        let text = fs::read_to_string(&path).unwrap();
        let more = "service AgentService {\n  // Frobnicates the parts.\n  \
                    rpc Frobnicate(FrobnicateRequest) returns (FrobnicateResponse);\n";
        let text = text
            .replacen("import ", "import \"frobnicate.proto\";\nimport ", 1)
            .replacen("service AgentService {\n", more, 1);
        assert!(text.contains("rpc Frobnicate"));
        fs::write(&path, text).unwrap();
        build("frobnicate", &folder)
    });
    tool(arguments).binary(built.as_ref().unwrap())
}

/// The same, built from a service with streaming RPCs.
pub(crate) fn streams(arguments: &[&str]) -> Tool {
    tool(arguments).binary(streams_program())
}

/// The program itself.
pub(crate) fn streams_program() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BINARY.get_or_init(|| build("streams", &fixture("streams")));
    built.as_ref().unwrap()
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
