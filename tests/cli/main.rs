//! The real binary, run as a user runs it: arguments and standard input in,
//! standard output, standard error and exit status out. One module per area.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod address;
mod again;
mod automatic;
mod bench;
mod bench_terminal;
#[cfg(feature = "tap")]
mod between;
#[cfg(feature = "tap")]
mod browser;
mod builds;
mod bundle;
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
mod docs;
mod every_rpc;
mod examples;
mod faults;
mod foreign;
mod guest;
mod help;
mod hostile;
mod image;
mod inputs;
mod interrupts;
mod life;
mod limits;
mod list_describe;
mod long_waits;
mod many_clients;
mod memory;
mod mistakes;
mod never;
#[cfg(feature = "node")]
mod node;
mod odd_files;
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
mod run_processes;
mod scenarios;
mod sent;
mod served;
mod shells;
mod shim;
mod slow_log;
mod slow_reader;
mod standard_output;
mod status;
mod streams;
mod terminal;
mod terminal_safety;
mod tool;
mod unit_tests;
mod version_skew;
mod wild_json;
mod wire;
#[cfg(feature = "tap")]
mod wireshark;
