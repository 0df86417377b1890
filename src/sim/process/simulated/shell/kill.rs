//! The parts of a shell that concern signals: `kill`, `trap` and `wait`.

use std::str::FromStr;

use nix::sys::signal::Signal;

use super::Shell;
use super::flow::Flow;
use crate::sim::process::simulated::control::Action;
use crate::sim::process::simulated::streams::{Broken, Io};

/// The signal of a name or a number; 0 stands for the end of a shell, and for a
/// question whether a process is there.
fn signal(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse() {
        return (0..=64).contains(&number).then_some(number);
    }
    let name = text.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    match name {
        "EXIT" => Some(0),
        name => Some(Signal::from_str(&format!("SIG{name}")).ok()? as i32),
    }
}

impl Shell {
    /// `kill [-SIGNAL] NUMBER...`
    pub(super) async fn kill(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        let (asked, args) = match args {
            [option, asked, rest @ ..] if option == "-s" => (asked.as_str(), rest),
            [option, rest @ ..] if option.starts_with('-') => {
                (option.trim_start_matches('-'), rest)
            }
            args => ("TERM", args),
        };
        self.status = 0;
        let Some(signal) = signal(asked) else {
            self.status = self
                .complain(&format!("kill: {asked}: invalid signal specification"), io)
                .await?;
            return Ok(Flow::Next);
        };
        for arg in args {
            let number = arg.parse().ok();
            match number {
                // Its own group, too, has nobody else in it who would end by a signal.
                Some(0) => {}
                Some(number) if number == self.id => {
                    let ends = match signal {
                        0 => None,
                        signal => self.place.control.raise(signal).await,
                    };
                    if let Some(status) = ends {
                        self.status = status;
                        return Ok(Flow::Exit);
                    }
                    continue;
                }
                Some(number) if signal == 0 && self.jobs.has(number) => continue,
                Some(number) if self.jobs.end(number) => continue,
                _ => {
                    let text = format!("kill: ({arg}) - No such process");
                    self.status = self.complain(&text, io).await?;
                }
            }
        }
        Ok(Flow::Next)
    }

    /// `trap [SCRIPT SIGNAL...]`
    pub(super) async fn trap(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        let args = match args {
            [first, rest @ ..] if first == "--" => rest,
            args => args,
        };
        self.status = 0;
        let (script, signals) = match args {
            [] => return Ok(Flow::Next),
            [only] => (Some("-"), std::slice::from_ref(only)),
            [script, signals @ ..] => (Some(script.as_str()), signals),
        };
        for name in signals {
            let Some(signal) = signal(name) else {
                let text = format!("trap: {name}: invalid signal specification");
                self.status = self.complain(&text, io).await?;
                continue;
            };
            let action = match script {
                Some("") => Action::Ignore,
                Some("-") | None => Action::End,
                Some(script) => {
                    self.traps.insert(signal, script.to_owned());
                    Action::Handle
                }
            };
            if action != Action::Handle {
                self.traps.remove(&signal);
            }
            self.place.control.choose(signal, action);
        }
        Ok(Flow::Next)
    }

    /// `wait [NUMBER...]`, until a signal comes that is handled.
    pub(super) async fn wait(&mut self, args: &[String]) -> Flow {
        self.status = 0;
        let mut asked: Vec<_> = args.iter().map(|arg| arg.parse::<u32>().ok()).collect();
        if asked.is_empty() {
            asked.push(None);
        }
        let control = self.place.control.clone();
        for id in asked {
            tokio::select! {
                biased;
                () = control.arrival() => {
                    self.status = 128;
                    return Flow::Next;
                }
                () = self.jobs.ended(id) => {}
            }
        }
        Flow::Next
    }
}
