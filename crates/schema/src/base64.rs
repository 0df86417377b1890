//! Base64 text in either of its alphabets. It knows letters and bytes only.

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

/// Decodes base64 in the standard or the URL-safe alphabet, padded or not. Bits
/// of the last digit that no byte needs may be anything.
///
/// # Errors
/// When a character is no digit, or the number of digits is impossible.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (groups, rest) = digits.as_bytes().as_chunks::<4>();
    for group in groups {
        let [_, group @ ..] = bits(group).ok_or_else(|| bad_digit(digits))?.to_be_bytes();
        bytes.extend_from_slice(&group);
    }
    let bits = bits(rest).ok_or_else(|| bad_digit(digits))?;
    match rest.len() {
        0 if padding == 0 => {}
        2 if padding == 0 || padding == 2 => bytes.push((bits >> 4) as u8),
        3 if padding <= 1 => bytes.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => return Err(Base64Error::Length),
    }
    Ok(bytes)
}

/// Appends `bytes` to `out` in the standard alphabet, padded.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let letter = |bits: u32| {
        let letter = ALPHABET.get((bits & 0x3f) as usize);
        letter.copied().unwrap_or_default()
    };
    out.reserve(bytes.len().div_ceil(3) * 4);
    let (groups, rest) = bytes.as_chunks::<3>();
    for [a, b, c] in groups {
        let bits = u32::from_be_bytes([0, *a, *b, *c]);
        out.extend_from_slice(&[
            letter(bits >> 18),
            letter(bits >> 12),
            letter(bits >> 6),
            letter(bits),
        ]);
    }
    match *rest {
        [a] => {
            let bits = u32::from(a) << 4;
            out.extend_from_slice(&[letter(bits >> 6), letter(bits), b'=', b'=']);
        }
        [a, b] => {
            let bits = u32::from_be_bytes([0, 0, a, b]) << 2;
            out.extend_from_slice(&[letter(bits >> 12), letter(bits >> 6), letter(bits), b'=']);
        }
        _ => {}
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Stands in [`DIGITS`] for a byte that is no digit.
const NO_DIGIT: u8 = 0xff;

/// The value of each byte as a digit of either alphabet.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        digits[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    digits[b'-' as usize] = 62;
    digits[b'_' as usize] = 63;
    digits
};

/// The bits of up to four digits. `None` if one is no digit.
fn bits(digits: &[u8]) -> Option<u32> {
    let (mut bits, mut all) = (0, 0);
    for byte in digits {
        let digit = DIGITS.get(usize::from(*byte)).copied().unwrap_or(NO_DIGIT);
        all |= digit;
        bits = bits << 6 | u32::from(digit & 0x3f);
    }
    (all & 0xc0 == 0).then_some(bits)
}

/// The error for the first character that is no digit.
fn bad_digit(digits: &str) -> Base64Error {
    let found = digits
        .chars()
        .zip(1..)
        .find(|(found, _)| !found.is_ascii() || bits(&[*found as u8]).is_none());
    match found {
        Some((found, position)) => Base64Error::Digit { found, position },
        None => Base64Error::Length,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(decode(text).unwrap(), bytes.as_bytes());
            assert_eq!(
                decode(text.trim_end_matches('=')).unwrap(),
                bytes.as_bytes()
            );
        }
    }

    #[test]
    fn both_alphabets() {
        assert_eq!(decode("-_-_").unwrap(), decode("+/+/").unwrap());
        assert_eq!(decode("+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
    }

    #[test]
    fn bits_that_no_byte_needs_are_ignored() {
        assert_eq!(decode("-_").unwrap(), [0xfb]);
        assert_eq!(decode("Zm9=").unwrap(), b"fo");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut text = Vec::new();
            encode(&bytes, &mut text);
            prop_assert_eq!(text.len(), bytes.len().div_ceil(3) * 4);
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(decode(&text).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_not_base64() {
        for text in ["Z", "Zg=", "Zg===", "Zm8==", "Zm9v=", "=", "Zm9vY"] {
            assert_eq!(decode(text), Err(Base64Error::Length), "{text}");
        }
        assert_eq!(
            decode("éZg=Zg==").unwrap_err().to_string(),
            "'é' at character 1 is not a base64 digit"
        );
        assert_eq!(
            decode("Zg=Z"),
            Err(Base64Error::Digit {
                found: '=',
                position: 3
            })
        );
    }
}
