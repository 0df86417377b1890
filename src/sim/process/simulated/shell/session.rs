//! A shell that reads its commands from its standard input: line by line, and
//! on a terminal with a prompt and keys that interrupt.

use super::flow::Flow;
use super::parse::Parser;
use super::syntax::{Item, Problem};
use super::{SCRIPT_LIMIT, SYNTAX_ERROR, Shell};
use crate::sim::process::simulated::control::{Action, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use crate::sim::process::simulated::programs::Ended;
use crate::sim::process::simulated::streams::{Broken, Input, Io};

/// What asks for a command, as the superuser sees it.
const PROMPT: &str = "# ";

/// What asks for the rest of one.
const MORE: &str = "> ";

/// What became of waiting for a line.
enum Line {
    Text(String),
    End,
    Interrupted,
}

impl Shell {
    /// Runs what is read until it ends.
    pub(super) async fn commands_of_input(&mut self, io: &Io, interactive: bool) -> Ended {
        let interactive = interactive || matches!(io.input, Input::Terminal(_));
        if interactive {
            let control = &self.place.control;
            control.choose(SIGINT, Action::Handle);
            for signal in [SIGTERM, SIGQUIT, SIGTSTP] {
                control.choose(signal, Action::Ignore);
            }
        }
        let mut text = String::new();
        loop {
            if interactive {
                let prompt = if text.is_empty() { PROMPT } else { MORE };
                io.errors.write(prompt.as_bytes()).await?;
            }
            match self.line(io).await {
                Line::Text(line) => text.push_str(&line),
                Line::Interrupted => {
                    if self.interrupted(io, interactive).await? == Flow::Exit {
                        break;
                    }
                    if interactive {
                        text.clear();
                    }
                    continue;
                }
                Line::End => {
                    if !text.is_empty() {
                        self.syntax_error(&Problem::Incomplete.to_string(), io)
                            .await;
                    }
                    break;
                }
            }
            if text.len() > SCRIPT_LIMIT {
                self.syntax_error("the command is too long", io).await;
                break;
            }
            match all(&text) {
                Ok(items) => {
                    text.clear();
                    if self.run(&items, io, interactive).await? == Flow::Exit {
                        break;
                    }
                }
                Err(Problem::Incomplete) => {}
                Err(problem) => {
                    text.clear();
                    self.syntax_error(&problem.to_string(), io).await;
                    self.status = SYNTAX_ERROR;
                    if !interactive {
                        break;
                    }
                }
            }
        }
        self.leave(io).await;
        Ok(self.status)
    }

    async fn line(&mut self, io: &Io) -> Line {
        let control = self.place.control.clone();
        tokio::select! {
            biased;
            () = control.arrival() => Line::Interrupted,
            line = io.input.line(SCRIPT_LIMIT + 1) => match line {
                Some(line) => Line::Text(String::from_utf8_lossy(&line).into_owned()),
                None => Line::End,
            },
        }
    }

    /// Runs command lines; Ctrl-C gives them up.
    async fn run(&mut self, items: &[Item], io: &Io, interactive: bool) -> Result<Flow, Broken> {
        if !interactive || self.traps.contains_key(&SIGINT) {
            return Ok(self.list(items, io).await);
        }
        let control = self.place.control.clone();
        let (depth, loops) = (self.place.depth, self.loops);
        let flow = tokio::select! {
            biased;
            () = control.arrival() => None,
            flow = self.list(items, io) => Some(flow),
        };
        match flow {
            Some(flow) => Ok(flow),
            None => {
                (self.place.depth, self.loops) = (depth, loops);
                self.interrupted(io, true).await
            }
        }
    }

    async fn interrupted(&mut self, io: &Io, interactive: bool) -> Result<Flow, Broken> {
        while let Some(signal) = self.place.control.take() {
            match self.traps.get(&signal).cloned() {
                Some(script) => {
                    if self.script(&script, io).await == Flow::Exit {
                        return Ok(Flow::Exit);
                    }
                }
                None => self.status = 128 + signal,
            }
        }
        if interactive {
            io.errors.write(b"\n").await?;
        }
        Ok(Flow::Next)
    }
}

/// The command lines of a text.
fn all(text: &str) -> Result<Vec<Item>, Problem> {
    let mut parser = Parser::new(text);
    let mut items = Vec::new();
    while let Some(item) = parser.next()? {
        items.push(item);
    }
    Ok(items)
}
