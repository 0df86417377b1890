//! Text of a user's or an agent's, made fit to stand in a one-line message.
//! It knows nothing about what the text means.

use std::fmt::{self, Write as _};

/// How many characters of a text are shown.
const SHOWN: usize = 60;

/// Shows a text in double quotes: at most 60 characters of it, then `...`, with
/// everything escaped that a terminal would act on.
#[derive(Debug, Clone, Copy)]
pub struct Excerpt<'a>(pub &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(f, self.0, SHOWN)
    }
}

/// Shows the whole of a text in double quotes, escaped likewise: for names,
/// where each part matters.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_quoted(f, self.0, usize::MAX)
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str, limit: usize) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text.chars();
    for character in rest.by_ref().take(limit) {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            '\n' | '\r' | '\t' => write!(f, "{}", character.escape_default())?,
            _ if is_unprintable(character) => write!(f, "{}", character.escape_unicode())?,
            _ => f.write_char(character)?,
        }
    }
    f.write_str(if rest.next().is_some() { "...\"" } else { "\"" })
}

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
            r#""a\"b\\\n\u{1b}[2J\u{202e}\u{9b}""#
        );
    }

    #[test]
    fn what_ordinary_text_needs_is_kept() {
        let text = "\u{200c}\u{200d}\u{fe0f}\u{3000}\u{a0}";
        assert_eq!(Quoted(text).to_string(), format!("\"{text}\""));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let exact = "é".repeat(60);
        assert_eq!(Excerpt(&exact).to_string(), format!("\"{exact}\""));
        let over = "é".repeat(61);
        assert_eq!(Excerpt(&over).to_string(), format!("\"{exact}...\""));
        assert_eq!(Quoted(&over).to_string(), format!("\"{over}\""));
    }
}
