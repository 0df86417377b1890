//! JSON strings as this tool writes them: valid JSON in which nothing is left
//! that a terminal acts on or that a reader cannot see.

use std::fmt;

use agent_text::escape::is_unprintable;

/// Shows a text as a JSON string: for a map's key in a path, where it is read
/// as one.
#[derive(Debug, Clone, Copy)]
pub struct JsonString<'a>(pub &'a str);

impl fmt::Display for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        write(self.0, &mut out);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

/// Appends `text` as a JSON string, quotes included.
pub fn write(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(plain_length(rest.as_bytes()));
        out.extend_from_slice(head.as_bytes());
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            write_char(c, out);
        }
        rest = chars.as_str();
    }
    out.push(b'"');
}

/// Whether a byte is a character that needs no escape.
const IS_PLAIN: [bool; 256] = {
    let mut is_plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        is_plain[byte] = !matches!(byte as u8, b'"' | b'\\');
        byte += 1;
    }
    is_plain
};

/// How many bytes there are before the first whose character may need an escape.
fn plain_length(text: &[u8]) -> usize {
    let mut length = 0;
    for &byte in text {
        if !IS_PLAIN[usize::from(byte)] {
            break;
        }
        length += 1;
    }
    length
}

fn write_char(c: char, out: &mut Vec<u8>) {
    match c {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        c if is_unprintable(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
        c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

/// JSON that another writer made, with what it left in strings that this one
/// escapes. The line ends between values stay.
pub fn escape_unprintable(json: &str) -> String {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n');
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(is_plain).count();
        let (head, tail) = rest.split_at(plain);
        out.push_str(head);
        let mut chars = tail.chars();
        match chars.next() {
            Some(c) if is_unprintable(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            Some(c) => out.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
    out
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_a_terminal_acts_on() {
        assert_eq!(written("a\"b\\c\n\r\t"), r#""a\"b\\c\n\r\t""#);
        assert_eq!(
            written("\u{1b}[2J\u{7f}\u{9b}"),
            r#""\u001b[2J\u007f\u009b""#
        );
        assert_eq!(
            written("\u{202e}\u{2066}\u{feff}"),
            r#""\u202e\u2066\ufeff""#
        );
        assert_eq!(written("\u{e0041}"), r#""\udb40\udc41""#);
        assert_eq!(written("grün 漢字 🦀"), "\"grün 漢字 🦀\"");
    }

    proptest! {
        #[test]
        fn reads_back_as_the_same_text_with_nothing_unprintable(text in ".*") {
            let json = written(&text);
            prop_assert!(!json.chars().any(is_unprintable));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), &*text);
            let other = escape_unprintable(&serde_json::to_string(&text).unwrap());
            prop_assert!(!other.chars().any(is_unprintable));
            prop_assert_eq!(serde_json::from_str::<String>(&other).unwrap(), text);
        }
    }
}
