//! Lines of standard input, which change a served agent while it runs. They
//! are read on a thread of their own; what a line means is not known here.

use std::io::{self, BufRead, IsTerminal, Read};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{getpgrp, tcgetpgrp};

use crate::log::say;

/// The longest line, in bytes: a request's largest message as JSON is shorter.
const LONGEST: u64 = 16 << 20;

/// How long to wait before it is looked again whether this is the job in the
/// terminal's foreground.
const PAUSE: Duration = Duration::from_millis(500);

/// Gives each line of standard input to `obey`, and shows on standard error
/// what it returns. A terminal is read only in the foreground, as a job behind
/// it would be stopped. The end of the input ends nothing.
///
/// # Errors
/// When no thread can be made.
pub(super) fn listen(
    mut obey: impl FnMut(&str) -> Result<Option<String>, String> + Send + 'static,
) -> io::Result<()> {
    thread::Builder::new()
        .name("standard-input".to_owned())
        .spawn(move || {
            // A read from behind is then refused, and does not stop the process.
            let mut stop = SigSet::empty();
            stop.add(Signal::SIGTTIN);
            if stop.thread_block().is_ok() {
                read(&mut obey);
            }
        })?;
    Ok(())
}

fn read(obey: &mut impl FnMut(&str) -> Result<Option<String>, String>) {
    let mut input = io::stdin().lock();
    let terminal = input.is_terminal();
    let mut line = Vec::new();
    loop {
        if terminal && !in_foreground() {
            thread::sleep(PAUSE);
            continue;
        }
        match input.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) if line.is_empty() => return,
            Ok(_) => {}
            // It went behind while it was read.
            Err(_) if terminal && !in_foreground() => continue,
            // There is nothing to read any more, as after a terminal has gone.
            Err(_) => return,
        }
        let ended = line.ends_with(b"\n");
        if !ended && line.len() as u64 >= LONGEST {
            say("error: standard input: a line is longer than 16 MiB; it is read no more");
            return;
        }
        let said = match std::str::from_utf8(&line) {
            Ok(text) => obey(text.trim_end_matches(['\n', '\r'])),
            Err(_) => Err("the line is not UTF-8 text".to_owned()),
        };
        match said {
            Ok(None) => {}
            Ok(Some(text)) => say(text),
            Err(reason) => say(format_args!("error: standard input: {reason}")),
        }
        line.clear();
    }
}

fn in_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}
