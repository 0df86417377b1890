//! The programs that can be played, by name, as coreutils have them. They know
//! their arguments, their streams and their environment.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::sim::process::{NOT_FOUND, Program};

use super::control::{Action, Control, SIGINT, SIGTERM};
use super::streams::{Broken, Io};
use super::{printf, shell};

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

    fn set(&mut self, name: &str, value: &str) {
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
            "cat" => cat(rest, io).await,
            "echo" => echo(rest, io).await,
            "env" => env(rest, place, io).await,
            "false" => Ok(1),
            "pause" => pause(place).await,
            "printenv" => printenv(rest, place, io).await,
            "printf" => printf::run(rest, io).await,
            "pwd" => line(&place.cwd, io).await,
            "sh" | "ash" | "bash" | "dash" => shell::main(args, place, io).await,
            "sleep" => sleep(rest, io).await,
            "tail" => tail(rest, io).await,
            "true" => Ok(0),
            "yes" => yes(rest, io).await,
            _ => {
                io.complain(&format!("{path}: not found")).await?;
                Ok(NOT_FOUND)
            }
        }
    })
}

async fn line(text: &str, io: &Io) -> Ended {
    io.output.write(format!("{text}\n").as_bytes()).await?;
    Ok(0)
}

/// `echo [-neE] WORD...`, as in bash and busybox.
pub(super) async fn echo(args: &[String], io: &Io) -> Ended {
    let (mut newline, mut escapes) = (true, false);
    let is_option = |arg: &&String| {
        let letters = arg.strip_prefix('-').filter(|letters| !letters.is_empty());
        letters.is_some_and(|letters| letters.chars().all(|letter| "neE".contains(letter)))
    };
    let options = args.iter().take_while(is_option).count();
    for letter in args.iter().take(options).flat_map(|arg| arg.chars()) {
        match letter {
            'n' => newline = false,
            'e' => escapes = true,
            'E' => escapes = false,
            _ => {}
        }
    }
    let words = args.get(options..).unwrap_or_default().join(" ");
    let mut bytes = words.into_bytes();
    if escapes {
        let (unescaped, ended) = printf::unescape(&bytes);
        bytes = unescaped;
        newline &= !ended;
    }
    if newline {
        bytes.push(b'\n');
    }
    io.output.write(&bytes).await?;
    Ok(0)
}

async fn cat(args: &[String], io: &Io) -> Ended {
    let standard = ["-".to_owned()];
    let files = if args.is_empty() { &standard } else { args };
    let mut status = 0;
    for file in files {
        match file.as_str() {
            "-" | "/dev/stdin" => {
                while let Some(bytes) = io.input.chunk().await {
                    io.output.write(&bytes).await?;
                }
            }
            "-u" | "--" | "/dev/null" => {}
            file => {
                io.complain(&format!("cat: {file}: No such file or directory"))
                    .await?;
                status = 1;
            }
        }
    }
    Ok(status)
}

/// `env [-i] [-u NAME] [NAME=VALUE...] [PROGRAM...]`
async fn env(args: &[String], place: &Place, io: &Io) -> Ended {
    let mut place = place.clone();
    place.depth += 1;
    let mut args = args;
    loop {
        match args {
            [option, rest @ ..] if option == "-i" || option == "-" => {
                place.env.clear();
                args = rest;
            }
            [option, name, rest @ ..] if option == "-u" => {
                place.env.retain(|(known, _)| known != name);
                args = rest;
            }
            [option, ..] if option.starts_with('-') => {
                io.complain(&format!("env: unrecognized option '{option}'"))
                    .await?;
                return Ok(125);
            }
            [entry, rest @ ..] => match entry.split_once('=') {
                Some((name, value)) => {
                    place.set(name, value);
                    args = rest;
                }
                None => return run(args, &place, io).await,
            },
            [] => break,
        }
    }
    for (name, value) in &place.env {
        line(&format!("{name}={value}"), io).await?;
    }
    Ok(0)
}

async fn printenv(args: &[String], place: &Place, io: &Io) -> Ended {
    if args.is_empty() {
        return env(args, place, io).await;
    }
    let mut status = 0;
    for asked in args {
        match place.env.iter().find(|(name, _)| name == asked) {
            Some((_, value)) => status = status.max(line(value, io).await?),
            None => status = 1,
        }
    }
    Ok(status)
}

/// The program of a pod's own container: it waits to be told to go.
async fn pause(place: &Place) -> Ended {
    for signal in [SIGINT, SIGTERM] {
        place.control.choose(signal, Action::Handle);
    }
    place.control.arrival().await;
    Ok(0)
}

async fn sleep(args: &[String], io: &Io) -> Ended {
    if args.is_empty() {
        io.complain("sleep: missing operand").await?;
        return Ok(1);
    }
    let mut time = Some(Duration::ZERO);
    for arg in args {
        match seconds(arg) {
            // As long as the clock goes.
            Some(seconds) => {
                let more = Duration::try_from_secs_f64(seconds).ok();
                time = time
                    .zip(more)
                    .and_then(|(time, more)| time.checked_add(more));
            }
            None => {
                io.complain(&format!("sleep: invalid time interval '{arg}'"))
                    .await?;
                return Ok(1);
            }
        }
    }
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
    Ok(0)
}

fn seconds(arg: &str) -> Option<f64> {
    if matches!(arg, "inf" | "infinity") {
        return Some(f64::INFINITY);
    }
    let number = arg.trim_end_matches(['s', 'm', 'h', 'd']);
    let unit = match arg.get(number.len()..) {
        Some("" | "s") => 1.0,
        Some("m") => 60.0,
        Some("h") => 3_600.0,
        Some("d") => 86_400.0,
        _ => return None,
    };
    let is_number = number.chars().all(|one| one.is_ascii_digit() || one == '.');
    let number: f64 = is_number.then(|| number.parse().ok())??;
    Some(number * unit)
}

/// `tail -f /dev/null`, which waits for ever; nothing else has a file to show.
async fn tail(args: &[String], io: &Io) -> Ended {
    let mut follows = false;
    let mut status = 0;
    for arg in args {
        match arg.as_str() {
            "-f" | "-F" | "--follow" => follows = true,
            "/dev/null" => {}
            option if option.starts_with('-') => {
                io.complain(&format!("tail: option '{option}' is not simulated"))
                    .await?;
                return Ok(1);
            }
            file => {
                io.complain(&format!(
                    "tail: cannot open '{file}' for reading: No such file or directory"
                ))
                .await?;
                status = 1;
            }
        }
    }
    if follows && status == 0 {
        std::future::pending::<()>().await;
    }
    Ok(status)
}

async fn yes(args: &[String], io: &Io) -> Ended {
    let line = match args {
        [] => "y\n".to_owned(),
        words => format!("{}\n", words.join(" ")),
    };
    loop {
        io.output.write(line.as_bytes()).await?;
    }
}
