//! Text from elsewhere, made safe to show: what a terminal would act on, or a
//! reader could not see, appears as a visible escape.

use std::borrow::Cow;

use super::excerpt::is_unprintable;

/// How many characters of a message from an agent are shown.
pub const MAX_CHARS: usize = 2000;

/// `text` with everything unprintable escaped, line ends and tabs included.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unprintable)
}

/// `text` with everything unprintable escaped but line ends and tabs.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_unprintable(c) && c != '\n' && c != '\t')
}

/// As [`line()`], for bytes that may not be text: each byte that is not UTF-8
/// appears as `\xHH`.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(&line(chunk.valid()));
        for byte in chunk.invalid() {
            push_byte(*byte, &mut out);
        }
    }
    out
}

/// The first line of `text` that is not blank, at most `max_chars` of its characters, escaped;
/// `...` follows where the line was cut.
pub fn first_line(text: &str, max_chars: usize) -> String {
    let is_blank = |line: &&str| line.trim().is_empty();
    let first = text
        .lines()
        .find(|line| !is_blank(line))
        .unwrap_or_default();
    // Where a message was quoted once more, its line breaks are no longer any.
    let kept = first.split("\\n\\nStack backtrace").next().unwrap_or(first);
    let end = kept.char_indices().nth(max_chars).map(|(end, _)| end);
    let kept = end.and_then(|end| kept.get(..end)).unwrap_or(kept);
    let dots = if kept.len() < first.len() { "..." } else { "" };
    format!("{}{dots}", line(kept))
}

fn escaped(text: &str, needs_escape: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if needs_escape(c) {
            push_escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn push_escape(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_ascii() => push_byte(c as u8, out),
        c => out.extend(c.escape_unicode()),
    }
}

fn push_byte(byte: u8, out: &mut String) {
    out.push_str("\\x");
    for digit in [byte >> 4, byte & 0xf] {
        out.extend(char::from_digit(digit.into(), 16));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_terminal_acts_on_becomes_visible() {
        assert_eq!(
            line("a\u{1b}[2Jb\n\u{9b}\u{202e}é"),
            r"a\x1b[2Jb\n\u{9b}\u{202e}é"
        );
        assert_eq!(lines("a\tb\r\nc\u{7}"), "a\tb\\r\nc\\x07");
        assert_eq!(bytes(b"ok\xff\xc3\xa9\xe2\x80"), "ok\\xffé\\xe2\\x80");
        assert!(matches!(line("plain 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_first_line_is_cut() {
        assert_eq!(first_line("\r\none\r\ntwo", 10), "one");
        assert_eq!(
            first_line("a: b\\n\\nStack backtrace:\\n  0: x", 10),
            "a: b..."
        );
        assert_eq!(first_line(" \t\n\n  one\ntwo", 10), "  one");
        assert_eq!(first_line("", 10), "");
        assert_eq!(first_line("äöüx", 3), "äöü...");
        assert_eq!(first_line("äöü", 3), "äöü");
    }

    proptest! {
        #[test]
        fn nothing_unprintable_is_left(given in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(!bytes(&given).chars().any(is_unprintable));
        }
    }
}
