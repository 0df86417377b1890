//! Programs that wait: `sleep`, `tail -f`, and that of a pod's own container.

use std::time::Duration;

use super::control::{Action, SIGINT, SIGTERM};
use super::programs::{Ended, Place};
use super::streams::Io;

/// The program of a pod's own container: it waits to be told to go.
pub(super) async fn pause(place: &Place) -> Ended {
    for signal in [SIGINT, SIGTERM] {
        place.control.choose(signal, Action::Handle);
    }
    place.control.arrival().await;
    Ok(0)
}

pub(super) async fn sleep(args: &[String], io: &Io) -> Ended {
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
pub(super) async fn tail(args: &[String], io: &Io) -> Ended {
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
