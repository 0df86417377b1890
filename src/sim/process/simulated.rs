//! Plays programs: nothing of this machine runs. It knows the process that it
//! plays and nothing of containers.

use super::{Program, Runner};

/// What a shell answers for a program that is not there.
const NOT_FOUND: i32 = 127;

/// Starts a program.
pub(super) fn start(program: Program, runner: Runner) {
    tokio::spawn(run(program, runner));
}

async fn run(program: Program, runner: Runner) {
    let name = program.args.first().map_or("", String::as_str);
    let text = format!("{name}: not found\n");
    let errors = match runner.process.has_terminal() {
        true => runner.process.stdout(),
        false => runner.process.stderr(),
    };
    errors.write_all(text.as_bytes()).await;
    runner.finish(NOT_FOUND);
}
