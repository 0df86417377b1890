//! Runs the commands of a pipe side by side, each in a shell of its own, and
//! joins their streams.

use std::task::Poll;

use super::Shell;
use super::syntax::Command;
use crate::sim::process::Pipe;
use crate::sim::process::simulated::streams::{Input, Io, Output};

impl Shell {
    /// Runs commands side by side, and gives the status of the last one.
    pub(super) async fn piped(&mut self, commands: &[Command], io: &Io) -> i32 {
        let mut input = io.input.clone();
        let mut stages = Vec::new();
        for (place, command) in commands.iter().enumerate() {
            let output = match place + 1 == commands.len() {
                true => io.output.clone(),
                false => Output::Pipe(Pipe::default()),
            };
            let io = Io {
                input: input.clone(),
                output: output.clone(),
                errors: io.errors.clone(),
            };
            input = match &output {
                Output::Pipe(pipe) => Input::Pipe(pipe.clone()),
                _ => Input::Null,
            };
            let is_first = place == 0;
            let is_last = place + 1 == commands.len();
            let mut shell = self.subshell();
            stages.push(Box::pin(async move {
                let jobs = shell.jobs.clone();
                jobs.beside(shell.command(command, &io)).await;
                if let (Input::Pipe(pipe), false) = (&io.input, is_first) {
                    pipe.abandon();
                }
                if let (Output::Pipe(pipe), false) = (&io.output, is_last) {
                    pipe.end();
                }
                shell.status
            }));
        }
        let mut last = 0;
        let count = stages.len();
        let mut stages: Vec<_> = stages.into_iter().map(Some).collect();
        std::future::poll_fn(|context| {
            let mut running = false;
            for (place, slot) in stages.iter_mut().enumerate() {
                let Some(stage) = slot else { continue };
                match stage.as_mut().poll(context) {
                    Poll::Ready(status) => {
                        *slot = None;
                        if place + 1 == count {
                            last = status;
                        }
                    }
                    Poll::Pending => running = true,
                }
            }
            match running {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }
        })
        .await;
        last
    }
}
