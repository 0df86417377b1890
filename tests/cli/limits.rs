//! Runs with fewer descriptors than they need: a clear error, and no panic.

use crate::tool::{Output, program, tool};

/// A run by a shell that may open this many files, and has the tool as `$0`.
fn with_files(count: u32, command: &str) -> Output {
    let script = format!("ulimit -n {count}; {command}");
    tool(["-c", &script, program()])
        .binary("/bin/sh".as_ref())
        .run()
}

const TOO_MANY: &str = "too many open files: raise the limit with \"ulimit -n\"\n";

#[cfg(feature = "sim")]
#[test]
fn too_few_descriptors_are_told() {
    // With fewer the program itself cannot be loaded.
    for count in 6..=12 {
        for command in [
            "exec \"$0\" connect -a sim:// -c Check",
            "exec \"$0\" bench -a sim:// -c Check --connections 100 --calls 1",
        ] {
            let output = with_files(count, command);
            let last = output.stderr.lines().last().unwrap_or_default();
            assert!(last.starts_with("error: "), "{count}: {}", output.stderr);
            assert!(
                output.stderr.ends_with(TOO_MANY),
                "{count}: {}",
                output.stderr
            );
            assert_eq!(output.status, 3, "{count}: {}", output.stderr);
        }
    }
    for count in 6..=9 {
        let output = with_files(count, "exec \"$0\" serve --address unix://./agent.sock");
        assert!(
            output.stderr.starts_with("error: cannot "),
            "{count}: {}",
            output.stderr
        );
        assert!(
            output.stderr.ends_with(TOO_MANY),
            "{count}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_standard_input_that_is_closed_is_told() {
    for (arguments, command) in [
        ("--script -", ""),
        ("-i", ""),
        ("-c 'Check file://-'", "Check: "),
    ] {
        let run = format!("exec \"$0\" connect -a sim:// {arguments}");
        let output = tool(["-c", &format!("{run} <&-"), program()])
            .binary("/bin/sh".as_ref())
            .run();
        let error = format!("error: {command}standard input: it is closed\n");
        assert_eq!((output.stderr, output.status), (error, 2), "{arguments}");
    }
    // A script that has nothing in it is none that is missing.
    let run = "exec \"$0\" connect -a sim:// --script - </dev/null";
    tool(["-c", run, program()])
        .binary("/bin/sh".as_ref())
        .test();
}
