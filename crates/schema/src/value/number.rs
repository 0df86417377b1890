//! Numbers as a user writes them: decimal, `0x`, `0o`, `0b`, `_` between
//! digits, a sign.

use std::str::FromStr;

use super::ValueError;

/// A whole number type of protobuf.
pub(crate) trait Number: TryFrom<i128> {
    /// What an error calls a value of this type.
    const EXPECTED: &'static str;
}

impl Number for i32 {
    const EXPECTED: &'static str = "a signed 32-bit number (-2147483648 to 2147483647)";
}

impl Number for i64 {
    const EXPECTED: &'static str =
        "a signed 64-bit number (-9223372036854775808 to 9223372036854775807)";
}

impl Number for u32 {
    const EXPECTED: &'static str = "an unsigned 32-bit number (0 to 4294967295)";
}

impl Number for u64 {
    const EXPECTED: &'static str = "an unsigned 64-bit number (0 to 18446744073709551615)";
}

/// Reads a whole number.
pub(super) fn integer<T: Number>(text: &str) -> Result<T, ValueError> {
    whole(text)
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| not_a_number(text, T::EXPECTED))
}

/// Reads a 32-bit floating-point number, `inf` and `nan` included.
pub(super) fn float(text: &str) -> Result<f32, ValueError> {
    floating(text, |number| number as f32)
        .filter(|number| number.is_finite() || names_no_digits(text))
        .ok_or_else(|| {
            let expected = "a 32-bit floating-point number (up to 3.4e38, inf, nan)";
            not_a_number(text, expected)
        })
}

/// Reads a 64-bit floating-point number, `inf` and `nan` included.
pub(super) fn double(text: &str) -> Result<f64, ValueError> {
    floating(text, |number| number as f64)
        .filter(|number| number.is_finite() || names_no_digits(text))
        .ok_or_else(|| {
            let expected = "a 64-bit floating-point number (up to 1.8e308, inf, nan)";
            not_a_number(text, expected)
        })
}

fn floating<T: FromStr>(text: &str, from_whole: fn(i128) -> T) -> Option<T> {
    match prefixed_integer(text) {
        Some(number) => Some(from_whole(number)),
        None => without_separators(text)?.parse().ok(),
    }
}

fn not_a_number(text: &str, expected: &'static str) -> ValueError {
    ValueError::Number {
        text: text.to_owned(),
        expected,
    }
}

/// `inf` and `nan` were asked for; `1e999` became infinite.
fn names_no_digits(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The value of a whole number, if it is one and any number type could hold it.
fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ => (10, digits),
    };
    let mut number: i128 = 0;
    let mut after_digit = false;
    for character in digits.chars() {
        match character.to_digit(radix) {
            Some(digit) => {
                number = number
                    .checked_mul(i128::from(radix))?
                    .checked_add(i128::from(digit))?;
                after_digit = true;
            }
            None if character == '_' && after_digit => after_digit = false,
            None => return None,
        }
    }
    // Ends in a digit, so there is at least one, and no `_` at the end.
    after_digit.then_some(if negative { -number } else { number })
}

fn prefixed_integer(text: &str) -> Option<i128> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let prefixed = matches!(
        digits.get(..2),
        Some("0x" | "0X" | "0o" | "0O" | "0b" | "0B")
    );
    prefixed.then(|| whole(text)).flatten()
}

/// The text without `_`, each of which must stand between two digits.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit_at = |index: Option<usize>| {
        index
            .and_then(|index| bytes.get(index))
            .is_some_and(u8::is_ascii_digit)
    };
    let misplaced = bytes.iter().enumerate().any(|(index, byte)| {
        *byte == b'_' && !(digit_at(index.checked_sub(1)) && digit_at(index.checked_add(1)))
    });
    (!misplaced).then(|| text.replace('_', ""))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn integers_in_every_notation() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("010", 10),
            ("+7", 7),
            ("0xff", 255),
            ("-0XFf", -255),
            ("0o17", 15),
            ("0b101", 5),
            ("1_000_000", 1_000_000),
            ("0xf_f", 255),
        ] {
            assert_eq!(integer::<i32>(text).unwrap(), number, "{text}");
        }
    }

    #[test]
    fn what_is_no_integer() {
        for text in [
            "", "-", "+", "0x", "0x_1", "_1", "1_", "1__0", "1.0", "1e3", " 1", "1 ", "0b2", "0o8",
            "--1", "0x-1", "١", "abc", "0xg",
        ] {
            assert!(integer::<i64>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_ends_of_each_range() {
        assert_eq!(integer::<i32>("-2147483648").unwrap(), i32::MIN);
        assert!(integer::<i32>("2147483648").is_err());
        assert_eq!(integer::<i64>("-9223372036854775808").unwrap(), i64::MIN);
        assert!(integer::<i64>("9223372036854775808").is_err());
        assert_eq!(integer::<u32>("0xffff_ffff").unwrap(), u32::MAX);
        assert_eq!(integer::<u64>("18446744073709551615").unwrap(), u64::MAX);
        assert!(integer::<u64>(&"9".repeat(400)).is_err());
        assert_eq!(
            integer::<u32>("-1").unwrap_err().to_string(),
            "\"-1\" is not an unsigned 32-bit number (0 to 4294967295)"
        );
    }

    #[test]
    fn floating_point() {
        assert_eq!(double("1_000.5e1").unwrap(), 10_005.0);
        assert_eq!(double("-0x10").unwrap(), -16.0);
        assert_eq!(double("-0").unwrap().to_bits(), (-0.0f64).to_bits());
        assert_eq!(double("-inf").unwrap(), f64::NEG_INFINITY);
        assert_eq!(double("Infinity").unwrap(), f64::INFINITY);
        assert!(float("nan").unwrap().is_nan());
        assert_eq!(float("3.4e38").unwrap(), 3.4e38);
        for text in ["", "1e", "1_.5", "_1", "1e400", "0x", "0x1.8", "one", "1 "] {
            assert!(double(text).is_err(), "{text}");
        }
        assert_eq!(
            float("1e39").unwrap_err().to_string(),
            "\"1e39\" is not a 32-bit floating-point number (up to 3.4e38, inf, nan)"
        );
    }
}
