//! The commands that a shell runs itself, as they change it.

use super::Shell;
use super::flow::Flow;
use super::scan::name;
use super::variables::Full;
use crate::sim::process::simulated::streams::{Broken, Io};

/// How many levels of loops `break` and `continue` take.
const MAX_LOOPS: u32 = 1000;

/// How long a line `read` takes, in bytes.
const LINE_LIMIT: usize = 65_536;

impl Shell {
    /// Runs a command that is the shell's own. `None` if it is not.
    pub(super) async fn built_in(
        &mut self,
        name: &str,
        words: &[String],
        io: &Io,
    ) -> Result<Option<Flow>, Broken> {
        let args = words.get(1..).unwrap_or_default();
        let flow = match name {
            ":" => {
                self.status = 0;
                Flow::Next
            }
            "break" | "continue" => self.leave_loops(name, args),
            "cd" => self.change_folder(args, io).await?,
            "exec" => self.exec(args, io).await?,
            "exit" => self.exit(args, io).await?,
            "export" => self.export(args, io).await?,
            "kill" => self.kill(args, io).await?,
            "read" => self.read(args, io).await?,
            "set" => self.set(args, io).await?,
            "shift" => self.shift(args, io).await?,
            "trap" => self.trap(args, io).await?,
            "unset" => {
                for name in args.iter().filter(|arg| !arg.starts_with('-')) {
                    self.variables.unset(name);
                }
                self.status = 0;
                Flow::Next
            }
            "wait" => self.wait(args).await,
            _ => return Ok(None),
        };
        Ok(Some(flow))
    }

    fn leave_loops(&mut self, name: &str, args: &[String]) -> Flow {
        self.status = 0;
        if self.loops == 0 {
            return Flow::Next;
        }
        let asked = args.first().and_then(|arg| arg.parse().ok());
        let loops = asked.unwrap_or(1).clamp(1, MAX_LOOPS).min(self.loops);
        match name {
            "break" => Flow::Break(loops),
            _ => Flow::Continue(loops),
        }
    }

    async fn change_folder(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        let home = self.variables.get("HOME").unwrap_or("/").to_owned();
        let to = args.first().unwrap_or(&home);
        let mut parts: Vec<&str> = match to.starts_with('/') {
            true => Vec::new(),
            false => self.place.cwd.split('/').collect(),
        };
        for part in to.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.retain(|part| !part.is_empty());
        let cwd = format!("/{}", parts.join("/"));
        if cwd.len() > 4096 {
            self.status = self.complain("cd: File name too long", io).await?;
            return Ok(Flow::Next);
        }
        self.place.cwd = cwd;
        self.status = 0;
        Ok(Flow::Next)
    }

    async fn exec(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        if args.is_empty() {
            return Ok(Flow::Next);
        }
        // The program that takes the shell's place ends without its traps.
        self.traps.clear();
        self.status = self.program(args, &[], io).await?;
        Ok(Flow::Exit)
    }

    async fn exit(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        if let Some(arg) = args.first() {
            match arg.parse::<i64>() {
                Ok(status) => self.status = (status & 0xff) as i32,
                Err(_) => {
                    self.complain(&format!("exit: Illegal number: {arg}"), io)
                        .await?;
                    self.status = 2;
                }
            }
        }
        Ok(Flow::Exit)
    }

    async fn export(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        self.status = 0;
        for arg in args.iter().filter(|arg| !arg.starts_with('-')) {
            let (variable, value) = match arg.split_once('=') {
                Some((variable, value)) => (variable, Some(value)),
                None => (arg.as_str(), None),
            };
            if variable.is_empty() || name(variable) != variable {
                self.status = self
                    .complain(&format!("export: {variable}: bad variable name"), io)
                    .await?;
                continue;
            }
            let set = value.map_or(Ok(()), |value| {
                self.variables.set(variable, value.to_owned())
            });
            if set.and_then(|()| self.variables.export(variable)).is_err() {
                return Ok(self.too_much(io).await);
            }
        }
        Ok(Flow::Next)
    }

    async fn too_much(&mut self, io: &Io) -> Flow {
        self.syntax_error("the variables are too long", io).await
    }

    /// `read [-r] [NAME...]`: a line, split into the variables.
    async fn read(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        let names: Vec<_> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
        let raw = args.iter().any(|arg| arg == "-r");
        let control = self.place.control.clone();
        let line = tokio::select! {
            biased;
            () = control.arrival() => {
                self.status = 128;
                return Ok(Flow::Next);
            }
            line = io.input.line(LINE_LIMIT) => line,
        };
        let ended = line.as_ref().is_some_and(|line| line.ends_with(b"\n"));
        self.status = i32::from(!ended);
        let line = String::from_utf8_lossy(line.as_deref().unwrap_or_default()).replace('\0', "");
        let mut rest = line.trim_matches([' ', '\t', '\n']).to_owned();
        if !raw {
            rest = unescaped(&rest);
        }
        let only = "REPLY".to_owned();
        let names = if names.is_empty() { vec![&only] } else { names };
        let mut rest = rest.as_str();
        for (place, name) in names.iter().enumerate() {
            let value = match rest.split_once([' ', '\t']) {
                Some((word, after)) if place + 1 < names.len() => {
                    rest = after.trim_start_matches([' ', '\t']);
                    word
                }
                _ => std::mem::take(&mut rest),
            };
            if self.variables.set(name, value.to_owned()) == Err(Full) {
                return Ok(self.too_much(io).await);
            }
        }
        Ok(Flow::Next)
    }

    /// `set [-e] [+e] [-- WORD...]`
    async fn set(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        self.status = 0;
        for (place, arg) in args.iter().enumerate() {
            match arg.as_str() {
                "-e" => self.strict = true,
                "+e" => self.strict = false,
                "-u" | "+u" | "-eu" | "+x" => self.strict |= arg == "-eu",
                "--" => {
                    let words = args.get(place + 1..).unwrap_or_default();
                    words.clone_into(&mut self.arguments);
                    break;
                }
                option if option.starts_with(['-', '+']) => {
                    let text = format!("set: {option}: option is not simulated");
                    self.status = self.complain(&text, io).await?;
                }
                _ => {
                    let words = args.get(place..).unwrap_or_default();
                    words.clone_into(&mut self.arguments);
                    break;
                }
            }
        }
        Ok(Flow::Next)
    }

    async fn shift(&mut self, args: &[String], io: &Io) -> Result<Flow, Broken> {
        let count = args.first().map_or(Some(1), |arg| arg.parse().ok());
        match count.filter(|count| *count <= self.arguments.len()) {
            Some(count) => {
                self.arguments.drain(..count);
                self.status = 0;
            }
            None => self.status = self.complain("shift: can't shift that many", io).await?,
        }
        Ok(Flow::Next)
    }
}

/// Takes backslashes away, but for those that one stands before.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut all = text.chars();
    while let Some(one) = all.next() {
        match one {
            '\\' => plain.extend(all.next()),
            one => plain.push(one),
        }
    }
    plain
}
