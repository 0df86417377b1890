//! Scalars as they stand in a document, and their conversion to each type that is
//! not text. An integer may be written with a fraction or an exponent as long as its
//! value is whole; numbers are exact.

use std::fmt;

use agent_text::excerpt::Excerpt;

use super::error::Problem;
use crate::descriptor::{Enum, Type};
use crate::reflect::ValueMut;
use crate::value::{self, Number};
use crate::well_known;

/// A JSON value that is given for a scalar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    /// A number's text.
    Number(&'a str),
    /// A string's content.
    String(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// What an error calls a value that no scalar takes.
    Other(&'static str),
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 80;
        match *self {
            Self::Number(text) => text
                .chars()
                .take(MAX_CHARS)
                .try_for_each(|c| write!(f, "{c}")),
            Self::String(content) => Excerpt(content).fmt(f),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl<'a> Given<'a> {
    /// The value with this JSON text, and with this content if it is a string.
    pub(super) fn new(content: Option<&'a str>, json: &'a str) -> Self {
        if let Some(content) = content {
            return Self::String(content);
        }
        match json.bytes().next() {
            Some(b'{') => Self::Other("an object"),
            Some(b'[') => Self::Other("a list"),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Other("null"),
            Some(_) => Self::Number(json),
        }
    }

    pub(super) fn mismatch(self, expected: &str) -> Problem {
        Problem::Mismatch {
            found: self.to_string(),
            expected: expected.to_owned(),
        }
    }

    /// The text of a number, bare or in a string.
    fn number(self) -> Option<&'a str> {
        match self {
            Self::Number(text) | Self::String(text) => Some(text),
            Self::Bool(_) | Self::Other(_) => None,
        }
    }

    pub(super) fn bool(self) -> Result<bool, Problem> {
        match self {
            Self::Bool(value) => Ok(value),
            other => Err(other.mismatch("true or false")),
        }
    }

    pub(super) fn integer<T: Number + TryFrom<i128>>(self) -> Result<T, Problem> {
        let value = self.number().and_then(whole);
        value
            .and_then(|value| T::try_from(value).ok())
            .ok_or_else(|| self.mismatch(T::EXPECTED))
    }

    fn double(self) -> Result<f64, Problem> {
        let decimal = || self.decimal().filter(|value: &f64| value.is_finite());
        self.named_float()
            .or_else(decimal)
            .ok_or_else(|| self.mismatch("a 64-bit floating-point number (up to 1.8e308)"))
    }

    fn float(self) -> Result<f32, Problem> {
        let decimal = || self.decimal().filter(|value: &f32| value.is_finite());
        self.named_float()
            .map(|value| value as f32)
            .or_else(decimal)
            .ok_or_else(|| self.mismatch("a 32-bit floating-point number (up to 3.4e38)"))
    }

    fn decimal<T: std::str::FromStr>(self) -> Option<T> {
        let text = self.number().filter(|text| is_number(text))?;
        text.parse().ok()
    }

    /// The values that JSON has no number for.
    fn named_float(self) -> Option<f64> {
        match self {
            Self::String("NaN") => Some(f64::NAN),
            Self::String("Infinity") => Some(f64::INFINITY),
            Self::String("-Infinity") => Some(f64::NEG_INFINITY),
            _ => None,
        }
    }

    /// The number of an enum value, by its exact name or by number.
    fn enum_number(self, enumeration: &'static Enum) -> Result<i32, Problem> {
        let name = match self {
            Self::String(name) if !is_number(name) => name,
            Self::String(_) | Self::Number(_) => return self.integer(),
            Self::Other("null") if well_known::is_null_value(enumeration) => return Ok(0),
            Self::Bool(_) | Self::Other(_) => "",
        };
        // Other ways to write a number are for setters, not for JSON.
        if !name.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            let expected = format!("a value of the enum {}", enumeration.full_name);
            return Err(self.mismatch(&expected));
        }
        Ok(value::parse_enum_name(enumeration, name)?)
    }

    /// Puts the value into a field, element or entry of type `ty` that is neither text
    /// nor bytes.
    pub(super) fn store(self, target: ValueMut<'_>, ty: Type) -> Result<(), Problem> {
        match target {
            ValueMut::Bool(target) => *target = self.bool()?,
            ValueMut::Int32(target) => *target = self.integer()?,
            ValueMut::Int64(target) => *target = self.integer()?,
            ValueMut::Uint32(target) => *target = self.integer()?,
            ValueMut::Uint64(target) => *target = self.integer()?,
            ValueMut::Float(target) => *target = self.float()?,
            ValueMut::Double(target) => *target = self.double()?,
            ValueMut::Enum(target) => target.set_number(match ty {
                Type::Enum(enumeration) => self.enum_number(enumeration)?,
                Type::Scalar(_) | Type::Message(_) => self.integer()?,
            }),
            ValueMut::String(_)
            | ValueMut::Bytes(_)
            | ValueMut::Message(_)
            | ValueMut::List(_)
            | ValueMut::Map(_) => return Err(self.mismatch(ty.name())),
        }
        Ok(())
    }
}

/// A JSON number taken apart.
struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    /// Saturates: only its sign and rough size count when it is that large.
    exponent: i64,
}

impl<'a> Parts<'a> {
    /// `None` if `text` is not a number by JSON's grammar.
    fn of(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, rest) = digits(rest);
        if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(rest) => match digits(rest) {
                ("", _) => return None,
                split => split,
            },
            None => ("", rest),
        };
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(rest) => exponent(rest)?,
            None if rest.is_empty() => 0,
            None => return None,
        };
        Some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }
}

/// Whether `text` is a number by JSON's grammar.
fn is_number(text: &str) -> bool {
    Parts::of(text).is_some()
}

/// Splits off the leading decimal digits.
fn digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(end)
}

fn exponent(text: &str) -> Option<i64> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, "") = digits(rest) else {
        return None;
    };
    if digits.is_empty() {
        return None;
    }
    let size = digits.parse().unwrap_or(i64::MAX);
    Some(if negative { -size } else { size })
}

/// The value of a number that is whole. `None` if it is not whole, not a number, or
/// beyond any integer type.
fn whole(text: &str) -> Option<i128> {
    let parts = Parts::of(text)?;
    let fraction = parts.fraction.trim_end_matches('0');
    let digits = parts.whole.bytes().chain(fraction.bytes());
    // The decimal point stands this many digits from the left once the exponent has moved it.
    let mut left = (parts.whole.len() as i64).saturating_add(parts.exponent);
    let mut value: i128 = 0;
    for digit in digits {
        if left > 0 {
            left -= 1;
            value = value.checked_mul(10)?.checked_add((digit - b'0').into())?;
        } else if digit != b'0' {
            return None;
        }
    }
    while left > 0 && value != 0 {
        left -= 1;
        value = value.checked_mul(10)?;
    }
    Some(if parts.negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Given<'_> {
        Given::Number(text)
    }

    #[test]
    fn whole_numbers_in_every_form() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0e5", 0),
            ("0e999999999999999999999", 0),
            ("1e3", 1000),
            ("1.0", 1),
            ("12.50e1", 125),
            ("1500E-2", 15),
            ("9223372036854775807", i64::MAX),
            ("9223372036854775807.0", i64::MAX),
            ("-922337203685477580.8e1", i64::MIN),
        ] {
            assert_eq!(bare(text).integer::<i64>().ok(), Some(value), "{text}");
        }
        assert_eq!(
            bare("18446744073709551615").integer::<u64>().ok(),
            Some(u64::MAX)
        );
    }

    #[test]
    fn what_is_not_whole_or_not_a_number_is_refused() {
        for text in [
            "1.5", "1e-1", "0.1e0", "", "-", "+1", "01", "1.", ".5", "1e", "1e+", " 1", "1 ",
            "0x1", "1_0", "Infinity",
        ] {
            let expected =
                format!("{text} is not a signed 32-bit number (-2147483648 to 2147483647)");
            let error = bare(text)
                .integer::<i32>()
                .map_err(|error| error.to_string());
            assert_eq!(error, Err(expected));
        }
    }

    #[test]
    fn out_of_range_names_the_range() {
        for text in [
            "2147483648",
            "1e10",
            "1e999999999999999999999",
            "99999999999999999999999999999999999999999",
        ] {
            let expected =
                format!("{text} is not a signed 32-bit number (-2147483648 to 2147483647)");
            let error = bare(text)
                .integer::<i32>()
                .map_err(|error| error.to_string());
            assert_eq!(error, Err(expected));
        }
        assert!(bare("-1").integer::<u64>().is_err());
    }

    #[test]
    fn floats() {
        assert_eq!(bare("3.4028235e38").float().ok(), Some(f32::MAX));
        assert_eq!(
            bare("3.5e38").float().map_err(|error| error.to_string()),
            Err("3.5e38 is not a 32-bit floating-point number (up to 3.4e38)".to_owned())
        );
        assert!(bare("1e309").double().is_err());
        assert!(bare("NaN").double().is_err());
        let named = Given::String;
        assert_eq!(named("-Infinity").double().ok(), Some(f64::NEG_INFINITY));
        assert!(named("NaN").float().is_ok_and(f32::is_nan));
        assert!(named("nan").float().is_err());
        assert_eq!(named("1.5e0").double().ok(), Some(1.5));
        assert!(named("inf").double().is_err());
    }
}
