//! Bytes as a user writes them: the text itself, `hex:` or `base64:`.

use crate::base64::{self, Base64Error};
use crate::excerpt::Excerpt;

/// Why a text with a prefix is not bytes in that notation.
#[derive(Debug, thiserror::Error)]
pub enum BytesError {
    /// A character is no hexadecimal digit.
    #[error("{} is not bytes: {found:?} at character {position} is not a hexadecimal digit", Excerpt(.text))]
    HexDigit {
        /// What was given.
        text: String,
        /// The character.
        found: char,
        /// Which character after `hex:` it is, counted from 1.
        position: usize,
    },
    /// The last byte has one digit only.
    #[error("{} is not bytes: an odd number of hexadecimal digits ({digits})", Excerpt(.text))]
    HexLength {
        /// What was given.
        text: String,
        /// How many digits there are.
        digits: usize,
    },
    /// Not base64.
    #[error("{} is not bytes: {problem}", Excerpt(.text))]
    Base64 {
        /// What was given.
        text: String,
        /// What is wrong after `base64:`.
        problem: Base64Error,
    },
}

/// Reads bytes.
pub fn parse(text: &str) -> Result<Vec<u8>, BytesError> {
    if let Some(digits) = text.strip_prefix("hex:") {
        hex(text, digits)
    } else if let Some(digits) = text.strip_prefix("base64:") {
        base64::decode(digits).map_err(|problem| BytesError::Base64 {
            text: text.to_owned(),
            problem,
        })
    } else {
        Ok(text.as_bytes().to_vec())
    }
}

fn hex(text: &str, digits: &str) -> Result<Vec<u8>, BytesError> {
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut half = None;
    for (index, found) in digits.chars().enumerate() {
        let digit = found.to_digit(16).ok_or_else(|| BytesError::HexDigit {
            text: text.to_owned(),
            found,
            position: index + 1,
        })? as u8;
        half = match half {
            None => Some(digit),
            Some(high) => {
                bytes.push(high << 4 | digit);
                None
            }
        };
    }
    match half {
        None => Ok(bytes),
        Some(_) => Err(BytesError::HexLength {
            text: text.to_owned(),
            digits: digits.len(),
        }),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn every_notation() {
        assert_eq!(parse("a\0é").unwrap(), "a\0é".as_bytes());
        assert_eq!(parse("").unwrap(), b"");
        assert_eq!(parse("hex:").unwrap(), b"");
        assert_eq!(parse("hex:00fFaB").unwrap(), [0x00, 0xff, 0xab]);
        assert_eq!(parse("base64:-_8=").unwrap(), [0xfb, 0xff]);
        assert_eq!(parse("HEX:00").unwrap(), b"HEX:00");
    }

    #[test]
    fn errors_tell_the_place() {
        let message = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            message("hex:0g"),
            "\"hex:0g\" is not bytes: 'g' at character 2 is not a hexadecimal digit"
        );
        assert_eq!(
            message("hex:012"),
            "\"hex:012\" is not bytes: an odd number of hexadecimal digits (3)"
        );
        assert_eq!(
            message("base64:A?"),
            "\"base64:A?\" is not bytes: '?' at character 2 is not a base64 digit"
        );
        assert_eq!(
            message("base64:A"),
            "\"base64:A\" is not bytes: it ends within a group of four base64 digits"
        );
    }
}
