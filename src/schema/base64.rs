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

/// Decodes base64 in the standard or the URL-safe alphabet, padded or not.
///
/// # Errors
/// When a character is no digit, or the number of digits is impossible.
pub fn decode(text: &str) -> Result<Vec<u8>, Base64Error> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0usize);
    for (index, found) in digits.chars().enumerate() {
        let digit = digit(found).ok_or(Base64Error::Digit {
            found,
            position: index + 1,
        })?;
        bits = bits << 6 | digit;
        count += 1;
        if count % 4 == 0 {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    match count % 4 {
        0 if padding == 0 => {}
        2 if padding == 0 || padding == 2 => bytes.push((bits >> 4) as u8),
        3 if padding <= 1 => bytes.extend_from_slice(&((bits >> 2) as u16).to_be_bytes()),
        _ => return Err(Base64Error::Length),
    }
    Ok(bytes)
}

fn digit(character: char) -> Option<u32> {
    let offset = |first: char| u32::from(character) - u32::from(first);
    Some(match character {
        'A'..='Z' => offset('A'),
        'a'..='z' => offset('a') + 26,
        '0'..='9' => offset('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

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
