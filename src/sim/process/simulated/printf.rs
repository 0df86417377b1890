//! `printf` as POSIX has it, and the escapes that it shares with `echo -e`. It
//! knows text only.

use std::iter::Peekable;

use super::programs::Ended;
use super::streams::Io;

/// The widest field, so that a format does not fill the memory.
const MAX_WIDTH: usize = 4096;

/// `printf FORMAT [WORD...]`: the format is used until no word is left.
pub(super) async fn run(args: &[String], io: &Io) -> Ended {
    let args = match args {
        [first, rest @ ..] if first == "--" => rest,
        args => args,
    };
    let Some((format, mut words)) = args.split_first() else {
        io.complain("printf: missing operand").await?;
        return Ok(2);
    };
    let mut status = 0;
    loop {
        let before = words.len();
        let (bytes, complaints, ended) = once(format.as_bytes(), &mut words);
        io.output.write(&bytes).await?;
        for complaint in complaints {
            status = 1;
            io.complain(&format!("printf: {complaint}")).await?;
        }
        if ended || words.is_empty() || words.len() == before {
            return Ok(status);
        }
    }
}

/// Uses the format once: the text, what is wrong, and whether it says to stop.
fn once(format: &[u8], words: &mut &[String]) -> (Vec<u8>, Vec<String>, bool) {
    let (mut out, mut complaints) = (Vec::new(), Vec::new());
    let mut rest = format;
    loop {
        let plain = rest.iter().position(|byte| *byte == b'%');
        let (text, after) = rest.split_at(plain.unwrap_or(rest.len()));
        let (text, ended) = unescape(text);
        out.extend(text);
        let Some((_, after)) = after.split_first().filter(|_| !ended) else {
            return (out, complaints, ended);
        };
        let (field, length) = Field::parse(after);
        rest = after.get(length..).unwrap_or_default();
        let mut word = || {
            let word;
            (word, *words) = words
                .split_first()
                .map_or(("", *words), |(first, rest)| (first, rest));
            word
        };
        match field.conversion {
            Some(b'%') => out.push(b'%'),
            Some(b's') => field.text(word().as_bytes(), &mut out),
            Some(b'b') => {
                let (text, ended) = unescape(word().as_bytes());
                field.text(&text, &mut out);
                if ended {
                    return (out, complaints, true);
                }
            }
            Some(b'c') => {
                let first = word().chars().take(1).collect::<String>();
                field.text(first.as_bytes(), &mut out);
            }
            Some(kind @ (b'd' | b'i' | b'u' | b'x' | b'X' | b'o')) => {
                let word = word();
                let number = number(word);
                if number.is_none() {
                    complaints.push(format!("'{word}': expected a numeric value"));
                }
                field.number(kind, number.unwrap_or_default(), &mut out);
            }
            _ => {
                complaints.push("the format has a conversion that is not simulated".to_owned());
                return (out, complaints, true);
            }
        }
    }
}

/// One `%` of a format, without the `%`.
#[derive(Debug, Default)]
struct Field {
    left: bool,
    zeros: bool,
    plus: bool,
    width: usize,
    precision: Option<usize>,
    conversion: Option<u8>,
}

impl Field {
    /// Reads it, and says how long it is.
    fn parse(text: &[u8]) -> (Field, usize) {
        let mut field = Field::default();
        for (place, byte) in text.iter().enumerate() {
            match byte {
                b'-' => field.left = true,
                b'+' => field.plus = true,
                b'0' if field.width == 0 && field.precision.is_none() => field.zeros = true,
                b'.' => field.precision = Some(0),
                b'0'..=b'9' => {
                    let number = field.precision.as_mut().unwrap_or(&mut field.width);
                    *number = (*number * 10 + usize::from(byte - b'0')).min(MAX_WIDTH);
                }
                conversion => {
                    field.conversion = Some(*conversion);
                    return (field, place + 1);
                }
            }
        }
        (field, text.len())
    }

    fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        let length = self.precision.unwrap_or(usize::MAX).min(text.len());
        let text = text.get(..length).unwrap_or(text);
        let padding = vec![b' '; self.width.saturating_sub(length)];
        match self.left {
            true => out.extend(text.iter().chain(&padding)),
            false => out.extend(padding.iter().chain(text)),
        }
    }

    fn number(&self, kind: u8, number: i128, out: &mut Vec<u8>) {
        // Negative numbers wrap around, as in C.
        let bits = number as u64;
        let digits = match kind {
            b'd' | b'i' => number.unsigned_abs().to_string(),
            b'x' => format!("{bits:x}"),
            b'X' => format!("{bits:X}"),
            b'o' => format!("{bits:o}"),
            _ => bits.to_string(),
        };
        let signed = matches!(kind, b'd' | b'i');
        let sign = match (signed && number < 0, signed && self.plus) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => "",
        };
        let width = match (self.precision, self.zeros && !self.left) {
            (Some(precision), _) => precision,
            (None, true) => self.width.saturating_sub(sign.len()),
            (None, false) => 0,
        };
        let whole = Field {
            left: self.left,
            width: self.width,
            ..Field::default()
        };
        whole.text(format!("{sign}{digits:0>width$}").as_bytes(), out);
    }
}

/// A number as C writes it, or the code of the character after a quote.
fn number(word: &str) -> Option<i128> {
    if word.is_empty() {
        return Some(0);
    }
    if let Some(quoted) = word.strip_prefix(['"', '\'']) {
        return quoted.chars().next().map(|one| i128::from(u32::from(one)));
    }
    let (negative, digits) = match word.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let octal = digits.strip_prefix('0').filter(|rest| !rest.is_empty());
    let number = match (hexadecimal, octal) {
        (Some(digits), _) => u64::from_str_radix(digits, 16),
        (None, Some(digits)) => u64::from_str_radix(digits, 8),
        (None, None) => digits.parse(),
    };
    let number = i128::from(number.ok()?);
    Some(if negative { -number } else { number })
}

/// Replaces the escapes of a backslash. Whether `\c` was among them, which ends
/// the output there.
pub(super) fn unescape(text: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'a') => out.push(0x07),
            Some(b'b') => out.push(0x08),
            Some(b'e') => out.push(0x1b),
            Some(b'f') => out.push(0x0c),
            Some(b'v') => out.push(0x0b),
            Some(b'\\') => out.push(b'\\'),
            Some(b'c') => return (out, true),
            Some(b'x') => out.push(digits(&mut bytes, 0, 2, 16)),
            Some(digit @ b'0'..=b'7') => {
                let most = if digit == b'0' { 3 } else { 2 };
                out.push(digits(&mut bytes, u32::from(digit - b'0'), most, 8));
            }
            Some(other) => out.extend([b'\\', other]),
            None => out.push(b'\\'),
        }
    }
    (out, false)
}

/// A byte by its number, which `value` begins and at most so many digits go on with.
fn digits(
    bytes: &mut Peekable<impl Iterator<Item = u8>>,
    mut value: u32,
    most: u32,
    radix: u32,
) -> u8 {
    for _ in 0..most {
        let next = bytes.peek().copied().map(char::from);
        let Some(digit) = next.and_then(|next| next.to_digit(radix)) else {
            break;
        };
        value = value * radix + digit;
        bytes.next();
    }
    // The last eight bits count, as in C.
    value.to_le_bytes()[0]
}
