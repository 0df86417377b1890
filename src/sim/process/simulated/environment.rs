//! Programs that show the environment, or run another one in a changed one.

use super::programs::{Ended, Place, run};
use super::streams::Io;
use super::texts::line;

/// `env [-i] [-u NAME] [NAME=VALUE...] [PROGRAM...]`
pub(super) async fn env(args: &[String], place: &Place, io: &Io) -> Ended {
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

pub(super) async fn printenv(args: &[String], place: &Place, io: &Io) -> Ended {
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
