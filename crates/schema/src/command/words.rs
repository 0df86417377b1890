//! A command's text, cut into words: quotes and backslashes as in a POSIX
//! shell, without expansion, and JSON taken verbatim where it stands.

use super::error::WordsError;
use super::quoting::{Hash, Scanner};
use crate::json::{self, JsonError};
use crate::path::{setter_path, split_setter};

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

/// What a document in the command itself begins with.
pub const JSON: &str = "json://";
/// What the name of a document's file begins with.
pub const FILE: &str = "file://";

/// Cuts `text` into the words of a command, from `start` bytes on.
///
/// # Errors
/// When a quote is not closed, an escape is wrong, or text follows a JSON value.
pub fn split(text: &str, start: usize, hash: Hash) -> Result<Vec<Word>, WordsError> {
    let mut scanner = Scanner::at(text, start);
    let mut words = Vec::new();
    while scanner.skip_white_space(hash) {
        words.push(word(&mut scanner)?);
    }
    Ok(words)
}

/// Cuts `text` from `start` bytes on into words of which none has a meaning
/// beyond its quoting.
///
/// # Errors
/// When a quote is not closed or an escape is wrong.
pub fn split_plain(text: &str, start: usize, hash: Hash) -> Result<Vec<String>, WordsError> {
    let mut scanner = Scanner::at(text, start);
    let mut words = Vec::new();
    while scanner.skip_white_space(hash) {
        words.push(scanner.text_word()?);
    }
    Ok(words)
}

pub(super) fn word(scanner: &mut Scanner<'_>) -> Result<Word, WordsError> {
    if scanner.rest().starts_with(JSON) {
        scanner.take(JSON.len());
        let length = json::value_end(scanner.rest()).map_err(WordsError::Json)?;
        return Ok(Word::Json(take_json(scanner, length)?.to_owned()));
    }
    if let Some(length) = setter_path(scanner.rest()) {
        let path = scanner.take(length).to_owned();
        scanner.take(1);
        return setter(scanner, path).map(Word::Setter);
    }
    let word = scanner.text_word()?;
    if let Some(json) = word.strip_prefix(JSON) {
        return Ok(Word::Json(json.to_owned()));
    }
    if let Some(path) = word.strip_prefix(FILE) {
        return Ok(Word::File(path.to_owned()));
    }
    // A setter that is quoted as a whole: 'hostname=hello world'.
    match split_setter(&word) {
        Some((path, value)) => Ok(Word::Setter(Setter {
            path: path.to_owned(),
            value: value.as_bytes().to_vec(),
            not_json: None,
        })),
        None => Ok(Word::Plain(word)),
    }
}

/// Reads the value of a setter.
fn setter(scanner: &mut Scanner<'_>, path: String) -> Result<Setter, WordsError> {
    let mut not_json = None;
    if scanner.rest().starts_with(['{', '[']) {
        match json::value_end(scanner.rest()) {
            Ok(length) => {
                let value = take_json(scanner, length)?.as_bytes().to_vec();
                return Ok(Setter {
                    path,
                    value,
                    not_json,
                });
            }
            Err(error) => not_json = Some(error),
        }
    }
    let value = scanner.unquoted()?;
    Ok(Setter {
        path,
        value,
        not_json,
    })
}

/// Takes a JSON value, which must be the end of its word.
fn take_json<'a>(scanner: &mut Scanner<'a>, length: usize) -> Result<&'a str, WordsError> {
    let json = scanner.take(length);
    match scanner.peek() {
        Some(found) if !found.is_whitespace() => Err(WordsError::TextAfterJson {
            column: scanner.column_here(),
            found,
        }),
        _ => Ok(json),
    }
}
