//! Bytes as a user writes them: the text itself, `hex:` or `base64:`.

use agent_text::excerpt::Excerpt;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _};

/// Why a text with a prefix is not bytes in that notation.
#[derive(Debug, thiserror::Error)]
pub enum BytesError {
    /// A character is not a hexadecimal digit.
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

/// Why a text is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// A character of neither alphabet.
    #[error("{found:?} at character {position} is not a base64 digit")]
    Digit {
        /// The character.
        found: char,
        /// Which character of the text it is, counted from 1.
        position: usize,
    },
    /// Digits are missing at the end, or the padding is not what they need.
    #[error("it ends within a group of four base64 digits")]
    Length,
}

/// Reads bytes.
pub(super) fn parse(text: &str) -> Result<Vec<u8>, BytesError> {
    if let Some(digits) = text.strip_prefix("hex:") {
        hex(text, digits)
    } else if let Some(digits) = text.strip_prefix("base64:") {
        decode_base64(digits).map_err(|problem| BytesError::Base64 {
            text: text.to_owned(),
            problem,
        })
    } else {
        Ok(text.as_bytes().to_vec())
    }
}

const PADDED: GeneralPurpose = base64_with(DecodePaddingMode::RequireCanonical);
const UNPADDED: GeneralPurpose = base64_with(DecodePaddingMode::RequireNone);

/// As other readers of protobuf's JSON do, this takes any bits where the last digit has
/// some that no byte needs.
const fn base64_with(padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(padding)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&STANDARD, config)
}

/// Decodes base64 in the standard or the URL-safe alphabet, padded or not. White space, as
/// where it is in lines, does not count.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    if !text.contains(is_space) {
        return decode_digits(text);
    }
    decode_digits(&text.replace(is_space, "")).map_err(|error| match error {
        Base64Error::Digit { found, position } => {
            let mut digits = text.chars().enumerate().filter(|(_, c)| !is_space(*c));
            let index = digits.nth(position - 1).map_or(0, |(index, _)| index);
            Base64Error::Digit {
                found,
                position: index + 1,
            }
        }
        Base64Error::Length => error,
    })
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace()
}

fn decode_digits(text: &str) -> Result<Vec<u8>, Base64Error> {
    let engine = if text.ends_with('=') {
        PADDED
    } else {
        UNPADDED
    };
    let standard = text.replace('-', "+").replace('_', "/");
    engine.decode(&standard).map_err(|error| match error {
        DecodeError::InvalidByte(offset, _) => match text.get(offset..).unwrap_or_default() {
            rest if rest.bytes().all(|byte| byte == b'=') => Base64Error::Length,
            rest => Base64Error::Digit {
                found: rest.chars().next().unwrap_or_default(),
                // All digits before it are of one byte.
                position: offset + 1,
            },
        },
        _ => Base64Error::Length,
    })
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
    fn base64_in_both_alphabets_padded_or_not() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("Zm9vYg==", b"foob"),
            ("Zm9vYmE=", b"fooba"),
            ("Zm9vYmFy", b"foobar"),
            (" Zm9v\r\nYg==\n", b"foob"),
            ("+/+/", b"\xfb\xff\xbf"),
            ("-_-_", b"\xfb\xff\xbf"),
            ("-/+_", b"\xfb\xff\xbf"),
            // Bits that no byte needs.
            ("-_", b"\xfb"),
            ("Zm9=", b"fo"),
        ] {
            assert_eq!(decode_base64(text).unwrap(), bytes, "{text}");
            let unpadded = text.trim_end_matches('=');
            assert_eq!(decode_base64(unpadded).unwrap(), bytes, "{text}");
        }
    }

    #[test]
    fn what_is_not_base64() {
        for text in ["Z", "Zg=", "Zg===", "Zm8==", "Zm9v=", "=", "Zm9vY"] {
            assert_eq!(decode_base64(text), Err(Base64Error::Length), "{text}");
        }
        for (text, found, position) in [
            ("éZg=Zg==", 'é', 1),
            ("Zg=Z", '=', 3),
            ("Zm9vY*", '*', 6),
            ("Zm9v\n *", '*', 7),
        ] {
            let error = Base64Error::Digit { found, position };
            assert_eq!(decode_base64(text), Err(error), "{text}");
        }
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
