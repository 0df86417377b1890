//! How arguments are read.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input has failed"
)]

use super::*;
use crate::builtin::Times;

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
