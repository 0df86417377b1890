//! What must hold for any input. Each target is one function over bytes that
//! panics where a property does not hold; the fuzzers in `fuzz/` call it with
//! what they think up, and the tests here with what is kept in `fuzz/corpus`
//! and `fuzz/found`. It knows no RPC or message by name.

#![forbid(unsafe_code)]
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a property that does not hold is told by a panic"
)]

mod address;
mod check;
mod command;
mod document;
mod faults;
mod frames;
mod input;
mod oci;
mod policy;
mod print;
mod proto;
pub mod random;
mod setter;
pub mod setters;
pub mod text;

pub use check::{Again, json_again};
pub use input::{MESSAGE_END, schemas};

/// One of the things that are fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of the fuzzer and of the folders with inputs.
    pub name: &'static str,
    /// Panics if something does not hold for this input.
    pub run: fn(&[u8]),
}

/// Every target, sorted by name.
pub const TARGETS: &[Target] = &[
    Target {
        name: "address",
        run: address::run,
    },
    Target {
        name: "command",
        run: command::run,
    },
    Target {
        name: "document",
        run: document::run,
    },
    Target {
        name: "faults",
        run: faults::run,
    },
    Target {
        name: "frames",
        run: frames::run,
    },
    Target {
        name: "oci",
        run: oci::run,
    },
    Target {
        name: "policy",
        run: policy::run,
    },
    Target {
        name: "print",
        run: print::run,
    },
    Target {
        name: "proto",
        run: proto::run,
    },
    Target {
        name: "setter",
        run: setter::run,
    },
];

/// Runs the target of this name.
///
/// # Panics
/// When there is none, and when a property does not hold for the input.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.unwrap_or_else(|| panic!("no target {name}"));
    (target.run)(data);
}
