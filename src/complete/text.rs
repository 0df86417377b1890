//! Texts compared and shortened for completion.

use crate::schema::describe;
use crate::text::escape;

/// Whether `name` begins with `typed` in any case.
pub(super) fn begins(name: &str, typed: &str) -> bool {
    let begin = name.as_bytes().get(..typed.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(typed.as_bytes()))
}

/// The first sentence of a doc comment, on one line and fit to be shown.
pub(super) fn first_sentence(doc: &str) -> String {
    escape::line(&describe::first_sentence(doc)).into_owned()
}

/// A type with what a doc comment says of it.
pub(super) fn typed_doc(ty: &str, doc: &str) -> String {
    match first_sentence(doc) {
        sentence if sentence.is_empty() => ty.to_owned(),
        sentence => format!("{ty}: {sentence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_begin_in_any_case() {
        assert!(begins("GetIPTables", "getip"));
        assert!(begins("x", ""));
        assert!(!begins("x", "xy"));
        assert!(!begins("é", "e"));
    }

    #[test]
    fn one_sentence_is_taken() {
        for (doc, sentence) in [
            ("One.\n", "One"),
            ("One,\nand more. Two.", "One, and more"),
            ("No end\n\nTwo.", "No end"),
            ("Agent 4.1 does.\nTwo", "Agent 4.1 does"),
            ("a\u{1b}b", "a\\x1bb"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(doc), sentence, "{doc}");
        }
        assert_eq!(typed_doc("bool", "One."), "bool: One");
        assert_eq!(typed_doc("bool", ""), "bool");
    }
}
