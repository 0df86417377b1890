//! Commands as a user types them: a name, a document, setters. This is the syntax
//! alone; whether the RPC and the fields exist is for [`lookup`](crate::lookup) and
//! [`path`](crate::path).

mod error;
mod quoting;
mod typed;
mod words;

pub use self::error::{ArgumentsError, WordsError};
pub use self::quoting::Hash;
pub use self::typed::{Open, Typed, typed};
pub use self::words::{FILE, JSON, Setter, Word, split, split_plain};

/// The name that a command begins with, and where in the text it ends, in bytes.
pub fn name(text: &str) -> (&str, usize) {
    let start = text.len() - text.trim_start().len();
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (rest.get(..length).unwrap_or_default(), start + length)
}

/// What follows the name of an RPC.
#[derive(Debug, Default)]
pub struct Arguments {
    /// The document, which comes before the setters.
    pub document: Option<Document>,
    /// The setters, from left to right.
    pub setters: Vec<Setter>,
}

/// A whole or partial request as JSON.
#[derive(Debug, PartialEq, Eq)]
pub enum Document {
    /// In the command itself.
    Json(String),
    /// In a file, or in standard input for `-`.
    File(String),
}

/// Reads what follows the name of an RPC, `start` bytes into the text.
///
/// # Errors
/// When the words are not at most one document and then setters.
pub fn arguments(text: &str, start: usize, hash: Hash) -> Result<Arguments, ArgumentsError> {
    let mut arguments = Arguments::default();
    let mut words = split(text, start, hash)?.into_iter().peekable();
    while let Some(word) = words.next() {
        let document = match word {
            Word::Json(json) => Document::Json(json),
            Word::File(path) => Document::File(path),
            Word::Setter(setter) => {
                arguments.setters.push(setter);
                continue;
            }
            Word::Plain(word) if matches!(words.peek(), Some(Word::Setter(setter)) if setter.path.is_empty()) =>
            {
                return Err(ArgumentsError::Apart(word));
            }
            Word::Plain(word) => return Err(plain(word, arguments.setters)),
        };
        if arguments.document.is_some() {
            return Err(ArgumentsError::SecondDocument);
        }
        if !arguments.setters.is_empty() {
            return Err(ArgumentsError::DocumentAfterSetter);
        }
        arguments.document = Some(document);
    }
    Ok(arguments)
}

/// The error for a word that is neither a setter nor a document. Behind broken
/// JSON it is a piece of that, and what broke it is the better answer.
fn plain(word: String, setters: Vec<Setter>) -> ArgumentsError {
    let broken = |setter: Setter| Some((setter.path, setter.not_json?));
    match setters.into_iter().filter_map(broken).next_back() {
        Some((path, reason)) => ArgumentsError::NotJson {
            path,
            reason: Box::new(reason),
        },
        None => ArgumentsError::Plain(word),
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its input has failed"
)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Result<Arguments, ArgumentsError> {
        super::arguments(text, 0, Hash::Comment)
    }

    fn setters(text: &str) -> Vec<(String, String)> {
        let read = |setter: Setter| (setter.path, String::from_utf8(setter.value).unwrap());
        arguments(text)
            .unwrap()
            .setters
            .into_iter()
            .map(read)
            .collect()
    }

    fn setter(text: &str) -> (String, String) {
        let mut all = setters(text);
        assert_eq!(all.len(), 1, "{text}");
        all.remove(0)
    }

    fn pair(path: &str, value: &str) -> (String, String) {
        (path.to_owned(), value.to_owned())
    }

    #[test]
    fn quoting_as_in_a_shell() {
        for (text, value) in [
            (r#"a="hello world""#, "hello world"),
            (r"a='a b'", "a b"),
            (r"a=a\ b", "a b"),
            (r#"a="a\tb\n\"\\""#, "a\tb\n\"\\"),
            (r#"a="\d\$""#, r"\d\$"),
            (r#"a="\x41""#, "A"),
            (r"a='\n'", r"\n"),
            (r#"a=x"y"'z'"#, "xyz"),
            ("a=", ""),
            ("a=b=c", "b=c"),
            (r"a=\{x", "{x"),
            (r#"'a=b c'"#, "b c"),
        ] {
            assert_eq!(setter(text), pair("a", value), "{text}");
        }
    }

    #[test]
    fn a_comment_begins_where_a_word_would() {
        assert_eq!(setters("a=1 # b=2"), [pair("a", "1")]);
        assert_eq!(setter("a=1#2"), pair("a", "1#2"));
        assert_eq!(setter("a='#'"), pair("a", "#"));
        let words = |hash| split_plain("issue #5 done", 0, hash).unwrap();
        assert_eq!(words(Hash::Comment), ["issue"]);
        assert_eq!(words(Hash::Word), ["issue", "#5", "done"]);
        assert!(super::arguments("a=1 # b=2", 0, Hash::Word).is_err());
    }

    #[test]
    fn the_name_ends_at_white_space() {
        assert_eq!(name("  Check\ta=1"), ("Check", 7));
        assert_eq!(name("Check"), ("Check", 5));
        assert_eq!(name(""), ("", 0));
    }

    #[test]
    fn columns_count_from_the_beginning() {
        let error = super::arguments("Check a='b", 5, Hash::Comment).unwrap_err();
        assert_eq!(error.to_string(), "the quote ' at column 9 is not closed");
    }

    #[test]
    fn bytes_that_are_not_text() {
        let arguments = arguments(r#"data="\x00\xff""#).unwrap();
        assert_eq!(arguments.setters.first().unwrap().value, [0, 0xff]);
    }

    #[test]
    fn json_is_verbatim_to_its_own_end() {
        assert_eq!(
            setters(r#"a={"x": "} ' y"} b=[1, 2] c=3"#),
            [
                pair("a", r#"{"x": "} ' y"}"#),
                pair("b", "[1, 2]"),
                pair("c", "3")
            ]
        );
        let read = arguments(r#"json://{"service":"a://b c"} x=1"#).unwrap();
        let json = r#"{"service":"a://b c"}"#.to_owned();
        assert_eq!(read.document, Some(Document::Json(json)));
        let quoted = arguments(r#"'json://{"a": 1}'"#).unwrap();
        assert_eq!(quoted.document, Some(Document::Json(r#"{"a": 1}"#.into())));
    }

    #[test]
    fn what_only_begins_like_json_is_a_word() {
        let mut read = arguments("a={x b=[y").unwrap();
        let last = read.setters.pop().unwrap();
        assert_eq!(
            (last.path.as_str(), last.value.as_slice()),
            ("b", &b"[y"[..])
        );
        assert!(last.not_json.is_some());
    }

    #[test]
    fn brackets_hold_anything() {
        assert_eq!(setter("m[a=b c]=d"), pair("m[a=b c]", "d"));
        assert_eq!(setter(r#"m["x]=\""].y=d"#), pair(r#"m["x]=\""].y"#, "d"));
    }

    #[test]
    fn mistakes_say_where() {
        for (text, message) in [
            ("a='b", "the quote ' at column 3 is not closed"),
            ("a=\"b", "the quote \" at column 3 is not closed"),
            (
                "a=b\\",
                "there is nothing after the backslash at the end; write two for a backslash",
            ),
            (
                "a=\"\\xg1\"",
                "\\x at column 4 must be followed by two hexadecimal digits",
            ),
            (
                "a={}x",
                "white space must follow the JSON value that ends before column 5, not 'x'",
            ),
            (
                "a={} json://{}",
                "the document must come before the setters, which change it",
            ),
            (
                "file://x json://{}",
                "there are two documents; give one, and setters after it",
            ),
            (
                r#"a={"b": 1, c: 2}"#,
                "a: invalid JSON at line 1, column 10: key must be a string",
            ),
            (
                "hostname = foo",
                "white space stands before the = after \"hostname\": write field=value, with quotes \
                 around a value that has white space",
            ),
            (
                "hostname =foo",
                "white space stands before the = after \"hostname\": write field=value, with quotes \
                 around a value that has white space",
            ),
            (
                "hello",
                "\"hello\" is neither field=value nor a document (json://{...} or file:///path.json)",
            ),
            (
                "hostname:foo",
                "\"hostname:foo\" is neither field=value nor a document (json://{...} or \
                 file:///path.json); did you mean \"hostname=foo\"?",
            ),
            (
                "https://a",
                "\"https://a\" is neither field=value nor a document (json://{...} or \
                 file:///path.json)",
            ),
            (
                "json:{}",
                "\"json:{}\" is neither field=value nor a document (json://{...} or \
                 file:///path.json); did you mean json://{...}?",
            ),
            (
                "file:/a",
                "\"file:/a\" is neither field=value nor a document (json://{...} or \
                 file:///path.json); did you mean \"file:///a\"?",
            ),
            (
                "{}",
                "\"{}\" is neither field=value nor a document (json://{...} or \
                 file:///path.json); write json:// before it",
            ),
        ] {
            assert_eq!(arguments(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
