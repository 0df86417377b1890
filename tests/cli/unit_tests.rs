//! The unit tests of a runtime that the page on the simulated agent shows, in Rust
//! and in Go.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use tempfile::TempDir;
use test_support::{is_installed, skip};

use crate::tool::program;

/// The one in Rust.
mod agent {
    use crate::tool::program;

    include!("../examples/agent.rs");
}

const PAGE: &str = include_str!("../../docs/simulated-agent.md");
const RUST: &str = include_str!("../examples/agent.rs");
const GO: &str = include_str!("../examples/agent_test.go");

/// Where Debian has the sources of Go's packages.
const PACKAGES: &str = "/usr/share/gocode";

#[test]
fn the_page_shows_them() {
    let rust = RUST.replace("program()", "\"kata-agent-ctl\"");
    assert!(PAGE.contains(&format!("```rust test\n{rust}```\n")));
    assert!(PAGE.contains(&format!("```go\n{GO}```\n")));
}

#[test]
fn the_one_in_go() {
    if !is_installed("go") {
        return;
    }
    let ttrpc = Path::new(PACKAGES).join("src/github.com/containerd/ttrpc");
    if !ttrpc.exists() {
        return skip("Go's package of containerd's ttrpc is not installed");
    }
    let folder = TempDir::with_prefix("go").unwrap();
    let package = folder.path().join("src/runtime");
    fs::create_dir_all(&package).unwrap();
    // Before its version 1.2 the messages are those of another package.
    let codec = fs::read_to_string(ttrpc.join("codec.go")).unwrap();
    let mut text = GO.to_owned();
    if codec.contains("gogo/protobuf") {
        for name in ["emptypb", "wrapperspb"] {
            let new = format!("\"google.golang.org/protobuf/types/known/{name}\"");
            let old = format!("{name} \"github.com/gogo/protobuf/types\"");
            text = text.replace(&new, &old);
        }
    }
    fs::write(package.join("agent_test.go"), text).unwrap();
    let programs = folder.path().join("bin");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(program(), programs.join("kata-agent-ctl")).unwrap();
    let path = env::var("PATH").unwrap_or_default();
    let tested = Command::new("go")
        .args(["test", "-count=1", "-v"])
        .current_dir(&package)
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "")
        .env("GOPATH", format!("{}:{PACKAGES}", folder.path().display()))
        .env("GOCACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/go"))
        .env("PATH", format!("{}:{path}", programs.display()))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&tested.stdout);
    let errors = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{text}{errors}");
    assert!(text.contains("--- PASS: TestCheckIsTriedAgain"), "{text}");
}
