//! The programs that can be played, by name, as coreutils have them. They know
//! their arguments, their streams and their environment.

use std::pin::Pin;
use std::sync::Arc;

use crate::sim::process::{NOT_FOUND, Program};

use super::control::Control;
use super::streams::{Broken, Io};
use super::{environment, printf, shell, texts, waiting};

/// How many programs run one another at most: each takes some stack.
pub(super) const MAX_DEPTH: u32 = 40;

/// Where programs may be named to be.
const FOLDERS: [&str; 7] = [
    "/bin/",
    "/sbin/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/local/bin/",
    "/usr/local/sbin/",
    // Where an image with nothing else has its program, as that of a pod has.
    "/",
];

/// Their names, in order.
const PROGRAMS: [&str; 16] = [
    "ash", "bash", "cat", "dash", "echo", "env", "false", "pause", "printenv", "printf", "pwd",
    "sh", "sleep", "tail", "true", "yes",
];

/// How a program ended: with a status, or because nobody reads what it writes.
pub(super) type Ended = Result<i32, Broken>;

/// What a program finds around it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its signals.
    pub(super) control: Arc<Control>,
    /// Its environment, in order and without repetition.
    pub(super) env: Vec<(String, String)>,
    /// Its folder.
    pub(super) cwd: String,
    /// How many programs and blocks are around it.
    pub(super) depth: u32,
}

impl Place {
    /// What the program of a process finds.
    pub(super) fn new(control: Arc<Control>, program: &Program) -> Place {
        let mut place = Place {
            control,
            env: Vec::new(),
            cwd: match program.cwd.is_empty() {
                true => "/".to_owned(),
                false => program.cwd.clone(),
            },
            depth: 0,
        };
        for entry in &program.env {
            if let Some((name, value)) = entry.split_once('=') {
                place.set(name, value);
            }
        }
        place
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.env.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.env.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// The name of a program that can be played, without its folder.
fn known(path: &str) -> &str {
    let named = FOLDERS.iter().find_map(|folder| {
        let name = path.strip_prefix(folder)?;
        (!name.contains('/')).then_some(name)
    });
    named.unwrap_or(path)
}

/// Whether a program can be played.
pub(super) fn is_known(path: &str) -> bool {
    PROGRAMS.contains(&known(path))
}

/// Runs the program that the first argument names.
pub(super) fn run<'a>(
    args: &'a [String],
    place: &'a Place,
    io: &'a Io,
) -> Pin<Box<dyn Future<Output = Ended> + Send + 'a>> {
    Box::pin(async move {
        let Some((path, rest)) = args.split_first() else {
            return Ok(0);
        };
        if place.depth > MAX_DEPTH {
            io.complain(&format!("{path}: too many programs run one another"))
                .await?;
            return Ok(126);
        }
        match known(path) {
            "cat" => texts::cat(rest, io).await,
            "echo" => texts::echo(rest, io).await,
            "env" => environment::env(rest, place, io).await,
            "false" => Ok(1),
            "pause" => waiting::pause(place).await,
            "printenv" => environment::printenv(rest, place, io).await,
            "printf" => printf::run(rest, io).await,
            "pwd" => texts::line(&place.cwd, io).await,
            "sh" | "ash" | "bash" | "dash" => shell::main(args, place, io).await,
            "sleep" => waiting::sleep(rest, io).await,
            "tail" => waiting::tail(rest, io).await,
            "true" => Ok(0),
            "yes" => texts::yes(rest, io).await,
            _ => {
                io.complain(&format!("{path}: not found")).await?;
                Ok(NOT_FOUND)
            }
        }
    })
}
