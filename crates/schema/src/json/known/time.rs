//! The text of `Timestamp` and `Duration`: seconds and nanoseconds to and from
//! strings.

use std::fmt::Write as _;

const NANOS_PER_SECOND: i32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z.
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;
/// About 10,000 years, the limit that protobuf sets.
const MAX_DURATION: i64 = 315_576_000_000;

/// Seconds since 1970 and nanoseconds of a text such as `2024-05-01T12:30:00.5+02:00`.
pub(super) fn parse_timestamp(text: &str) -> Option<(i64, i32)> {
    let (date, time) = text.split_once('T')?;
    let days = parse_date(date)?;
    let zone = time.find(['Z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let nanos = fraction.map_or(Some(0), parse_fraction)?;
    let [hour, minute, second] = parse_parts(clock, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - parse_zone(zone)?;
    (FIRST_SECOND..=LAST_SECOND)
        .contains(&seconds)
        .then_some((seconds, nanos))
}

/// The text of a point in time. `None` outside the years 1 to 9999.
pub(super) fn timestamp_text(seconds: i64, nanos: i32) -> Option<String> {
    if !(FIRST_SECOND..=LAST_SECOND).contains(&seconds) || !(0..NANOS_PER_SECOND).contains(&nanos) {
        return None;
    }
    let (year, month, day) = date_of(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    push_fraction(&mut text, nanos);
    text.push('Z');
    Some(text)
}

/// Seconds and nanoseconds, both of one sign, of a text such as `-1.5s`.
pub(super) fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let number = text.strip_suffix('s')?;
    let (sign, number) = match number.strip_prefix('-') {
        Some(number) => (-1, number),
        None => (1, number),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let seconds = parse_digits(whole)?;
    let nanos = fraction.map_or(Some(0), parse_fraction)?;
    if seconds > MAX_DURATION || (seconds == MAX_DURATION && nanos > 0) {
        return None;
    }
    Some((i64::from(sign) * seconds, sign * nanos))
}

/// The text of a span of time. `None` if it is too long or its parts differ in sign.
pub(super) fn duration_text(seconds: i64, nanos: i32) -> Option<String> {
    let out_of_range = seconds.unsigned_abs() > MAX_DURATION.unsigned_abs()
        || nanos.unsigned_abs() >= NANOS_PER_SECOND.unsigned_abs();
    if out_of_range || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0) {
        return None;
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let mut text = format!("{sign}{}", seconds.unsigned_abs());
    push_fraction(&mut text, nanos.abs());
    text.push('s');
    Some(text)
}

/// Appends nanoseconds as 3, 6 or 9 digits, whichever is enough.
fn push_fraction(text: &mut String, nanos: i32) {
    let written = match nanos {
        0 => Ok(()),
        _ if nanos % 1_000_000 == 0 => write!(text, ".{:03}", nanos / 1_000_000),
        _ if nanos % 1_000 == 0 => write!(text, ".{:06}", nanos / 1_000),
        _ => write!(text, ".{nanos:09}"),
    };
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

/// Nanoseconds of up to nine digits after a decimal point.
fn parse_fraction(digits: &str) -> Option<i32> {
    if digits.len() > 9 {
        return None;
    }
    let scale = 10_i64.pow(9 - digits.len() as u32);
    i32::try_from(parse_digits(digits)? * scale).ok()
}

/// Seconds east of UTC.
fn parse_zone(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, offset) = match zone.strip_prefix('-') {
        Some(offset) => (-1, offset),
        None => (1, zone.strip_prefix('+')?),
    };
    let [hours, minutes] = parse_parts(offset, ':', [2, 2])?;
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970-01-01.
fn parse_date(date: &str) -> Option<i64> {
    let [year, month, day] = parse_parts(date, '-', [4, 2, 2])?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || day == 0 || day > last {
        return None;
    }
    Some(days_to(year, month, day))
}

/// Numbers of exactly these many digits with a separator between them.
fn parse_parts<const N: usize>(text: &str, separator: char, lens: [usize; N]) -> Option<[i64; N]> {
    let mut values = [0; N];
    let mut parts = text.split(separator);
    for (value, len) in values.iter_mut().zip(lens) {
        let part = parts.next().filter(|part| part.len() == len)?;
        *value = parse_digits(part)?;
    }
    parts.next().is_none().then_some(values)
}

/// A number of digits only, at least one.
fn parse_digits(digits: &str) -> Option<i64> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok()).flatten()
}

/// Days from 1970-01-01 to a date in the Gregorian calendar. Years are counted
/// from March, so that a leap day is the last day of its year.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // Months from March on have 31, 30, 31, 30, 31 days, twice, then 31 and the rest.
    year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - DAYS_BEFORE_1970
}

/// Days from March 1 of the year 0 to January 1, 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

/// The date that is `days` after 1970-01-01; the inverse of [`days_to`].
fn date_of(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_400_YEARS: i64 = 146_097;
    let days = days + DAYS_BEFORE_1970;
    let cycle = days.div_euclid(DAYS_PER_400_YEARS);
    let day = days.rem_euclid(DAYS_PER_400_YEARS);
    // Takes the leap days out of the day's number: one each 4 years, none each 100 but the last.
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (day * 5 + 2) / 153;
    let day = day - (month * 153 + 2) / 5 + 1;
    let year = cycle * 400 + year;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("0001-01-01T00:00:00Z", FIRST_SECOND, 0),
            ("9999-12-31T23:59:59.999999999Z", LAST_SECOND, 999_999_999),
            ("2000-02-29T12:30:01.500Z", 951_827_401, 500_000_000),
            ("1969-12-31T23:59:59.000001Z", -1, 1_000),
        ] {
            assert_eq!(parse_timestamp(text), Some((seconds, nanos)), "{text}");
            assert_eq!(timestamp_text(seconds, nanos).as_deref(), Some(text));
        }
        assert_eq!(
            parse_timestamp("1970-01-01T02:00:00.1+02:00"),
            Some((0, 100_000_000))
        );
        assert_eq!(parse_timestamp("1969-12-31T22:30:00-01:30"), Some((0, 0)));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-13-01T00:00:00Z",
            "1970-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "1970-1-01T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:60Z",
            "0000-01-01T00:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00Zx",
            "0001-01-01T00:00:00+01:00",
            "+970-01-01T00:00:00Z",
            "1970-01-01T00:00:00+0100",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
        assert_eq!(timestamp_text(0, -1), None);
        assert_eq!(timestamp_text(LAST_SECOND + 1, 0), None);
    }

    #[test]
    fn durations() {
        for (text, seconds, nanos) in [
            ("0s", 0, 0),
            ("-0.500s", 0, -500_000_000),
            ("315576000000s", MAX_DURATION, 0),
            ("-3.000000001s", -3, -1),
        ] {
            assert_eq!(parse_duration(text), Some((seconds, nanos)), "{text}");
            assert_eq!(duration_text(seconds, nanos).as_deref(), Some(text));
        }
        for text in [
            "",
            "s",
            "1",
            "1.s",
            ".5s",
            "--1s",
            "+1s",
            "1.0000000000s",
            "315576000001s",
            "1 s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(duration_text(1, -1), None);
        assert_eq!(duration_text(i64::MIN, 0), None);
        assert_eq!(duration_text(0, i32::MIN), None);
    }

    proptest! {
        #[test]
        fn every_second_reads_back(seconds in FIRST_SECOND..=LAST_SECOND, nanos in 0..NANOS_PER_SECOND) {
            let text = timestamp_text(seconds, nanos);
            prop_assert_eq!(text.and_then(|text| parse_timestamp(&text)), Some((seconds, nanos)));
        }
    }
}
