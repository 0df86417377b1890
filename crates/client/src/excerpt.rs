//! Bytes from the other side, made safe and short enough for one line of an
//! error message.

use std::fmt::Write;

/// At most so many bytes are shown.
const SHOWN: usize = 32;

/// The bytes in hexadecimal, and as text too where they are plain text:
/// `48 54 54 50 ("HTTP")`. What is beyond the first 32 is only counted.
pub fn hex(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN));
    let mut text = String::with_capacity(4 * SHOWN);
    for byte in shown {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    if !rest.is_empty() {
        let _ = write!(text, " and {} more bytes", rest.len());
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || b" \t\r\n".contains(byte);
    if shown.len() > 3 && shown.iter().all(is_text) {
        let _ = write!(text, " (\"{}\")", shown.escape_ascii());
    }
    text
}

/// The bytes as quoted text with escapes: `"NO\r"`. What is beyond the first 32
/// is only counted.
pub fn quoted(bytes: &[u8]) -> String {
    let (shown, rest) = bytes.split_at(bytes.len().min(SHOWN));
    let mut text = format!("\"{}\"", shown.escape_ascii());
    if !rest.is_empty() {
        let _ = write!(text, " and {} more bytes", rest.len());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{hex, quoted};

    #[test]
    fn short_bytes_are_shown_whole() {
        assert_eq!(hex(&[]), "");
        assert_eq!(hex(&[0, 0x1f, 0xff]), "00 1f ff");
        assert_eq!(
            hex(b"HTTP/1\r\n"),
            "48 54 54 50 2f 31 0d 0a (\"HTTP/1\\r\\n\")"
        );
        assert_eq!(quoted(b"a\"\x1b[0m\xff"), "\"a\\\"\\x1b[0m\\xff\"");
    }

    #[test]
    fn long_bytes_are_cut_and_counted() {
        assert_eq!(
            hex(&[0xaa; 34]),
            format!("{} and 2 more bytes", ["aa"; 32].join(" "))
        );
        assert_eq!(
            quoted(&[b'x'; 33]),
            format!("\"{}\" and 1 more bytes", "x".repeat(32))
        );
    }
}
