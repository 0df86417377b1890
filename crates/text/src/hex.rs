//! Bytes as hex digits.

/// Two lower-case hex digits for each byte.
pub fn digits(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        push(*byte, &mut text);
    }
    text
}

/// How many bytes an excerpt shows.
pub(crate) const SHOWN: usize = 32;

/// Bytes for one line of an error message: their digits, and the text that they are too where
/// they are plain text: `48 54 54 50 ("HTTP")`. What is beyond the first 32 is only counted.
pub fn excerpt(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN));
    let mut text = String::with_capacity(4 * SHOWN);
    for byte in shown {
        if !text.is_empty() {
            text.push(' ');
        }
        push(*byte, &mut text);
    }
    if !rest.is_empty() {
        text.push_str(&format!(" and {} more bytes", rest.len()));
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
    if shown.len() > 3 && shown.iter().all(is_text) {
        text.push_str(&format!(" (\"{}\")", shown.escape_ascii()));
    }
    text
}

/// Appends the two digits of one byte.
pub(crate) fn push(byte: u8, text: &mut String) {
    for digit in [byte >> 4, byte & 0xf] {
        text.extend(char::from_digit(digit.into(), 16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits() {
        assert_eq!(digits(&[]), "");
        assert_eq!(digits(&[0x00, 0x0f, 0xa9, 0xff]), "000fa9ff");
    }

    #[test]
    fn short_bytes_are_shown_whole() {
        assert_eq!(excerpt(&[]), "");
        assert_eq!(excerpt(&[0, 0x1f, 0xff]), "00 1f ff");
        assert_eq!(
            excerpt(b"HTTP/1\r\n"),
            "48 54 54 50 2f 31 0d 0a (\"HTTP/1\\r\\n\")"
        );
    }

    #[test]
    fn long_bytes_are_cut_and_counted() {
        assert_eq!(
            excerpt(&[0xaa; 34]),
            format!("{} and 2 more bytes", ["aa"; 32].join(" "))
        );
    }
}
