//! Reads one word of a script: quotes, backslashes, and what begins with `$`.
//! It expands nothing.

use super::parse::Parser;
use super::scan::{ends_word, name};
use super::syntax::{Expansion, Part, Problem, Word};

impl Parser<'_> {
    /// The next word. `None` where none begins.
    pub(super) fn word(&mut self) -> Result<Option<Word>, Problem> {
        self.word_until(None)
    }

    /// A word, up to a bracket if one is given, within which blanks end nothing.
    fn word_until(&mut self, bracket: Option<char>) -> Result<Option<Word>, Problem> {
        let mut word = Word::default();
        loop {
            let Some(next) = self.peek() else {
                match bracket {
                    Some(_) => return Err(Problem::Incomplete),
                    None => break,
                }
            };
            match next {
                next if Some(next) == bracket => break,
                next if bracket.is_none() && ends_word(next) => break,
                '\'' => {
                    self.skip(1);
                    let end = self.rest().find('\'').ok_or(Problem::Incomplete)?;
                    push(&mut word, self.rest().get(..end).unwrap_or_default());
                    self.skip(end + 1);
                }
                '"' => {
                    self.skip(1);
                    self.quoted(&mut word)?;
                }
                '\\' => {
                    self.skip(1);
                    match self.peek() {
                        None => return Err(Problem::Incomplete),
                        Some('\n') => {}
                        Some(one) => push(&mut word, one.encode_utf8(&mut [0; 4])),
                    }
                    self.skip(self.peek().map_or(0, char::len_utf8));
                }
                '$' => self.dollar(&mut word, false)?,
                '`' => return Err(Problem::Unknown("`...`")),
                one => {
                    push(&mut word, one.encode_utf8(&mut [0; 4]));
                    self.skip(one.len_utf8());
                }
            }
        }
        Ok((!word.0.is_empty() || bracket.is_some()).then_some(word))
    }

    /// The rest of a text in double quotes.
    fn quoted(&mut self, word: &mut Word) -> Result<(), Problem> {
        push(word, "");
        loop {
            match self.peek().ok_or(Problem::Incomplete)? {
                '"' => {
                    self.skip(1);
                    return Ok(());
                }
                '\\' => {
                    self.skip(1);
                    let next = self.peek().ok_or(Problem::Incomplete)?;
                    self.skip(next.len_utf8());
                    match next {
                        '\n' => {}
                        '$' | '`' | '"' | '\\' => push(word, next.encode_utf8(&mut [0; 4])),
                        next => {
                            push(word, "\\");
                            push(word, next.encode_utf8(&mut [0; 4]));
                        }
                    }
                }
                '$' => self.dollar(word, true)?,
                '`' => return Err(Problem::Unknown("`...`")),
                one => {
                    push(word, one.encode_utf8(&mut [0; 4]));
                    self.skip(one.len_utf8());
                }
            }
        }
    }

    /// What begins with a `$`, or the `$` itself.
    fn dollar(&mut self, word: &mut Word, quoted: bool) -> Result<(), Problem> {
        self.skip(1);
        let what = if self.rest().starts_with("((") {
            return Err(Problem::Unknown("arithmetic"));
        } else if self.take("(") {
            let items = self.list(&[")"])?;
            self.skip(1);
            Expansion::Output(items)
        } else if self.take("{") {
            self.enter()?;
            let what = self.braces()?;
            self.leave();
            what
        } else {
            let name = parameter(self.rest());
            if name.is_empty() {
                push(word, "$");
                return Ok(());
            }
            self.skip(name.len());
            Expansion::Value(name.to_owned())
        };
        word.0.push(Part::Expansion { quoted, what });
        Ok(())
    }

    /// The rest of `${...}`.
    fn braces(&mut self) -> Result<Expansion, Problem> {
        let length = self.rest().starts_with('#') && !self.rest().starts_with("#}");
        if length {
            self.skip(1);
        }
        let name = match name(self.rest()) {
            "" => {
                let digits = self.rest().find(|one: char| !one.is_ascii_digit());
                let digits = self.rest().get(..digits.unwrap_or(0)).unwrap_or_default();
                match digits {
                    "" => parameter(self.rest()),
                    digits => digits,
                }
            }
            name => name,
        };
        if name.is_empty() {
            return Err(self.unexpected());
        }
        self.skip(name.len());
        let name = name.to_owned();
        if self.take("}") {
            return Ok(match length {
                true => Expansion::Length(name),
                false => Expansion::Value(name),
            });
        }
        let or_empty = self.take(":");
        if length || !self.take("-") {
            return match self.peek() {
                None => Err(Problem::Incomplete),
                Some(_) => Err(Problem::Unknown("such an expansion")),
            };
        }
        let word = self.word_until(Some('}'))?.unwrap_or_default();
        self.skip(1);
        Ok(Expansion::Default {
            name,
            or_empty,
            word,
        })
    }
}

/// The name, or the one character, behind a `$`; empty if there is neither.
fn parameter(text: &str) -> &str {
    match name(text) {
        "" if text.starts_with(|one: char| one.is_ascii_digit() || "?$#@*!".contains(one)) => {
            text.get(..1).unwrap_or_default()
        }
        name => name,
    }
}

fn push(word: &mut Word, text: &str) {
    match word.0.last_mut() {
        Some(Part::Text(before)) => before.push_str(text),
        _ => word.0.push(Part::Text(text.to_owned())),
    }
}
