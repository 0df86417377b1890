//! Times as users type them: `500ms`, `5s`, `2m`, `1m30s`; a bare number is
//! nanoseconds.

use std::time::Duration;

/// Why a text is not a time.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not a number with a unit.
    #[error(
        "{0:?} is not a time: write a number and a unit of ns, us, ms, s, m or h, as in 500ms or 2m"
    )]
    Syntax(String),
    /// Above what a 64-bit count of nanoseconds holds, which is how ttRPC sends it.
    #[error("{0:?} is too long a time: at most {max} s", max = i64::MAX / 1_000_000_000)]
    TooLong(String),
}

const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a time of 0 to 292 years.
///
/// # Errors
/// When `text` is not a time, or is one too long for a signed 64-bit nanosecond count.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let syntax = || DurationError::Syntax(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let nanoseconds = text.parse::<i64>().map_err(|_| too_long())?;
        return Ok(Duration::from_nanos(nanoseconds.unsigned_abs()));
    }
    let mut rest = text;
    let mut total: u128 = 0;
    loop {
        let (number, after) = split_at(rest, |c| !c.is_ascii_digit() && c != '.');
        let (unit, after) = split_at(after, |c| c.is_ascii_digit() || c == '.');
        let (_, scale) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(syntax)?;
        total = total
            .checked_add(scaled(number, *scale).ok_or_else(syntax)?)
            .ok_or_else(too_long)?;
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    let nanoseconds = i64::try_from(total).map_err(|_| too_long())?;
    Ok(Duration::from_nanos(nanoseconds.unsigned_abs()))
}

fn split_at(text: &str, stop: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(stop).unwrap_or(text.len()))
}

/// A decimal number times `scale`, exact; what is below a nanosecond is dropped.
fn scaled(number: &str, scale: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    // More digits than these are below a nanosecond or above the range.
    let whole: u128 = match whole {
        "" => 0,
        digits => digits
            .parse::<u64>()
            .map_or(u128::from(u64::MAX), u128::from),
    };
    let fraction = fraction.get(..fraction.len().min(15))?;
    let part: u128 = match fraction {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    let power = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(whole * u128::from(scale) + part * u128::from(scale) / power)
}

/// A time for reading: three significant digits in the unit that fits.
pub fn display(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (unit, scale) = match nanoseconds {
        0..1_000 => ("ns", 1.0),
        1_000..1_000_000 => ("us", 1e3),
        1_000_000..1_000_000_000 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    let value = duration.as_secs_f64() * 1e9 / scale;
    let digits = match value {
        value if unit == "ns" || value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}

/// Whether a time is a number without a unit, and so short that seconds may be meant: above 0
/// and below a millisecond.
pub fn is_hasty(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number
        && text
            .parse::<u64>()
            .is_ok_and(|number| (1..1_000_000).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_unit() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("5", 5),
            ("500ms", 500_000_000),
            ("5s", 5_000_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5us", 500),
            ("9223372036854775807", i64::MAX.unsigned_abs()),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "", "s", "5x", "-5s", "1.2.3s", ".s", "5 s", "5s3", "1e3s", "٣s",
        ] {
            assert_eq!(
                parse(text),
                Err(DurationError::Syntax(text.into())),
                "{text}"
            );
        }
        for text in [
            "9223372036854775808",
            "99999999999999999999999s",
            "300000000h",
        ] {
            assert_eq!(
                parse(text),
                Err(DurationError::TooLong(text.into())),
                "{text}"
            );
        }
    }

    #[test]
    fn displays_three_digits() {
        for (nanoseconds, text) in [
            (7, "7ns"),
            (1_500, "1.50us"),
            (12_345_678, "12.3ms"),
            (250_000_000, "250ms"),
            (90_000_000_000, "90.0s"),
        ] {
            assert_eq!(display(Duration::from_nanos(nanoseconds)), text);
        }
    }

    #[test]
    fn times_that_are_hardly_meant() {
        for (text, expected) in [
            ("5", true),
            ("999999", true),
            ("0", false),
            ("1000000", false),
            ("5s", false),
            ("500us", false),
            ("", false),
        ] {
            assert_eq!(is_hasty(text), expected, "{text}");
        }
    }
}
