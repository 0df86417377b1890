//! Runs what a script is made of. Blocks within blocks are bounded, and each
//! command lets others have a turn, so that no script keeps the agent busy or
//! overflows its stack.

use std::pin::Pin;

use super::Shell;
use super::flow::Flow;
use super::jobs::Jobs;
use super::syntax::{Command, Item, Kind, Link, Pipeline};
use crate::sim::process::simulated::control::{self, Action};
use crate::sim::process::simulated::programs::MAX_DEPTH;
use crate::sim::process::simulated::streams::{Broken, Input, Io, SIGPIPE};

type Running<'a> = Pin<Box<dyn Future<Output = Flow> + Send + 'a>>;

impl Shell {
    /// The same shell once more: what happens in it changes nothing here.
    pub(super) fn subshell(&self) -> Shell {
        let mut shell = self.clone();
        shell.place.depth += 1;
        shell.jobs = Jobs::default();
        shell.traps.clear();
        shell.loops = 0;
        shell
    }

    /// Runs command lines to the end of this shell, and gives its status.
    pub(super) async fn run_alone(&mut self, items: &[Item], io: &Io) -> i32 {
        let jobs = self.jobs.clone();
        jobs.beside(self.list(items, io)).await;
        Box::pin(self.leave(io)).await;
        self.status
    }

    /// Runs command lines.
    pub(super) fn list<'a>(&'a mut self, items: &'a [Item], io: &'a Io) -> Running<'a> {
        Box::pin(async move {
            if self.place.depth > MAX_DEPTH {
                return self
                    .syntax_error("too many blocks run one another", io)
                    .await;
            }
            self.place.depth += 1;
            let mut flow = Flow::Next;
            for item in items {
                flow = match item.background {
                    true => self.start_job(item, io).await,
                    false => self.item(item, io).await,
                };
                if flow == Flow::Next {
                    flow = self.run_traps(io).await;
                }
                if flow != Flow::Next {
                    break;
                }
            }
            self.place.depth -= 1;
            flow
        })
    }

    async fn start_job(&mut self, item: &Item, io: &Io) -> Flow {
        let mut shell = self.subshell();
        let item = Item {
            background: false,
            ..item.clone()
        };
        let io_of_job = Io {
            input: Input::Null,
            ..io.clone()
        };
        let id = control::next_id();
        let job = async move { shell.run_alone(&[item], &io_of_job).await };
        if !self.jobs.add(id, Box::pin(job)) {
            return self.syntax_error("too many jobs", io).await;
        }
        self.last_job = Some(id);
        self.status = 0;
        Flow::Next
    }

    /// Runs the scripts of signals that came.
    async fn run_traps(&mut self, io: &Io) -> Flow {
        if self.in_trap {
            return Flow::Next;
        }
        while let Some(signal) = self.place.control.take() {
            let Some(script) = self.traps.get(&signal).cloned() else {
                continue;
            };
            let status = self.status;
            self.in_trap = true;
            let flow = self.script(&script, io).await;
            self.in_trap = false;
            if flow != Flow::Next {
                return flow;
            }
            self.status = status;
        }
        Flow::Next
    }

    async fn item(&mut self, item: &Item, io: &Io) -> Flow {
        for (place, (link, pipeline)) in item.pipelines.iter().enumerate() {
            let runs = match link {
                Link::Always => true,
                Link::And => self.status == 0,
                Link::Or => self.status != 0,
            };
            if !runs {
                continue;
            }
            let flow = self.pipeline(pipeline, io).await;
            if flow != Flow::Next {
                return flow;
            }
            let is_last = place + 1 == item.pipelines.len();
            if self.strict && is_last && self.status != 0 && !pipeline.negated {
                return Flow::Exit;
            }
        }
        Flow::Next
    }

    async fn pipeline(&mut self, pipeline: &Pipeline, io: &Io) -> Flow {
        let flow = match pipeline.commands.as_slice() {
            [command] => self.command(command, io).await,
            commands => {
                self.status = self.piped(commands, io).await;
                Flow::Next
            }
        };
        if pipeline.negated && flow == Flow::Next {
            self.status = i32::from(self.status == 0);
        }
        flow
    }

    pub(super) async fn command(&mut self, command: &Command, io: &Io) -> Flow {
        // Whatever a command does, others have their turn before it.
        tokio::task::yield_now().await;
        let io = match self.redirected(&command.redirects, io).await {
            Ok(Some(io)) => io,
            Ok(None) => {
                self.status = 1;
                return Flow::Next;
            }
            Err(Broken) => return self.broken(),
        };
        match &command.kind {
            Kind::Simple { assignments, words } => {
                let flow = self.simple(assignments, words, &io).await;
                flow.unwrap_or_else(|Broken| self.broken())
            }
            Kind::Group(items) => self.list(items, &io).await,
            Kind::Subshell(items) => {
                let mut shell = self.subshell();
                self.status = Box::pin(shell.run_alone(items, &io)).await;
                Flow::Next
            }
            Kind::If {
                branches,
                otherwise,
            } => self.branch(branches, otherwise, &io).await,
            Kind::While {
                until,
                condition,
                body,
            } => {
                self.loops += 1;
                let flow = self.repeat(*until, condition, body, &io).await;
                self.loops -= 1;
                flow
            }
            Kind::For { name, words, body } => {
                let words = match words {
                    Some(words) => self.words(words, &io).await,
                    None => Ok(self.arguments.clone()),
                };
                let Ok(words) = words else {
                    return self.syntax_error("the words are too long", &io).await;
                };
                self.loops += 1;
                let flow = self.each(name, words, body, &io).await;
                self.loops -= 1;
                flow
            }
        }
    }

    fn broken(&mut self) -> Flow {
        self.status = 128 + SIGPIPE;
        match self.place.control.action(SIGPIPE) {
            Action::End => Flow::Exit,
            _ => Flow::Next,
        }
    }
}
