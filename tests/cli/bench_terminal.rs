//! The live line of `bench`, on the terminal of whoever waits for the report.

use std::io::Write;

use nix::sys::signal::Signal;

use crate::terminal::program_at_terminal;
use crate::tool::program;
use crate::wire::{Listener, frame, read_frame};

/// Back to the first column, and the whole line erased (ECMA-48, 8.3.41).
const ERASE: &str = "\r\x1b[2K";

fn agent() -> Listener {
    Listener::start(|_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            if stream.write_all(&frame(stream_id, 2, 0, b"")).is_err() {
                return;
            }
        }
    })
}

/// A load test of an hour with these arguments too.
fn arguments<'a>(address: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let first = ["bench", "--server-address", address, "-c", "Check"];
    let rate = ["--rate", "50", "--duration", "1h"];
    [&first[..], &rate, more].concat()
}

#[test]
fn the_line_tells_how_far_it_is_and_is_gone_before_the_report() {
    let agent = agent();
    let address = agent.address();
    let terminal = program_at_terminal(program(), arguments(&address, &[])).start();
    let screen = terminal.sees(" s of 3600 s  ");
    let line = screen.trim_end();
    for part in [" calls  ", "/s  p50 ", "  p99 ", " errors"] {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }
    assert!(line.ends_with(" 0 errors"), "{line:?}");
    // It is drawn over in place.
    terminal.gets_times(ERASE, 3);
    terminal.signal(Signal::SIGINT);
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(130));
    // It is erased in the end.
    let (live, report) = bytes.rsplit_once(ERASE).unwrap();
    assert!(!live.contains('\n'), "{live:?}");
    assert!(live.matches(ERASE).count() >= 3, "{live:?}");
    let begins = format!("agent        {address}\r\n");
    assert!(report.starts_with(&begins), "{report:?}");
    assert!(report.ends_with("error: interrupted\r\n"), "{report:?}");
}

#[test]
fn the_line_fits_the_terminal_and_warming_up_is_told() {
    let agent = agent();
    let address = agent.address();
    let warming = arguments(&address, &["--warmup", "1h"]);
    let terminal = program_at_terminal(program(), warming).size(10, 24).start();
    let screen = terminal.sees("warming up, 3600 s more");
    assert_eq!(screen.trim_end(), "warming up, 3600 s more");
    terminal.signal(Signal::SIGTERM);
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(130));
    assert!(bytes.contains(ERASE));

    let narrow = program_at_terminal(program(), arguments(&address, &[])).size(10, 21);
    let terminal = narrow.start();
    let screen = terminal.sees(" s of 3600 s  ");
    assert_eq!(screen.trim_end().lines().count(), 1, "{screen:?}");
    assert!(screen.trim_end().len() <= 21, "{screen:?}");
    terminal.signal(Signal::SIGINT);
    terminal.end();
}

#[test]
fn elsewhere_there_is_no_line() {
    let agent = agent();
    let address = agent.address();
    crate::tool::tool(["bench", "--server-address", &address, "-c", "Check"])
        .arguments(["--calls", "50", "--rate", "100", "-o", "csv"])
        .run()
        .succeeded();
}
