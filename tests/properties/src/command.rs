//! The command grammar: places are within the text, each word that was read can
//! be written so that it is read again, and a command being typed is cut as a
//! whole one is.

use kata_agent_ctl::command::{
    self, Arguments, ArgumentsError, Document, Hash, Setter, WordsError, split, typed,
};

use crate::check::error_text;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (name, end) = command::name(text);
    assert!(text.is_char_boundary(end) && text[..end].ends_with(name));
    for hash in [Hash::Word, Hash::Comment] {
        match command::arguments(text, end, hash) {
            Ok(arguments) => reads_back(&arguments),
            Err(error) => check_error(&error, text),
        }
        if let Ok(words) = command::split_plain(text, end, hash) {
            let quoted: Vec<String> = words.iter().map(|word| quote(word.as_bytes())).collect();
            let again = command::split_plain(&quoted.join(" "), 0, hash);
            assert_eq!(again.ok(), Some(words), "{text}");
        }
    }
    let found = typed(text, end);
    if let Some(start) = found.start {
        assert!(text.is_char_boundary(start) && start >= end, "{text}");
    }
    if let (Ok(words), None) = (split(text, end, Hash::Comment), found.open) {
        let last_is_open = found.start.is_some_and(|start| start < text.len());
        assert_eq!(
            found.words.len() + usize::from(last_is_open),
            words.len(),
            "{text}"
        );
    }
}

fn reads_back(arguments: &Arguments) {
    if let Some(document) = &arguments.document {
        let (Document::Json(text) | Document::File(text)) = document;
        let scheme = match document {
            Document::Json(_) => command::JSON,
            Document::File(_) => command::FILE,
        };
        let again = read(&quote(format!("{scheme}{text}").as_bytes()));
        assert_eq!(again.document.as_ref(), Some(document));
    }
    for setter in &arguments.setters {
        let written = written(setter);
        let again = read(&written).setters;
        let [again] = again.as_slice() else {
            panic!("{written}: {} setters", again.len());
        };
        assert_eq!(
            (&again.path, &again.value),
            (&setter.path, &setter.value),
            "{written}"
        );
    }
}

fn read(text: &str) -> Arguments {
    let read = command::arguments(text, 0, Hash::Word);
    read.unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A setter as a command has it.
pub(crate) fn written(setter: &Setter) -> String {
    format!("{}={}", setter.path, quote(&setter.value))
}

/// In double quotes, with everything escaped that is more than a letter or digit.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let escaped = bytes.iter().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(*byte).to_string(),
        other => format!("\\x{other:02x}"),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn check_error(error: &ArgumentsError, text: &str) {
    error_text(error);
    let ArgumentsError::Words(error) = error else {
        return;
    };
    let column = match error {
        WordsError::UnclosedQuote { column, .. }
        | WordsError::BadHexEscape { column }
        | WordsError::TextAfterJson { column, .. }
        | WordsError::NotText { column } => *column,
        WordsError::TrailingBackslash => {
            assert!(text.ends_with('\\'));
            return;
        }
        WordsError::Json(_) => return,
    };
    let at = column
        .checked_sub(1)
        .and_then(|before| text.chars().nth(before));
    let is_right = match error {
        WordsError::UnclosedQuote { quote, .. } => at == Some(*quote),
        WordsError::BadHexEscape { .. } => at == Some('\\'),
        WordsError::TextAfterJson { found, .. } => at == Some(*found),
        _ => at.is_some(),
    };
    assert!(is_right, "{error}: {text}");
}
