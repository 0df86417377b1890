//! Plays programs: nothing of this machine runs. A process is one task, in which
//! a known program reads and writes its streams; a program that is not known
//! runs until a signal ends it. Dropping what is played is how a signal ends it.

mod programs;
mod shell;
#[cfg(test)]
mod tests;

use std::pin::pin;
use std::sync::atomic::Ordering;

use nix::libc::{
    EACCES, SIGCHLD, SIGCONT, SIGINT, SIGSTOP, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH,
};

use super::events::bit;
use super::{Program, Runner, SIGKILL};

use programs::Io;

pub(super) use programs::is_pause;

/// Starts a program.
pub(super) fn start(program: Program, runner: Runner) {
    if program.is_refused {
        // The agent finds out when it has told that it is ready.
        return runner.finish(EACCES);
    }
    // A pod's own program ends with status 0 when it is told to go.
    let handled = match program.args.first().is_some_and(|name| is_pause(name)) {
        true => bit(SIGINT) | bit(SIGTERM),
        false => 0,
    };
    let inner = &runner.process.inner;
    inner.handled.store(handled, Ordering::Relaxed);
    tokio::spawn(async move {
        let status = play(&program, handled, &runner).await;
        runner.finish(status);
    });
}

async fn play(program: &Program, handled: u64, runner: &Runner) -> i32 {
    let io = Io::of(&runner.process);
    let mut played = pin!(programs::run(&program.args, &program.env, &io, 0));
    let (mut frozen, mut stopped) = (false, false);
    loop {
        let signals = match (frozen, stopped) {
            (true, _) => bit(SIGKILL),
            (false, true) => bit(SIGKILL) | bit(SIGCONT),
            (false, false) => u64::MAX,
        };
        tokio::select! {
            biased;
            happened = runner.event(signals) => {
                frozen = happened.frozen.unwrap_or(frozen);
                if let Some(status) = happened.exit {
                    return status;
                }
                if happened.signals & bit(SIGKILL) != 0 {
                    return 128 + SIGKILL;
                }
                for signal in happened.numbers() {
                    stopped &= signal != SIGCONT;
                    match signal {
                        _ if handled & bit(signal) != 0 => return 0,
                        SIGCHLD | SIGCONT | SIGURG | SIGWINCH => {}
                        SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU => stopped = true,
                        _ => return 128 + signal,
                    }
                }
            }
            status = &mut played, if !frozen && !stopped => return status,
        }
    }
}
