//! A command that is still being typed: its finished words, and where the word
//! at the cursor begins.

use super::error::WordsError;
use super::quoting::{Hash, Scanner};
use super::words::{JSON, Word, word};
use crate::json;
use crate::path::setter_path;

/// What a command's text up to the cursor has so far.
#[derive(Debug, Default)]
pub struct Typed {
    /// The words that white space has ended.
    pub words: Vec<Word>,
    /// Where the word at the cursor begins, in bytes: the text's end if none does.
    /// `None` in a comment.
    pub start: Option<usize>,
    /// What that word must still be closed with.
    pub open: Option<Open>,
}

/// What is begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// A quote.
    Quote,
    /// The JSON after `json://`.
    Document,
    /// What may be JSON, as the value of a setter with this path.
    Value(String),
}

/// Reads the words of `text` from `start` bytes on; the cursor is at its end.
pub fn typed(text: &str, start: usize) -> Typed {
    let mut scanner = Scanner::at(text, start);
    let mut typed = Typed::default();
    loop {
        let follows = scanner.skip_white_space(Hash::Comment);
        let position = scanner.position();
        if !follows {
            typed.start = scanner.rest().is_empty().then_some(position);
            return typed;
        }
        typed.open = open_json(scanner.rest());
        let read = match typed.open {
            Some(_) => None,
            None => Some(word(&mut scanner)),
        };
        match read {
            Some(Ok(word)) if !scanner.rest().is_empty() => typed.words.push(word),
            read => {
                if let Some(Err(WordsError::UnclosedQuote { .. })) = read {
                    typed.open = Some(Open::Quote);
                }
                typed.start = Some(position);
                return typed;
            }
        }
    }
}

/// The JSON that the word at the beginning of `rest` begins and does not end.
fn open_json(rest: &str) -> Option<Open> {
    if let Some(document) = rest.strip_prefix(JSON) {
        return json::is_unfinished(document).then_some(Open::Document);
    }
    let length = setter_path(rest)?;
    let value = rest.get(length + 1..)?;
    let is_open = value.starts_with(['{', '[']) && json::is_unfinished(value);
    is_open.then(|| Open::Value(rest.get(..length).unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_the_cursor_is_found() {
        for (text, words, start, open) in [
            ("X", 0, Some(1), None),
            ("X ", 0, Some(2), None),
            ("X a", 0, Some(2), None),
            ("X a=1 b", 1, Some(6), None),
            ("X a='b c", 0, Some(2), Some(Open::Quote)),
            ("X a='b c' d=\\ e", 1, Some(10), None),
            (r#"X json://{"a": [1, "#, 0, Some(2), Some(Open::Document)),
            (r#"X json://{"a b": 1} c"#, 1, Some(20), None),
            (r#"X m={"a": "b"#, 0, Some(2), Some(Open::Value("m".into()))),
            (
                r#"X m={"a": "b"} n={"#,
                1,
                Some(15),
                Some(Open::Value("n".into())),
            ),
            ("X m={x y", 1, Some(7), None),
            (
                "X m[a b].c={",
                0,
                Some(2),
                Some(Open::Value("m[a b].c".into())),
            ),
            ("X a=1 # b", 1, None, None),
            ("X json://", 0, Some(2), None),
        ] {
            let found = typed(text, 1);
            assert_eq!(found.words.len(), words, "{text}");
            assert_eq!((found.start, found.open), (start, open), "{text}");
        }
    }
}
