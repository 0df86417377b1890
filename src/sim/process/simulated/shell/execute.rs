//! Runs what a script is made of. Blocks within blocks are bounded, and each
//! command lets others have a turn, so that no script keeps the agent busy or
//! overflows its stack.

use std::pin::Pin;

use super::Shell;
use super::expand::TooLong;
use super::jobs::Jobs;
use super::syntax::{Command, Item, Kind, Link, Pipeline, Redirect, Target, Word};
use crate::sim::process::Pipe;
use crate::sim::process::simulated::control::Action;
use crate::sim::process::simulated::programs::{Ended, MAX_DEPTH};
use crate::sim::process::simulated::streams::{Broken, Input, Io, Output, SIGPIPE};
use crate::sim::process::simulated::{control, programs};

/// What is to be done after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one.
    Next,
    /// The shell ends.
    Exit,
    /// So many loops end.
    Break(u32),
    /// The last of so many loops begins its next round.
    Continue(u32),
}

impl Flow {
    /// What a loop makes of what its body says: None to go on.
    fn leaves(self) -> Option<Flow> {
        match self {
            Flow::Next | Flow::Continue(0 | 1) => None,
            Flow::Break(0 | 1) => Some(Flow::Next),
            Flow::Break(loops) => Some(Flow::Break(loops - 1)),
            Flow::Continue(loops) => Some(Flow::Continue(loops - 1)),
            Flow::Exit => Some(Flow::Exit),
        }
    }
}

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

    /// Runs commands side by side, and gives the status of the last one.
    async fn piped(&mut self, commands: &[Command], io: &Io) -> i32 {
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
                    std::task::Poll::Ready(status) => {
                        *slot = None;
                        if place + 1 == count {
                            last = status;
                        }
                    }
                    std::task::Poll::Pending => running = true,
                }
            }
            match running {
                true => std::task::Poll::Pending,
                false => std::task::Poll::Ready(()),
            }
        })
        .await;
        last
    }

    async fn command(&mut self, command: &Command, io: &Io) -> Flow {
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

    async fn branch(
        &mut self,
        branches: &[(Vec<Item>, Vec<Item>)],
        otherwise: &[Item],
        io: &Io,
    ) -> Flow {
        for (condition, body) in branches {
            let flow = self.condition(condition, io).await;
            if flow != Flow::Next {
                return flow;
            }
            if self.status == 0 {
                return self.list(body, io).await;
            }
        }
        self.status = 0;
        self.list(otherwise, io).await
    }

    /// Runs commands whose failure says something.
    async fn condition(&mut self, items: &[Item], io: &Io) -> Flow {
        let strict = std::mem::take(&mut self.strict);
        let flow = self.list(items, io).await;
        self.strict = strict;
        flow
    }

    async fn repeat(&mut self, until: bool, condition: &[Item], body: &[Item], io: &Io) -> Flow {
        let mut status = 0;
        loop {
            let flow = self.condition(condition, io).await;
            if let Some(flow) = flow.leaves() {
                return flow;
            }
            if (self.status == 0) == until {
                self.status = status;
                return Flow::Next;
            }
            if let Some(flow) = self.list(body, io).await.leaves() {
                return flow;
            }
            status = self.status;
        }
    }

    async fn each(&mut self, name: &str, words: Vec<String>, body: &[Item], io: &Io) -> Flow {
        self.status = 0;
        for word in words {
            if self.variables.set(name, word).is_err() {
                return self.syntax_error("the variables are too long", io).await;
            }
            if let Some(flow) = self.list(body, io).await.leaves() {
                return flow;
            }
        }
        Flow::Next
    }

    async fn simple(
        &mut self,
        assignments: &[(String, Word)],
        words: &[Word],
        io: &Io,
    ) -> Result<Flow, Broken> {
        let Ok(words) = self.words(words, io).await else {
            return Ok(self.too_long(io).await);
        };
        let mut given = Vec::new();
        // Without a command, the status is that of what was expanded.
        if !assignments.is_empty() && words.is_empty() {
            self.status = 0;
        }
        for (name, word) in assignments {
            match self.text(word, io).await {
                Ok(value) => given.push((name, value)),
                Err(TooLong) => return Ok(self.too_long(io).await),
            }
        }
        let Some(name) = words.first() else {
            for (name, value) in given {
                if self.variables.set(name, value).is_err() {
                    return Ok(self.too_long(io).await);
                }
            }
            return Ok(Flow::Next);
        };
        if let Some(flow) = self.built_in(name, &words, io).await? {
            return Ok(flow);
        }
        self.status = self.program(&words, &given, io).await?;
        Ok(Flow::Next)
    }

    async fn too_long(&mut self, io: &Io) -> Flow {
        self.syntax_error("the words or values are too long", io)
            .await
    }

    /// Runs a program with these variables on top.
    pub(super) async fn program(
        &mut self,
        words: &[String],
        given: &[(&String, String)],
        io: &Io,
    ) -> Ended {
        let mut place = self.place.clone();
        place.env = self.variables.env();
        for (name, value) in given {
            place.env.retain(|(known, _)| known != *name);
            place.env.push(((*name).clone(), value.clone()));
        }
        match words.first() {
            Some(name) if !programs::is_known(name) => {
                self.complain(&format!("{name}: not found"), io).await?;
                Ok(crate::sim::process::NOT_FOUND)
            }
            _ => programs::run(words, &place, io).await,
        }
    }

    /// The streams of a command. `None` if one cannot be had.
    async fn redirected(&mut self, redirects: &[Redirect], io: &Io) -> Result<Option<Io>, Broken> {
        let mut io = io.clone();
        for redirect in redirects {
            let (Target::Read(word) | Target::Write(word) | Target::Stream(word)) = &redirect.to;
            let Ok(target) = self.text(word, &io).await else {
                self.complain("a file's name is too long", &io).await?;
                return Ok(None);
            };
            let problem = self.redirect(redirect, &target, &mut io);
            if let Err(problem) = problem {
                self.complain(&problem, &io).await?;
                return Ok(None);
            }
        }
        Ok(Some(io))
    }

    fn redirect(&self, redirect: &Redirect, target: &str, io: &mut Io) -> Result<(), String> {
        let output = match (&redirect.to, target) {
            (Target::Read(_), "/dev/null") => {
                io.input = Input::Null;
                return Ok(());
            }
            (Target::Read(_), "/dev/stdin") => return Ok(()),
            (Target::Read(_), file) => {
                return Err(format!("can't open {file}: No such file or directory"));
            }
            (Target::Stream(_), "0") if redirect.stream == 0 => return Ok(()),
            (Target::Write(_), "/dev/null") | (Target::Stream(_), "-") => Output::Null,
            (Target::Write(_), "/dev/stdout") | (Target::Stream(_), "1") => io.output.clone(),
            (Target::Write(_), "/dev/stderr") | (Target::Stream(_), "2") => io.errors.clone(),
            (Target::Write(_), file) => {
                return Err(format!("can't create {file}: Read-only file system"));
            }
            (Target::Stream(_), stream) => return Err(format!("{stream}: bad file descriptor")),
        };
        match redirect.stream {
            0 => io.input = Input::Null,
            1 => io.output = output,
            2 => io.errors = output,
            // Streams beyond the three are not simulated, nor read by anyone.
            _ => {}
        }
        Ok(())
    }
}
