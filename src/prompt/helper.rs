//! What the line editor asks while a line is typed: what Tab offers, what may
//! follow, and whether the command is complete. The answers are made elsewhere;
//! here they get the form that fits a terminal.

use std::borrow::Cow;
use std::cell::Cell;
use std::env;
use std::fs::OpenOptions;
use std::io::Write;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::SearchDirection;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Result};

use super::PROMPT;
use super::gather::Gatherer;
use crate::complete::{self, Candidate, complete};
use crate::schema::Schema;

/// What stands for the rest of a doc.
const CUT: &str = "...";

/// The narrowest terminal that docs are shown on, in columns.
const NARROWEST: usize = 40;

/// The editor's helper.
pub(super) struct Helper {
    schema: &'static Schema,
    /// How wide the terminal is, in columns.
    width: usize,
    /// Whether hints can be told from what is typed.
    has_hints: bool,
    /// The column that the hint on the screen begins in, if there is one.
    hint_column: Cell<Option<usize>>,
    /// Whether a list is about to be shown, over which a hint would stay.
    is_listing: Cell<bool>,
}

impl Helper {
    /// A helper for commands of this API. Without colours there are no hints.
    pub(super) fn new(schema: &'static Schema) -> Self {
        Self {
            schema,
            width: 80,
            has_hints: env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            hint_column: Cell::new(None),
            is_listing: Cell::new(false),
        }
    }

    /// Tells how wide the terminal is, in columns.
    pub(super) fn set_width(&mut self, columns: usize) {
        self.width = columns;
    }

    /// Erases the hint of a line that was given up, under which the cursor stands.
    pub(super) fn erase_hint_above(&self) {
        if let Some(column) = self.hint_column.take() {
            to_terminal(&format!("\x1b[A\x1b[{}G{ERASE}\r\n", column + 1));
        }
    }

    /// The column that a hint behind `line` begins in, if it fits behind it.
    fn column_of(&self, line: &str, hint: &str) -> Option<usize> {
        // How wide other characters are is up to the terminal.
        let is_plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let (before, last) = match line.rsplit_once('\n') {
            Some((_, last)) => (0, last),
            None => (PROMPT.len(), line),
        };
        let column = (before + last.len()).checked_rem(self.width)?;
        let fits = column > 0 && column + hint.len() < self.width;
        (fits && is_plain(last) && is_plain(hint)).then_some(column)
    }

    fn find_hint(
        &self,
        line: &str,
        position: usize,
        context: &Context<'_>,
    ) -> Option<(Suggestion, usize)> {
        if !self.has_hints || position < line.len() || line.trim().is_empty() {
            return None;
        }
        let suggestion = from_history(line, context).or_else(|| {
            let text = complete::usage(self.schema, line)?;
            Some(Suggestion {
                text,
                is_text: false,
            })
        })?;
        let column = self.column_of(line, &suggestion.text)?;
        Some((suggestion, column))
    }
}

/// What erases the rest of a line.
const ERASE: &str = "\x1b[K";

/// Writes to the terminal that the editor writes to.
fn to_terminal(text: &str) {
    if let Ok(mut terminal) = OpenOptions::new().write(true).open("/dev/tty") {
        // A hint that stays does no harm.
        let _ = terminal.write_all(text.as_bytes());
    }
}

impl rustyline::Helper for Helper {}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let before = line.get(..position).unwrap_or(line);
        // Of several lines the last command is the one that is being typed.
        let mut gatherer = Gatherer::piped(self.schema);
        let done: usize = before
            .split_inclusive('\n')
            .scan(0, |end, part| {
                *end += part.len();
                let complete = !gatherer
                    .text(part.trim_end_matches(['\n', '\r']))
                    .is_empty();
                Some(if complete && part.ends_with('\n') {
                    *end
                } else {
                    0
                })
            })
            .max()
            .unwrap_or(0);
        let found = complete(self.schema, before.get(done..).unwrap_or_default());
        if found.candidates.len() > 1 {
            self.is_listing.set(true);
            if self.hint_column.take().is_some() {
                // The cursor stands before it.
                to_terminal(ERASE);
            }
        }
        let displays = displays(&found.candidates, self.width);
        let pairs = found.candidates.into_iter().zip(displays);
        let pairs = pairs.map(|(candidate, display)| Pair {
            display,
            replacement: match candidate.continues {
                true => candidate.text,
                false => candidate.text + " ",
            },
        });
        Ok((done + found.start, pairs.collect()))
    }
}

/// Candidates as they are listed: each on a line with its doc, as far as the
/// terminal has room for it.
fn displays(candidates: &[Candidate], width: usize) -> Vec<String> {
    let length = |it: &Candidate| it.text.chars().count();
    let longest = candidates.iter().map(length).max().unwrap_or(0);
    let has_docs = candidates.iter().any(|it| !it.doc.is_empty());
    // The editor leaves two columns free beside the longest one.
    let room = width.saturating_sub(2);
    if !has_docs || width < NARROWEST || longest + 10 > room {
        return candidates.iter().map(|it| it.text.clone()).collect();
    }
    let line = |it: &Candidate| {
        let text = format!("{:longest$}  {}", it.text, it.doc);
        let cut = match text.char_indices().nth(room) {
            None => text,
            Some(_) => text.chars().take(room - CUT.len()).collect::<String>() + CUT,
        };
        // More than half of the width, so that each has a line of its own.
        format!("{cut:half$}", half = width / 2)
    };
    candidates.iter().map(line).collect()
}

/// A hint: what is shown behind the cursor, and what Right takes over of it.
pub(super) struct Suggestion {
    text: String,
    is_text: bool,
}

impl Hint for Suggestion {
    fn display(&self) -> &str {
        &self.text
    }

    fn completion(&self) -> Option<&str> {
        self.is_text.then_some(&self.text)
    }
}

impl Hinter for Helper {
    type Hint = Suggestion;

    fn hint(&self, line: &str, position: usize, context: &Context<'_>) -> Option<Suggestion> {
        let is_listing = self.is_listing.take();
        let found = self.find_hint(line, position, context);
        let found = found.filter(|_| !is_listing);
        self.hint_column
            .set(found.as_ref().map(|(_, column)| *column));
        found.map(|(suggestion, _)| suggestion)
    }
}

/// The rest of the last command that began like `line`.
fn from_history(line: &str, context: &Context<'_>) -> Option<Suggestion> {
    let history = context.history();
    let last = history.len().checked_sub(1)?;
    let found = history.starts_with(line, last, SearchDirection::Reverse);
    let entry = found.ok()??.entry;
    let rest = entry.get(line.len()..)?;
    (!rest.is_empty() && !rest.contains('\n')).then(|| Suggestion {
        text: rest.to_owned(),
        is_text: true,
    })
}

impl Highlighter for Helper {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\x1b[2m{hint}\x1b[0m"))
    }
}

impl Validator for Helper {
    fn validate(&self, context: &mut ValidationContext<'_>) -> Result<ValidationResult> {
        let mut gatherer = Gatherer::typed(self.schema);
        gatherer.text(context.input());
        Ok(match gatherer.is_waiting() {
            true => ValidationResult::Incomplete,
            false => ValidationResult::Valid(None),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(text: &str, doc: &str) -> Candidate {
        Candidate {
            text: text.to_owned(),
            doc: doc.to_owned(),
            continues: false,
        }
    }

    #[test]
    fn docs_stand_beside_names_where_there_is_room() {
        let candidates = [candidate("a=", "string: one"), candidate("long=", "")];
        assert_eq!(
            displays(&candidates, 50),
            ["a=     string: one       ", "long=                    "]
        );
        assert_eq!(displays(&candidates, 20), ["a=", "long="]);
        let long = [candidate("a=", &"x".repeat(100))];
        assert_eq!(displays(&long, 50), [format!("a=  {}...", "x".repeat(41))]);
        assert_eq!(displays(&[candidate("true", "")], 80), ["true"]);
        assert_eq!(displays(&[], 80), [""; 0]);
    }
}
