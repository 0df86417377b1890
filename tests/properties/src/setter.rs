//! Setters, one a line: whatever they are, the message stays one that can be
//! sent, shown and read again, and the path of what they set can be written.

use kata_agent_ctl::schema::path::{self, SetError, SetProblem};
use kata_agent_ctl::schema::{Explicit, Reflect};

use crate::check::{encoded, error_text, json_again};
use crate::input::{Typed, typed};

pub(crate) fn run(data: &[u8]) {
    let Some((typed, rest)) = typed(data) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let mut message = (typed.message.new)();
    let mut explicit = Explicit::default();
    for line in text.split('\n') {
        path::unfinished(line);
        let Some((path, value)) = path::split_setter(line) else {
            assert!(path::setter_path(line).is_none());
            continue;
        };
        assert_eq!(path::setter_path(line), Some(path.len()));
        // Such a value is a file's.
        if value.starts_with('@') && !value.starts_with("@@") {
            continue;
        }
        reads_back(&typed, path);
        set(&typed, message.as_mut(), &mut explicit, path, value);
    }
    let mut decoded = (typed.message.new)();
    let bytes = encoded(message.as_ref());
    // What is deeper than a decoder goes cannot be made by setters.
    decoded
        .merge_from(&bytes)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(encoded(decoded.as_ref()), bytes, "{text}");
    json_again(message.as_ref(), typed.schema);
}

fn set(typed: &Typed, message: &mut dyn Reflect, explicit: &mut Explicit, path: &str, value: &str) {
    let dialect = typed.dialect();
    let done = path::set(
        message,
        explicit,
        dialect.as_ref(),
        typed.schema,
        path,
        value,
    );
    if let Err(error) = done {
        error_text(&error);
        error.culprit();
        check_position(&error);
    }
}

fn check_position(error: &SetError) {
    let SetProblem::Path(error) = &error.problem else {
        return;
    };
    let characters = error.path.chars().count();
    assert!((1..=characters + 1).contains(&error.position), "{error}");
}

/// The path in the proto's names leads to the same place.
fn reads_back(typed: &Typed, path: &str) {
    let dialect = typed.dialect();
    let Ok(resolved) = path::resolve(typed.message, dialect.as_ref(), path) else {
        return;
    };
    let written = resolved.to_string();
    match path::resolve(typed.message, dialect.as_ref(), &written) {
        Ok(again) => assert_eq!(again.to_string(), written, "{path}"),
        Err(error) => panic!("{path}: {error}"),
    }
    let line = format!("{written}=x");
    assert_eq!(path::split_setter(&line), Some((&*written, "x")), "{path}");
}
