//! Signal names to numbers, as the guest's kernel counts them (signal(7), the
//! column that x86, ARM and s390 share; Kata runs on no other numbering).

use std::str::FromStr;

use nix::sys::signal::Signal;

/// First and last real-time signal of the C library in the guest (signal(7)).
const REAL_TIME: (u32, u32) = (34, 64);

/// The number of a signal: `usr1`, `SIGUSR1`, `rtmin+2`; any case, `SIG` or not.
pub(super) fn number(name: &str) -> Option<u32> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    if let Ok(signal) = Signal::from_str(&format!("SIG{name}")) {
        return u32::try_from(signal as i32).ok();
    }
    if let Some(offset) = name.strip_prefix("RTMIN") {
        return real_time(REAL_TIME.0.checked_add(offset_after(offset, '+')?)?);
    }
    if let Some(offset) = name.strip_prefix("RTMAX") {
        return real_time(REAL_TIME.1.checked_sub(offset_after(offset, '-')?)?);
    }
    match name {
        "POLL" => number("IO"),
        "CLD" => number("CHLD"),
        "IOT" => number("ABRT"),
        _ => None,
    }
}

/// The names of all signals but the real-time ones, each with its number.
pub(super) fn names() -> impl Iterator<Item = (&'static str, u32)> {
    Signal::iterator()
        .filter_map(|signal| Some((signal.as_str(), u32::try_from(signal as i32).ok()?)))
}

fn offset_after(text: &str, sign: char) -> Option<u32> {
    match text {
        "" => Some(0),
        _ => text.strip_prefix(sign)?.parse().ok(),
    }
}

fn real_time(number: u32) -> Option<u32> {
    (REAL_TIME.0..=REAL_TIME.1)
        .contains(&number)
        .then_some(number)
}

#[cfg(test)]
mod tests {
    use super::{names, number};

    #[test]
    fn every_name_stands_for_its_number() {
        assert!(names().any(|named| named == ("SIGUSR1", 10)));
        for (name, expected) in names() {
            assert_eq!(number(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn names_in_any_form() {
        for (name, expected) in [
            ("usr1", Some(10)),
            ("SIGUSR1", Some(10)),
            ("sigkill", Some(9)),
            ("Term", Some(15)),
            ("SIGCLD", Some(17)),
            ("RTMIN", Some(34)),
            ("SIGRTMIN+2", Some(36)),
            ("rtmax-1", Some(63)),
            ("rtmin+31", None),
            ("RTMIN-1", None),
            ("SIGSIGKILL", None),
            ("", None),
            ("SIG", None),
            ("10", None),
        ] {
            assert_eq!(number(name), expected, "{name}");
        }
    }
}
