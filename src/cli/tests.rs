//! How arguments are read.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input has failed"
)]

use super::*;
use crate::builtin::Times;
use crate::printer::Format;

fn connect(arguments: &[&str]) -> Connect {
    let all = ["kata-agent-ctl", "connect"].iter().chain(arguments);
    match Cli::read(all.map(Into::into)).unwrap().command {
        SubCommand::Connect(connect) => *connect,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn the_definition_is_consistent() {
    command().debug_assert();
}

#[test]
fn flags_take_a_value_or_none() {
    let bare = connect(&["-n", "--hybrid-vsock", "--ignore-errors", "-c", "A"]);
    assert!(bare.no_auto_values && bare.hybrid_vsock && bare.ignore_errors);
    let valued = connect(&["-n", "true", "--hybrid-vsock", "false", "-c", "A"]);
    assert!(valued.no_auto_values && !valued.hybrid_vsock);
}

#[test]
fn short_flags_in_one_word() {
    let flags = |arguments: &[&str]| {
        let read = connect(arguments);
        (read.interactive, read.no_auto_values, read.verbose)
    };
    for (arguments, expected) in [
        (&["-nv"][..], (false, true, true)),
        (&["-vn"], (false, true, true)),
        (&["-vin"], (true, true, true)),
        (&["-vntrue"], (false, true, true)),
        (&["-vnfalse"], (false, false, true)),
        (&["-vn", "false"], (false, false, true)),
        (&["-ntrue"], (false, true, false)),
        (&["-n=false", "-v=true"], (false, false, true)),
        (&["-cnv"], (false, false, false)),
    ] {
        assert_eq!(flags(arguments), expected, "{arguments:?}");
    }
    let read = connect(&["-vojsonl", "-nvcCheck", "-vc", "A", "B", "-nl", "info"]);
    assert_eq!(read.output, Format::Jsonl);
    let commands = ["Check", "A", "B"].map(|name| Source::Command(name.into()));
    assert_eq!(read.sources, commands);

    let error =
        |arguments: &[&str]| one_line(&Cli::read(arguments.iter().map(Into::into)).unwrap_err());
    assert_eq!(
        error(&["t", "connect", "-nx"]),
        "unexpected argument '-x' found"
    );
    assert_eq!(
        error(&["t", "-l", "connect", "connect", "--timeout", "-nv"]),
        "invalid value '-nv' for '--timeout <TIME>': \"-nv\" is not a time: write a number and a \
         unit of ns, us, ms, s, m or h, as in 500ms or 2m"
    );
}

#[test]
fn commands_and_scripts_keep_their_order() {
    let connect = connect(&["-c", "A", "B", "--script", "s", "-c", "C", "--repeat", "-1"]);
    assert_eq!(
        connect.sources,
        [
            Source::Command("A".into()),
            Source::Command("B".into()),
            Source::Script("s".into()),
            Source::Command("C".into())
        ]
    );
    assert_eq!(connect.repeat, Times::Forever);
}

#[test]
fn errors_are_one_line() {
    let read =
        |arguments: &[&str]| one_line(&Cli::read(arguments.iter().map(Into::into)).unwrap_err());
    assert_eq!(
        read(&["kata-agent-ctl", "connect", "--timeout", "x"]),
        "invalid value 'x' for '--timeout <TIME>': \"x\" is not a time: write a number and a \
         unit of ns, us, ms, s, m or h, as in 500ms or 2m"
    );
    assert_eq!(
        read(&["kata-agent-ctl", "describe"]),
        "the following required arguments were not provided: <NAME>"
    );
}
