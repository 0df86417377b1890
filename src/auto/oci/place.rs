//! Where in a JSON document a value stands: as a path to show, kept while the
//! document is walked, or found from a line and column of its text.

use std::fmt;

use crate::schema::json::string::JsonString;

/// One step from a value to a value within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A member of an object.
    Member(String),
    /// An element of a list.
    Element(usize),
}

/// The steps from the document to a value in it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Place(Vec<Step>);

impl Place {
    /// Goes one step further in.
    pub(super) fn enter(&mut self, step: Step) {
        self.0.push(step);
    }

    /// Goes back one step.
    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    /// The path with a colon after it, or nothing for the document itself.
    pub(super) fn before(&self) -> String {
        match self.0.is_empty() {
            true => String::new(),
            false => format!("{self}: "),
        }
    }

    /// What a reader had in hand that stopped at this line and column (in
    /// bytes, from 1) of valid JSON.
    pub(super) fn at(text: &str, line: usize, column: usize) -> Self {
        let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
        let end = lines.map(str::len).sum::<usize>() + column;
        let mut scanner = Scanner::default();
        let mut rest = text.get(..end).unwrap_or(text);
        while let Some(next) = rest.chars().next() {
            let len = match next {
                '"' => string_len(rest),
                _ => next.len_utf8(),
            };
            let (token, after) = rest.split_at(len);
            scanner.token(token);
            rest = after;
        }
        scanner.place()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |name: &str| {
            let mut bytes = name.bytes();
            !name.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        for (count, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if !is_plain(name) => write!(f, "[{}]", JsonString(name))?,
                Step::Member(name) if count == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The length of the string that `text` begins with, up to its end or the text's.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// An object or list that is not closed yet.
enum Open {
    /// The key read last.
    Object(Option<String>),
    /// The index of the element begun last.
    List(Option<usize>),
}

#[derive(Default)]
struct Scanner {
    open: Vec<Open>,
    /// Whether the next value is a list's next element, or the next string a key.
    fresh: bool,
}

impl Scanner {
    /// Takes one character of JSON, or one whole string.
    fn token(&mut self, token: &str) {
        match token {
            "}" | "]" => {
                self.open.pop();
                self.fresh = false;
            }
            "," => self.fresh = true,
            _ if token.trim().is_empty() => {}
            _ => {
                self.value(token);
                match token {
                    "{" => self.open(Open::Object(None)),
                    "[" => self.open(Open::List(None)),
                    _ => {}
                }
            }
        }
    }

    fn open(&mut self, open: Open) {
        self.open.push(open);
        self.fresh = true;
    }

    /// Takes what may begin a value or be a key.
    fn value(&mut self, token: &str) {
        if !std::mem::take(&mut self.fresh) {
            return;
        }
        match self.open.last_mut() {
            Some(Open::Object(key)) => *key = serde_json::from_str(token).ok(),
            Some(Open::List(index)) => *index = Some(index.map_or(0, |index| index + 1)),
            None => {}
        }
    }

    fn place(self) -> Place {
        let steps = self.open.into_iter().filter_map(|open| match open {
            Open::Object(key) => key.map(Step::Member),
            Open::List(index) => index.map(Step::Element),
        });
        Place(steps.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_text_is_what_was_read_last() {
        let text = "{\"a\": [1, {\"b, \\\"]\": true}],\n \"c\": {\"d\": [ ]}}";
        for (line, column, place) in [
            (1, 0, ""),
            (1, 1, ""),
            (1, 4, "a"),
            (1, 7, "a"),
            (1, 8, "a[0]"),
            (1, 9, "a[0]"),
            (1, 11, "a[1]"),
            (1, 21, r#"a[1]["b, \"]"]"#),
            (1, 25, r#"a[1]["b, \"]"]"#),
            (1, 26, "a[1]"),
            (1, 27, "a"),
            (2, 4, "c"),
            (2, 8, "c"),
            (2, 15, "c.d"),
            (2, 16, "c"),
            (2, 17, ""),
            (9, 9, ""),
        ] {
            let found = Place::at(text, line, column).to_string();
            assert_eq!(found, place, "{line}:{column}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_places(text in r#"[\[\]{}:,"a\\é \n]{0,40}"#, line in 0..5usize, column in 0..50usize) {
            let _ = Place::at(&text, line, column).to_string();
        }
    }
}
