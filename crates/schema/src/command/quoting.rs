//! Reading a command's text character by character: white space, and the quotes
//! and backslashes of a POSIX shell without its expansions.

use super::error::WordsError;

/// What a `#` is that stands where a word would begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// The beginning of a comment, as in a shell: in scripts and at the prompt.
    Comment,
    /// The beginning of a word: in a command that a shell has read already.
    Word,
}

/// A place in a command's text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    /// The place `position` bytes into a text; columns count from the text's beginning.
    pub(super) fn at(text: &'a str, position: usize) -> Self {
        Self { text, position }
    }

    /// What is left of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// How many bytes of the text lie before.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Takes the next `length` bytes; none if there are fewer.
    pub(super) fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.position += taken.len();
        taken
    }

    /// The column of what comes next, in characters from 1.
    pub(super) fn column_here(&self) -> usize {
        self.column(self.position)
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    /// The column of a byte position, in characters from 1.
    fn column(&self, position: usize) -> usize {
        self.text
            .char_indices()
            .take_while(|(index, _)| *index < position)
            .count()
            + 1
    }

    /// Whether a word follows.
    pub(super) fn skip_white_space(&mut self, hash: Hash) -> bool {
        self.position = self.text.len() - self.rest().trim_start().len();
        match self.peek() {
            Some('#') => hash == Hash::Word,
            next => next.is_some(),
        }
    }

    /// A word that is text.
    pub(super) fn text_word(&mut self) -> Result<String, WordsError> {
        let start = self.position;
        String::from_utf8(self.unquoted()?).map_err(|_| WordsError::NotText {
            column: self.column(start),
        })
    }

    /// Everything up to white space, quotes and escapes resolved.
    pub(super) fn unquoted(&mut self) -> Result<Vec<u8>, WordsError> {
        let mut word = Vec::new();
        while let Some(next) = self.peek() {
            if next.is_whitespace() {
                break;
            }
            let start = self.position;
            self.next();
            match next {
                '\'' => self.single_quoted(start, &mut word)?,
                '"' => self.double_quoted(start, &mut word)?,
                '\\' => push(&mut word, self.next().ok_or(WordsError::TrailingBackslash)?),
                other => push(&mut word, other),
            }
        }
        Ok(word)
    }

    fn single_quoted(&mut self, start: usize, word: &mut Vec<u8>) -> Result<(), WordsError> {
        let end = self
            .rest()
            .find('\'')
            .ok_or_else(|| WordsError::UnclosedQuote {
                quote: '\'',
                column: self.column(start),
            })?;
        word.extend_from_slice(self.rest().as_bytes().get(..end).unwrap_or_default());
        self.position += end + 1;
        Ok(())
    }

    fn double_quoted(&mut self, start: usize, word: &mut Vec<u8>) -> Result<(), WordsError> {
        loop {
            match self.next() {
                Some('"') => return Ok(()),
                Some('\\') => self.escape(word)?,
                Some(other) => push(word, other),
                None => {
                    return Err(WordsError::UnclosedQuote {
                        quote: '"',
                        column: self.column(start),
                    });
                }
            }
        }
    }

    /// What a backslash in double quotes stands for; an unknown pair stays.
    fn escape(&mut self, word: &mut Vec<u8>) -> Result<(), WordsError> {
        let start = self.position.saturating_sub(1);
        match self.next() {
            Some('n') => word.push(b'\n'),
            Some('t') => word.push(b'\t'),
            Some('r') => word.push(b'\r'),
            Some('0') => word.push(0),
            Some(same @ ('\\' | '"')) => push(word, same),
            Some('x') => {
                let byte = self
                    .rest()
                    .get(..2)
                    .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    .ok_or_else(|| WordsError::BadHexEscape {
                        column: self.column(start),
                    })?;
                word.push(byte);
                self.position += 2;
            }
            Some(other) => {
                word.push(b'\\');
                push(word, other);
            }
            // The quote's own error is the better one.
            None => {}
        }
        Ok(())
    }
}

fn push(word: &mut Vec<u8>, character: char) {
    let mut buffer = [0; 4];
    word.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
}
