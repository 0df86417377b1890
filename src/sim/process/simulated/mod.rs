//! Plays programs: nothing of this machine runs. A process is one task here, in
//! which a small shell and a few programs write to its streams; dropping what
//! is being played is how a signal ends it. Nothing of containers is known.

mod control;
mod environment;
mod printf;
mod programs;
mod shell;
mod streams;
mod terminal;
#[cfg(test)]
mod tests;
mod texts;
mod waiting;

use std::pin::pin;
use std::sync::Arc;

use super::events::bit;
use super::{Event, Pipe, Program, Runner, SIGKILL};

use control::{Action, Control, SIGCONT, SIGWINCH};
use programs::Place;
use streams::{Input, Io, Output, SIGPIPE};

/// Starts a program.
pub(super) fn start(program: Program, runner: Runner) {
    tokio::spawn(async move {
        let status = play(program, &runner).await;
        runner.finish(status);
    });
}

async fn play(program: Program, runner: &Runner) -> i32 {
    let process = &runner.process;
    let control = Arc::new(Control::of(process));
    let typed = Pipe::default();
    let io = match process.has_terminal() {
        true => Io {
            input: Input::Terminal(typed.clone()),
            output: Output::Terminal(process.stdout().clone()),
            errors: Output::Terminal(process.stdout().clone()),
        },
        false => Io {
            input: Input::Pipe(process.stdin().clone()),
            output: Output::Pipe(process.stdout().clone()),
            errors: Output::Pipe(process.stderr().clone()),
        },
    };
    let place = Place::new(control.clone(), &program);
    let mut played = pin!(programs::run(&program.args, &place, &io));
    let mut typing = pin!(terminal::type_in(process, &typed));
    let mut typing_goes_on = process.has_terminal();
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
                if happened.size.is_some() {
                    process.send(Event::Signal(SIGWINCH));
                }
                if happened.signals & bit(SIGKILL) != 0 {
                    return 128 + SIGKILL;
                }
                for signal in happened.numbers() {
                    stopped &= signal != SIGCONT;
                    match control.action(signal) {
                        Action::End => return 128 + signal,
                        Action::Stop => stopped = true,
                        Action::Handle => control.arrive(signal),
                        Action::Ignore => {}
                    }
                }
            }
            ended = &mut played, if !frozen && !stopped => {
                return ended.unwrap_or(128 + SIGPIPE);
            }
            () = &mut typing, if typing_goes_on => typing_goes_on = false,
        }
    }
}
