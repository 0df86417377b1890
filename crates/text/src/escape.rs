//! Text from elsewhere, made safe to show: what a terminal would act on, or a
//! reader could not see, appears as a visible escape.

use std::borrow::Cow;

use crate::hex;

/// Whether a character changes how the text around it shows, or shows as
/// nothing: control characters, line and paragraph separators, marks of text
/// direction, and characters that show as nothing or as a space. Kept are those
/// that ordinary text needs to look right: joiners (U+200C, U+200D) and the variation
/// selectors of symbols (U+FE00 to U+FE0F).
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// `text` with everything unprintable escaped, line ends and tabs included.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unprintable)
}

/// `text` with everything unprintable escaped but line ends and tabs.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_unprintable(c) && c != '\n' && c != '\t')
}

/// The first line of `text` that is not blank, at most `max_chars` of its characters, escaped;
/// `...` follows where the line was cut.
pub fn first_line(text: &str, max_chars: usize) -> String {
    let is_blank = |line: &&str| line.trim().is_empty();
    let first = text
        .lines()
        .find(|line| !is_blank(line))
        .unwrap_or_default();
    let kept = without_backtrace(first);
    let end = kept.char_indices().nth(max_chars).map(|(end, _)| end);
    let kept = end.and_then(|end| kept.get(..end)).unwrap_or(kept);
    let dots = if kept.len() < first.len() { "..." } else { "" };
    format!("{}{dots}", line(kept))
}

/// `text` without the backtrace that an agent puts behind the cause of an error.
pub fn without_backtrace(text: &str) -> &str {
    // Where a message was quoted once more, its line breaks are no longer any.
    let ends = ["\n\nStack backtrace", "\\n\\nStack backtrace"];
    let end = ends.iter().filter_map(|end| text.find(end)).min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

fn escaped(text: &str, needs_escape: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if needs_escape(c) {
            push(c, &mut out);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Appends the visible escape of a character.
pub(crate) fn push(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if c.is_ascii() => {
            out.push_str("\\x");
            hex::push(c as u8, out);
        }
        c => out.extend(c.escape_unicode()),
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

    #[test]
    fn what_ordinary_text_needs_is_kept() {
        let text = "\u{200c}\u{200d}\u{fe0f}\u{3000}\u{a0}";
        assert_eq!(line(text), text);
    }

    proptest! {
        #[test]
        fn nothing_unprintable_is_left(given: String) {
            prop_assert!(!line(&given).chars().any(is_unprintable));
        }
    }
}
