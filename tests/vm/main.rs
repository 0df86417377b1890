//! The tool against a Linux kernel's own vsock: a virtual machine, emulated in
//! software, whose init starts this project's binary as the agent. The host
//! reaches it over hybrid vsock, and clients within it over the loopback of
//! vsock. `make test-vm` runs these tests; where a piece is missing they are
//! skipped.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod calls;
mod capture;
mod copy;
mod ends;
mod guest;
mod reach;
mod shared;
#[expect(dead_code, reason = "tests/cli uses more of it")]
#[path = "../cli/tool.rs"]
mod tool;
