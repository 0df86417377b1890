//! Merging a JSON document: a mistake's place is within the text, merging twice
//! changes nothing more, and what was merged is written as JSON that gives it
//! again.

use kata_agent_ctl::schema::json::{self, JsonError, Problem};
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
    cuts(text);
    let (message, explicit) = match merge(&typed, text) {
        Ok(merged) => merged,
        Err(error) => return check_error(&error, text),
    };
    json_again(message.as_ref(), typed.schema);

    let mut twice = message.clone_boxed();
    let mut explicit_twice = explicit.clone();
    let dialect = typed.dialect();
    json::merge(
        twice.as_mut(),
        &mut explicit_twice,
        dialect.as_ref(),
        typed.schema,
        text,
    )
    .unwrap_or_else(|error| panic!("the second time: {error}: {text}"));
    assert_eq!(encoded(twice.as_ref()), encoded(message.as_ref()), "{text}");
    assert_eq!(explicit_twice, explicit, "{text}");
}

fn merge(typed: &Typed, text: &str) -> Result<(Box<dyn Reflect>, Explicit), JsonError> {
    let mut message = (typed.message.new)();
    let mut explicit = Explicit::default();
    let dialect = typed.dialect();
    json::merge(
        message.as_mut(),
        &mut explicit,
        dialect.as_ref(),
        typed.schema,
        text,
    )?;
    Ok((message, explicit))
}

/// Where a value ends, and whether it does.
fn cuts(text: &str) {
    match json::value_end(text) {
        Ok(end) => {
            let value = text
                .get(..end)
                .unwrap_or_else(|| panic!("{end} cuts {text:?}"));
            assert_eq!(json::value_end(value).ok(), Some(end), "{text:?}");
            assert!(!json::is_unfinished(text), "{text:?}");
        }
        Err(error) => check_error(&error, text),
    }
}

fn check_error(error: &JsonError, text: &str) {
    error_text(error);
    error.culprit();
    error.in_one_line();
    if let Problem::Syntax { line, column, .. } = error.problem() {
        let mut lines = text.split('\n');
        let found = line.checked_sub(1).and_then(|before| lines.nth(before));
        let length = found.unwrap_or_else(|| panic!("{error}: {text:?}")).len();
        assert!(*column <= length + 1, "{error}: {text:?}");
    }
}
