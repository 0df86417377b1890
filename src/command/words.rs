//! A command's text, cut into words: quotes and backslashes as in a POSIX
//! shell, without expansion, and JSON taken verbatim where it stands. Knows no
//! RPC and no field; the only JSON question it asks is where a value ends.

use crate::schema::json::{self, JsonError};

/// One word of a command after its name.
#[derive(Debug)]
pub enum Word {
    /// `json://...`: a document in the text itself.
    Json(String),
    /// `file://...`: a document in a file, or `-` for standard input.
    File(String),
    /// `path=value`.
    Setter(Setter),
    /// Anything else.
    Plain(String),
}

/// A `path=value` word.
#[derive(Debug)]
pub struct Setter {
    /// The path as typed: no quoting applies in it.
    pub path: String,
    /// The value without its quoting. Bytes, as `\xHH` can make any.
    pub value: Vec<u8>,
    /// Why the value is not JSON although it begins like it.
    pub not_json: Option<JsonError>,
}

/// Why a text cannot be cut into words.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// A quote is opened and never closed.
    #[error("the quote {quote} at column {column} is not closed")]
    UnclosedQuote {
        /// The quote character.
        quote: char,
        /// Where it stands, in characters from 1.
        column: usize,
    },
    /// The text ends in a backslash that escapes nothing.
    #[error("the backslash at the end escapes nothing; write two for a backslash")]
    TrailingBackslash,
    /// `\x` without two hexadecimal digits.
    #[error("\\x at column {column} must be followed by two hexadecimal digits")]
    BadHexEscape {
        /// Where it stands, in characters from 1.
        column: usize,
    },
    /// JSON that is directly followed by something else.
    #[error("white space must follow the JSON value that ends at column {column}, not {found:?}")]
    TextAfterJson {
        /// The column after the value, in characters from 1.
        column: usize,
        /// What stands there.
        found: char,
    },
    /// The text after `json://` is not JSON.
    #[error("json://: {0}")]
    Json(JsonError),
    /// Bytes that are no UTF-8 where text is needed.
    #[error("the word at column {column} is not valid UTF-8")]
    NotText {
        /// Where it begins, in characters from 1.
        column: usize,
    },
}

const JSON: &str = "json://";
const FILE: &str = "file://";

/// Cuts `text` into the words of a command.
///
/// # Errors
/// When a quote is not closed, an escape is wrong, or text follows a JSON value.
pub fn split(text: &str) -> Result<Vec<Word>, WordsError> {
    let mut scanner = Scanner { text, position: 0 };
    let mut words = Vec::new();
    while scanner.skip_white_space() {
        words.push(scanner.word()?);
    }
    Ok(words)
}

/// Cuts `text` into words of which none has a meaning beyond its quoting.
///
/// # Errors
/// When a quote is not closed or an escape is wrong.
pub fn split_plain(text: &str) -> Result<Vec<String>, WordsError> {
    let mut scanner = Scanner { text, position: 0 };
    let mut words = Vec::new();
    while scanner.skip_white_space() {
        words.push(scanner.text_word()?);
    }
    Ok(words)
}

struct Scanner<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
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
    fn skip_white_space(&mut self) -> bool {
        self.position = self.text.len() - self.rest().trim_start().len();
        self.position < self.text.len()
    }

    fn word(&mut self) -> Result<Word, WordsError> {
        if let Some(json) = self.rest().strip_prefix(JSON) {
            self.position += JSON.len();
            let length = json::value_end(json).map_err(WordsError::Json)?;
            return Ok(Word::Json(self.take_json(length)?));
        }
        if let Some(length) = path_length(self.rest()) {
            let path = self.rest().get(..length).unwrap_or_default().to_owned();
            self.position += length + 1;
            return self.setter(path).map(Word::Setter);
        }
        let word = self.text_word()?;
        if let Some(json) = word.strip_prefix(JSON) {
            return Ok(Word::Json(json.to_owned()));
        }
        if let Some(path) = word.strip_prefix(FILE) {
            return Ok(Word::File(path.to_owned()));
        }
        // A setter that is quoted as a whole: 'hostname=hello world'.
        match path_length(&word) {
            Some(length) => Ok(Word::Setter(Setter {
                path: word.get(..length).unwrap_or_default().to_owned(),
                value: word
                    .as_bytes()
                    .get(length + 1..)
                    .unwrap_or_default()
                    .to_vec(),
                not_json: None,
            })),
            None => Ok(Word::Plain(word)),
        }
    }

    fn text_word(&mut self) -> Result<String, WordsError> {
        let start = self.position;
        String::from_utf8(self.unquoted()?).map_err(|_| WordsError::NotText {
            column: self.column(start),
        })
    }

    fn setter(&mut self, path: String) -> Result<Setter, WordsError> {
        let mut not_json = None;
        if self.rest().starts_with(['{', '[']) {
            match json::value_end(self.rest()) {
                Ok(length) => {
                    let value = self.take_json(length)?.into_bytes();
                    return Ok(Setter {
                        path,
                        value,
                        not_json,
                    });
                }
                Err(error) => not_json = Some(error),
            }
        }
        let value = self.unquoted()?;
        Ok(Setter {
            path,
            value,
            not_json,
        })
    }

    fn take_json(&mut self, length: usize) -> Result<String, WordsError> {
        let json = self.rest().get(..length).unwrap_or_default().to_owned();
        self.position += length;
        match self.peek() {
            Some(found) if !found.is_whitespace() => Err(WordsError::TextAfterJson {
                column: self.column(self.position),
                found,
            }),
            _ => Ok(json),
        }
    }

    /// Everything up to white space, quotes and escapes resolved.
    fn unquoted(&mut self) -> Result<Vec<u8>, WordsError> {
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

/// The length of the path before `=` if `text` begins with a setter: names,
/// dots and `[...]`, in which anything but the closing bracket may stand.
fn path_length(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '=' => return (index > 0).then_some(index),
            '[' => skip_brackets(&mut characters)?,
            '\'' | '"' | '\\' | '/' | ':' => return None,
            other if other.is_whitespace() => return None,
            _ => {}
        }
    }
    None
}

fn skip_brackets(characters: &mut std::str::CharIndices<'_>) -> Option<()> {
    let mut first = true;
    let mut quoted = false;
    while let Some((_, character)) = characters.next() {
        match character {
            '"' if first => quoted = true,
            '"' if quoted => quoted = false,
            '\\' if quoted => {
                characters.next();
            }
            ']' if !quoted => return Some(()),
            _ => {}
        }
        first = false;
    }
    None
}
