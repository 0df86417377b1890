//! A text as a shell's line must have it, inside the quotes that are open.

use super::Shell;
use super::line::Quote;

/// What stands for `text` on a line where `quote` is open.
pub(super) fn quoted(text: &str, quote: Quote, shell: Shell) -> String {
    let mut word = String::new();
    for character in text.chars() {
        match (quote, character) {
            (Quote::None, _) if is_plain(character) => word.push(character),
            (Quote::None, _) => word.extend(['\\', character]),
            (Quote::Single, '\'') if shell == Shell::Fish => word.push_str("\\'"),
            (Quote::Single, '\\') if shell == Shell::Fish => word.push_str("\\\\"),
            (Quote::Single, '\'') => word.push_str("'\\''"),
            (Quote::Double, '"' | '\\' | '$') => word.extend(['\\', character]),
            (Quote::Double, '`') if shell != Shell::Fish => word.push_str("\\`"),
            _ => word.push(character),
        }
    }
    word
}

/// What ends a word in which `quote` is open.
pub(super) fn close(quote: Quote) -> &'static str {
    match quote {
        Quote::None => " ",
        Quote::Single => "' ",
        Quote::Double => "\" ",
    }
}

/// Whether no shell makes anything of the character in the middle of a word.
fn is_plain(character: char) -> bool {
    !character.is_ascii() || character.is_ascii_alphanumeric() || "_-./:=@%+,".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_kept() {
        for (text, quote, shell, expected) in [
            ("a b=[0].c", Quote::None, Shell::Bash, r"a\ b=\[0\].c"),
            ("it's \"x\"", Quote::Single, Shell::Bash, r#"it'\''s "x""#),
            ("it's \"x\"", Quote::Double, Shell::Zsh, r#"it's \"x\""#),
            ("$HOME`\\", Quote::Double, Shell::Bash, r"\$HOME\`\\"),
            ("it's", Quote::Single, Shell::Fish, r"it\'s"),
            ("é", Quote::None, Shell::Bash, "é"),
        ] {
            assert_eq!(quoted(text, quote, shell), expected);
        }
    }
}
