//! A small shell: what POSIX has for the obvious scripts, without files and
//! arithmetic. What it has not is a syntax error. It knows the programs by
//! what runs them.

mod blocks;
mod builtins;
mod execute;
mod expand;
mod flow;
mod jobs;
mod kill;
mod loops;
mod parse;
mod piped;
mod redirect;
mod scan;
mod session;
mod simple;
mod syntax;
mod variables;
mod word;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::control::Control;
use super::programs::{Ended, Place};
use super::streams::Io;

use flow::Flow;
use jobs::Jobs;
use parse::Parser;
use variables::Variables;

/// The status of a shell whose script is none.
const SYNTAX_ERROR: i32 = 2;

/// The longest script, in bytes: what execve(2) takes as one argument.
const SCRIPT_LIMIT: usize = 131_072;

/// A shell.
#[derive(Debug, Clone)]
struct Shell {
    /// What is around it. Its environment is in the variables.
    place: Place,
    id: u32,
    /// What it is called, before its complaints.
    name: String,
    arguments: Vec<String>,
    variables: Variables,
    /// How the last command ended.
    status: i32,
    /// Scripts by signal; 0 is for the end of the shell.
    traps: BTreeMap<i32, String>,
    in_trap: bool,
    /// How many loops are around the command.
    loops: u32,
    /// Whether a failure ends it, as `set -e` has it.
    strict: bool,
    jobs: Jobs,
    last_job: Option<u32>,
}

/// `sh [-eilu] [-c SCRIPT [NAME [WORD...]]]`, with commands from its standard
/// input if none are given.
pub(super) async fn main(args: &[String], place: &Place, io: &Io) -> Ended {
    let (name, mut args) = args.split_first().map_or(("sh", args), |(name, rest)| {
        (name.rsplit('/').next().unwrap_or(name), rest)
    });
    // The first program of a process has the process's signals.
    let control = match place.depth {
        0 => place.control.clone(),
        _ => Arc::new(Control::of_child()),
    };
    let mut shell = Shell {
        id: control.id(),
        place: Place {
            control,
            depth: place.depth + 1,
            ..place.clone()
        },
        name: name.to_owned(),
        arguments: Vec::new(),
        variables: Variables::new(&place.env),
        status: 0,
        traps: BTreeMap::new(),
        in_trap: false,
        loops: 0,
        strict: false,
        jobs: Jobs::default(),
        last_job: None,
    };
    let (mut has_script, mut interactive) = (false, false);
    while let Some((option, rest)) = args.split_first() {
        let Some(letters) = option.strip_prefix('-') else {
            break;
        };
        args = rest;
        for letter in letters.chars() {
            match letter {
                'c' => has_script = true,
                'e' => shell.strict = true,
                'i' => interactive = true,
                'l' | 's' | 'u' | '-' => {}
                _ => {
                    io.complain(&format!("{name}: -{letter}: option is not simulated"))
                        .await?;
                    return Ok(SYNTAX_ERROR);
                }
            }
        }
    }
    if !has_script {
        if let Some(file) = args.first() {
            io.complain(&format!("{name}: {file}: No such file or directory"))
                .await?;
            return Ok(crate::sim::process::NOT_FOUND);
        }
        let jobs = shell.jobs.clone();
        return jobs.beside(shell.commands_of_input(io, interactive)).await;
    }
    let Some((script, rest)) = args.split_first() else {
        io.complain(&format!("{name}: -c: option requires an argument"))
            .await?;
        return Ok(SYNTAX_ERROR);
    };
    if let Some((name, arguments)) = rest.split_first() {
        name.clone_into(&mut shell.name);
        arguments.clone_into(&mut shell.arguments);
    }
    let jobs = shell.jobs.clone();
    jobs.beside(async {
        shell.script(script, io).await;
        shell.leave(io).await;
        Ok(shell.status)
    })
    .await
}

impl Shell {
    /// Runs a script, command line by command line: one that is wrong is told
    /// only when its turn comes.
    async fn script(&mut self, text: &str, io: &Io) -> Flow {
        if text.len() > SCRIPT_LIMIT {
            return self.syntax_error("the script is too long", io).await;
        }
        let mut parser = Parser::new(text);
        loop {
            match parser.next() {
                Ok(Some(item)) => match self.list(std::slice::from_ref(&item), io).await {
                    Flow::Next => {}
                    flow => return flow,
                },
                Ok(None) => return Flow::Next,
                Err(problem) => return self.syntax_error(&problem.to_string(), io).await,
            }
        }
    }

    async fn syntax_error(&mut self, text: &str, io: &Io) -> Flow {
        // Whether anybody reads it or not, it ends here.
        let _ = self.complain(text, io).await;
        self.status = SYNTAX_ERROR;
        Flow::Exit
    }

    async fn complain(&self, text: &str, io: &Io) -> Ended {
        io.complain(&format!("{}: {text}", self.name)).await?;
        Ok(1)
    }

    /// What `trap ... EXIT` asked for.
    async fn leave(&mut self, io: &Io) {
        if let Some(script) = self.traps.remove(&0) {
            let status = self.status;
            if Box::pin(self.script(&script, io)).await != Flow::Exit {
                self.status = status;
            }
        }
    }
}
