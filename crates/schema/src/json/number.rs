//! JSON's grammar of numbers and their exact values: an integer may be written
//! with a fraction or an exponent as long as its value is whole. Knows no fields.

/// An integer type of protobuf.
pub(super) trait Integer: TryFrom<i128> {
    /// What an error calls the type.
    const NAME: &'static str;
}

impl Integer for i32 {
    const NAME: &'static str = "a signed 32-bit number (-2147483648 to 2147483647)";
}

impl Integer for i64 {
    const NAME: &'static str =
        "a signed 64-bit number (-9223372036854775808 to 9223372036854775807)";
}

impl Integer for u32 {
    const NAME: &'static str = "an unsigned 32-bit number (0 to 4294967295)";
}

impl Integer for u64 {
    const NAME: &'static str = "an unsigned 64-bit number (0 to 18446744073709551615)";
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
pub(super) fn is_number(text: &str) -> bool {
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

/// The value of a whole number.
pub(super) enum Whole {
    /// The value itself.
    Value(i128),
    /// Beyond any integer type.
    Huge,
}

/// The value of a number that is whole. `None` if it is not, or not a number.
pub(super) fn whole(text: &str) -> Option<Whole> {
    let parts = Parts::of(text)?;
    let fraction = parts.fraction.trim_end_matches('0');
    let all = || parts.whole.bytes().chain(fraction.bytes());
    // The decimal point stands this many digits from the left once the exponent has moved it.
    let mut left = (parts.whole.len() as i64).saturating_add(parts.exponent);
    let mut value: i128 = 0;
    for digit in all() {
        let digit = i128::from(digit - b'0');
        if left <= 0 {
            if digit != 0 {
                return None;
            }
            continue;
        }
        left -= 1;
        let Some(next) = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit))
        else {
            return Some(Whole::Huge);
        };
        value = next;
    }
    while left > 0 && value != 0 {
        left -= 1;
        let Some(next) = value.checked_mul(10) else {
            return Some(Whole::Huge);
        };
        value = next;
    }
    Some(Whole::Value(if parts.negative { -value } else { value }))
}
