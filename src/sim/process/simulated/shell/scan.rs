//! Goes through the text of a script: blanks, comments, ends of lines and words.
//! It knows no grammar.

use super::parse::Parser;
use super::syntax::Problem;

impl<'a> Parser<'a> {
    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes on behind so many bytes.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.skip(text.len());
        }
        found
    }

    /// Skips what separates words: blanks, a comment, a line that goes on.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            if self.take("\\\n") {
                continue;
            }
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.skip(1),
                Some('#') => {
                    let line = self.rest().find('\n');
                    self.skip(line.unwrap_or(self.rest().len()));
                }
                _ => return,
            }
        }
    }

    /// Skips the ends of lines too. Whether there were any.
    pub(super) fn skip_lines(&mut self) -> bool {
        let mut found = false;
        self.skip_blanks();
        while self.peek() == Some('\n') {
            found = true;
            self.skip(1);
            self.skip_blanks();
        }
        found
    }

    /// Whether this word, or this bracket, comes next.
    pub(super) fn is_at(&self, word: &str) -> bool {
        let after = self.rest().strip_prefix(word);
        let ends = |after: &str| after.is_empty() || after.starts_with(ends_word);
        after.is_some_and(|after| word == ")" || ends(after))
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_at(word);
        if found {
            self.skip(word.len());
        }
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Result<(), Problem> {
        match self.take_word(word) {
            true => Ok(()),
            false => Err(self.unexpected()),
        }
    }

    /// What stands here does not belong here.
    pub(super) fn unexpected(&self) -> Problem {
        match self.peek() {
            None => Problem::Incomplete,
            Some('\n') => Problem::Unexpected("newline".to_owned()),
            Some(first) => {
                let end = match self.rest().find(ends_word) {
                    Some(0) => first.len_utf8(),
                    Some(end) => end,
                    None => self.rest().len(),
                };
                let text = self.rest().get(..end).unwrap_or_default();
                Problem::Unexpected(text.chars().take(40).collect())
            }
        }
    }
}

/// The name that a text begins with; empty if it begins with none.
pub(super) fn name(text: &str) -> &str {
    let of_name = |(place, one): (usize, char)| {
        one == '_' || one.is_ascii_alphabetic() || (place > 0 && one.is_ascii_digit())
    };
    let end = text.char_indices().find(|each| !of_name(*each));
    text.get(..end.map_or(text.len(), |(end, _)| end))
        .unwrap_or_default()
}

/// Whether a character that is not quoted ends a word.
pub(super) fn ends_word(one: char) -> bool {
    matches!(
        one,
        ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')'
    )
}
