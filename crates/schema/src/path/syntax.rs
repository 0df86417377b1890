//! The grammar of paths: a path that is whole, one that ends in `=`, and one that is
//! still being typed.

use serde_json::Deserializer;

use super::error::{PathError, PathProblem};

/// One dotted part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The field's name as given.
    pub(super) name: String,
    /// What stands in each `[...]` after it, unquoted.
    pub(super) keys: Vec<String>,
}

/// The length of the path before the `=` of the setter that `text` begins with.
/// An `=` within `[...]` does not end the path. `None` if the text is not a setter:
/// if white space, a quote or the like stands outside of brackets.
pub fn setter_path(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let found = rest.chars().next()?;
        at += match found {
            '=' => return Some(at),
            '[' => match key_end(rest) {
                Some(length) => length,
                // Not a path, but a setter all the same: `parse` says what is wrong.
                None => {
                    let end = rest.find(|c: char| c == '=' || c.is_whitespace())?;
                    return rest.get(end..)?.starts_with('=').then_some(at + end);
                }
            },
            '\'' | '"' | '\\' | '/' | ':' => return None,
            other if other.is_whitespace() => return None,
            other => other.len_utf8(),
        };
    }
}

/// The names of the fields that a path leads through, without what is in brackets; `None` if it
/// is not a path.
pub(crate) fn names(path: &str) -> Option<Vec<String>> {
    let segments = parse(path).ok()?.into_iter();
    Some(segments.map(|segment| segment.name).collect())
}

/// Splits a `path=value` word at the `=` that ends the path. `None` for a word
/// that is not a setter.
pub fn split_setter(word: &str) -> Option<(&str, &str)> {
    let end = setter_path(word)?;
    word.get(..end).zip(word.get(end + 1..))
}

/// The length of the `[...]` that `text` begins with.
fn key_end(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let key = if inner.starts_with('"') {
        json_string(inner)?.1
    } else {
        0
    };
    Some(1 + key + inner.get(key..)?.find(']')? + 1)
}

/// The JSON string that `text` begins with, and its length in `text`.
fn json_string(text: &str) -> Option<(String, usize)> {
    let mut strings = Deserializer::from_str(text).into_iter::<String>();
    let string = strings.next()?.ok()?;
    Some((string, strings.byte_offset()))
}

/// Reads a path.
///
/// # Errors
/// When a name or key is missing, a bracket is not closed, or a quoted key is
/// not a JSON string.
pub(super) fn parse(path: &str) -> Result<Vec<Segment>, PathError> {
    let mut segments = Vec::new();
    let mut reader = Reader { path, at: 0 };
    loop {
        let mut segment = Segment {
            name: reader.name()?.to_owned(),
            keys: Vec::new(),
        };
        while reader.rest().starts_with('[') {
            segment.keys.push(reader.key()?);
        }
        segments.push(segment);
        match reader.rest().chars().next() {
            None => return Ok(segments),
            Some('.') => reader.at += 1,
            Some(other) => return Err(reader.error(PathProblem::Unexpected(other))),
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    /// Byte offset of what comes next.
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.path.get(self.at..).unwrap_or_default()
    }

    fn error(&self, problem: PathProblem) -> PathError {
        let before = self.path.get(..self.at).unwrap_or_default();
        PathError {
            path: self.path.to_owned(),
            position: before.chars().count() + 1,
            problem,
        }
    }

    fn name(&mut self) -> Result<&'a str, PathError> {
        let rest = self.rest();
        let end = rest.find(['.', '[', ']', '=']).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.error(PathProblem::NoName));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn key(&mut self) -> Result<String, PathError> {
        let Some(inner) = self.rest().strip_prefix('[') else {
            return Err(self.error(PathProblem::NoKey));
        };
        if inner.starts_with('"') {
            let Some((key, length)) = json_string(inner) else {
                self.at += 1;
                return Err(self.error(PathProblem::BadString));
            };
            return match inner[length..].chars().next() {
                Some(']') => {
                    self.at += 1 + length + 1;
                    Ok(key)
                }
                Some(other) => {
                    self.at += 1 + length;
                    Err(self.error(PathProblem::Unexpected(other)))
                }
                None => Err(self.error(PathProblem::Unclosed)),
            };
        }
        let end = inner
            .find(']')
            .ok_or_else(|| self.error(PathProblem::Unclosed))?;
        if end == 0 {
            return Err(self.error(PathProblem::NoKey));
        }
        self.at += 1 + end + 1;
        Ok(inner[..end].to_owned())
    }
}

/// The last part of a path that ends at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished<'a> {
    /// Where the part begins, in bytes; a dot stands before it unless it is the first.
    pub start: usize,
    /// The field's name, which may be incomplete.
    pub name: &'a str,
    /// What follows the name, if it has come that far.
    pub brackets: Brackets<'a>,
}

/// The brackets after a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brackets<'a> {
    /// None yet.
    None,
    /// An index or key that is still being typed.
    Open(&'a str),
    /// Closed ones, and nothing after them.
    Closed,
}

/// Finds the last part of the path that all of `text` is. `None` when the text
/// cannot become a path.
pub fn unfinished(text: &str) -> Option<Unfinished<'_>> {
    let mut start = 0;
    loop {
        let rest = text.get(start..)?;
        let end = rest.find(['.', '[', ']', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let found = |brackets| {
            Some(Unfinished {
                start,
                name,
                brackets,
            })
        };
        if after.is_empty() {
            return found(Brackets::None);
        }
        if name.is_empty() {
            return None;
        }
        let mut at = end;
        if let Some(inner) = after.strip_prefix('[') {
            match key_end(after) {
                Some(length) => at += length,
                // A quoted key that is closed lacks its bracket only.
                None if inner.starts_with('"') && json_string(inner).is_none() => return None,
                None => return found(Brackets::Open(inner)),
            }
        }
        match rest.get(at..)?.chars().next() {
            None => return found(Brackets::Closed),
            Some('.') => start += at + 1,
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(name: &str, keys: &[&str]) -> Segment {
        Segment {
            name: name.to_owned(),
            keys: keys.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn names_and_keys() {
        assert_eq!(parse("a").unwrap(), [segment("a", &[])]);
        assert_eq!(
            parse("OCI.Annotations[io.kubernetes.pod].x[0]").unwrap(),
            [
                segment("OCI", &[]),
                segment("Annotations", &["io.kubernetes.pod"]),
                segment("x", &["0"])
            ]
        );
        assert_eq!(
            parse(r#"m["a]=\"\u00e9"][1]"#).unwrap(),
            [segment("m", &["a]=\"é", "1"])]
        );
        assert_eq!(parse(r#"m[""]"#).unwrap(), [segment("m", &[""])]);
        assert_eq!(parse("m[a\"b[c]").unwrap(), [segment("m", &["a\"b[c"])]);
    }

    #[test]
    fn errors_tell_the_place() {
        for (path, message) in [
            ("", r#"path "": a field name is missing at character 1"#),
            (
                "a..b",
                r#"path "a..b": a field name is missing at character 3"#,
            ),
            ("a.", r#"path "a.": a field name is missing at character 3"#),
            ("é[x", r#"path "é[x": no "]" closes the "[" at character 2"#),
            (
                "a[]",
                r#"path "a[]": an index or a key is missing in "[]" at character 2"#,
            ),
            ("a]", r#"path "a]": unexpected ']' at character 2"#),
            ("a[0]b", r#"path "a[0]b": unexpected 'b' at character 5"#),
            (
                r#"a["x"y]"#,
                r#"path "a[\"x\"y]": unexpected 'y' at character 6"#,
            ),
            (
                r#"a["x]"#,
                r#"path "a[\"x]": the quoted key is not a JSON string at character 3"#,
            ),
            (
                r#"a["x""#,
                r#"path "a[\"x\"": no "]" closes the "[" at character 2"#,
            ),
        ] {
            assert_eq!(parse(path).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_setter_splits_outside_of_brackets() {
        for (word, path, value) in [
            ("a=b=c", "a", "b=c"),
            ("a=", "a", ""),
            ("=a", "", "a"),
            ("m[a=b]=c", "m[a=b]", "c"),
            (r#"m["]="].x=[y=z]"#, r#"m["]="].x"#, "[y=z]"),
            ("a=m[b", "a", "m[b"),
            // No path, but a setter all the same: the path's reader refuses it.
            ("m[a=b", "m[a", "b"),
        ] {
            assert_eq!(split_setter(word), Some((path, value)), "{word}");
        }
        for word in ["", "a", "m[a=b]", r#"m["="]"#, "json://{}"] {
            assert_eq!(split_setter(word), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_path_or_an_error(path in "([a-c.=\\[\\]\"\\\\é\u{0}]|\\PC){0,12}") {
            if let Err(error) = parse(&path) {
                prop_assert!(error.position <= path.chars().count() + 1);
            }
            if let Some((before, after)) = split_setter(&path) {
                prop_assert_eq!(format!("{before}={after}"), path);
            }
        }

        #[test]
        fn a_path_that_is_read_is_split_at_its_end(
            path in "[a-c]([.][a-c]|\\[[a-z=.\"]{1,3}\\]|\\[\"[a-z=.\\]]{0,3}\"\\])*",
            value: String,
        ) {
            prop_assume!(parse(&path).is_ok());
            let word = format!("{path}={value}");
            prop_assert_eq!(split_setter(&word), Some((path.as_str(), value.as_str())));
        }
    }

    #[test]
    fn the_last_part_is_found() {
        for (text, start, name, brackets) in [
            ("", 0, "", Brackets::None),
            ("sto", 0, "sto", Brackets::None),
            ("OCI.Pro", 4, "Pro", Brackets::None),
            ("a.b.", 4, "", Brackets::None),
            ("storages[", 0, "storages", Brackets::Open("")),
            ("storages[1", 0, "storages", Brackets::Open("1")),
            ("storages[1]", 0, "storages", Brackets::Closed),
            ("storages[1].dr", 12, "dr", Brackets::None),
            ("m[a.b].c", 7, "c", Brackets::None),
            (r#"m["a]\".b"].c"#, 12, "c", Brackets::None),
            ("m[a.b", 0, "m", Brackets::Open("a.b")),
            (r#"m["a""#, 0, "m", Brackets::Open(r#""a""#)),
        ] {
            let expected = Unfinished {
                start,
                name,
                brackets,
            };
            assert_eq!(unfinished(text), Some(expected), "{text}");
        }
        for text in [".a", "a..b", "a]", "a=b", "a[0]b", "[0]", r#"m["a"#] {
            assert_eq!(unfinished(text), None, "{text}");
        }
    }
}
