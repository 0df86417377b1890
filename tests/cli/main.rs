//! The real binary, run as a user runs it: arguments and standard input in,
//! standard output, standard error and exit status out. One module per area.

#![cfg_attr(
    not(all(feature = "sim", feature = "tap")),
    allow(
        dead_code,
        unused_imports,
        reason = "tests of features that are not there use it"
    )
)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod address;
mod again;
mod automatic;
#[cfg(feature = "load")]
mod bench;
#[cfg(feature = "load")]
mod bench_terminal;
#[cfg(feature = "tap")]
mod between;
#[cfg(feature = "tap")]
mod browser;
mod builds;
mod bundle;
#[cfg(feature = "sim")]
mod ci_job;
mod command;
mod compatibility;
mod completions;
mod connection;
mod console;
mod convenience_levels;
mod conveniences;
mod copy;
mod copy_mistakes;
mod copy_sending;
#[cfg(feature = "sim")]
mod docs;
mod every_rpc;
mod examples;
#[cfg(feature = "sim")]
mod faults;
mod foreign;
#[cfg(feature = "sim")]
mod guest;
#[cfg(feature = "sim")]
mod help;
mod hostile;
#[cfg(feature = "image")]
mod image;
mod inputs;
mod interrupts;
#[cfg(feature = "sim")]
mod life;
mod limits;
mod list_describe;
#[cfg(feature = "sim")]
mod long_waits;
#[cfg(feature = "sim")]
mod many_clients;
#[cfg(feature = "sim")]
mod memory;
mod mistakes;
#[cfg(feature = "sim")]
mod never;
#[cfg(feature = "node")]
mod node;
mod odd_files;
#[cfg(feature = "sim")]
mod other_protos;
mod output;
#[cfg(feature = "policy")]
mod policy;
mod prompt;
mod prompt_editing;
mod prompt_input;
#[cfg(feature = "tap")]
mod proxy;
#[cfg(feature = "tap")]
mod recorded_answers;
#[cfg(feature = "tap")]
mod recording_page;
#[cfg(feature = "tap")]
mod recordings;
mod run;
#[cfg(feature = "sim")]
mod run_processes;
#[cfg(feature = "sim")]
mod scenarios;
mod sent;
mod served;
mod shells;
#[cfg(feature = "sim")]
mod shim;
#[cfg(feature = "sim")]
mod slow_log;
mod slow_reader;
mod standard_output;
mod status;
mod streams;
mod terminal;
mod terminal_safety;
mod tool;
#[cfg(feature = "sim")]
mod unit_tests;
mod version_skew;
mod wild_json;
mod wire;
#[cfg(feature = "tap")]
mod wireshark;
