//! Text of a user's or an agent's, made fit to stand in a one-line message.

use std::fmt;

use crate::escape::{self, is_unprintable};
use crate::hex;

/// How many characters of a text are shown.
const SHOWN: usize = 60;

/// Shows a text in double quotes: at most 60 characters of it, then `...`, with
/// everything escaped that a terminal would act on.
#[derive(Debug, Clone, Copy)]
pub struct Excerpt<'a>(pub &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(self.0, SHOWN))
    }
}

/// Shows the whole of a text in double quotes, escaped likewise: for names,
/// where each part matters.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(self.0, usize::MAX))
    }
}

/// Shows bytes that are mostly text in double quotes, with escapes: `"NO\r"`. What is beyond
/// the first 32 is only counted.
#[derive(Debug, Clone, Copy)]
pub struct QuotedBytes<'a>(pub &'a [u8]);

impl fmt::Display for QuotedBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, rest) = self.0.split_at(self.0.len().min(hex::SHOWN));
        write!(f, "\"{}\"", shown.escape_ascii())?;
        match rest.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more bytes"),
        }
    }
}

fn quoted(text: &str, limit: usize) -> String {
    let mut out = String::from('"');
    let mut rest = text.chars();
    for c in rest.by_ref().take(limit) {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if is_unprintable(c) => escape::push(c, &mut out),
            _ => out.push(c),
        }
    }
    out.push_str(if rest.next().is_some() { "...\"" } else { "\"" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_quoted() {
        assert_eq!(Excerpt("abc é").to_string(), r#""abc é""#);
        assert_eq!(Excerpt("").to_string(), r#""""#);
    }

    #[test]
    fn what_a_terminal_acts_on_is_escaped() {
        assert_eq!(
            Excerpt("a\"b\\\n\u{1b}[2J\u{202e}\u{9b}").to_string(),
            r#""a\"b\\\n\x1b[2J\u{202e}\u{9b}""#
        );
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let exact = "é".repeat(60);
        assert_eq!(Excerpt(&exact).to_string(), format!("\"{exact}\""));
        let over = "é".repeat(61);
        assert_eq!(Excerpt(&over).to_string(), format!("\"{exact}...\""));
        assert_eq!(Quoted(&over).to_string(), format!("\"{over}\""));
    }

    #[test]
    fn bytes_are_escaped_and_cut() {
        assert_eq!(
            QuotedBytes(b"a\"\x1b[0m\xff").to_string(),
            r#""a\"\x1b[0m\xff""#
        );
        assert_eq!(
            QuotedBytes(&[b'x'; 33]).to_string(),
            format!("\"{}\" and 1 more bytes", "x".repeat(32))
        );
    }
}
