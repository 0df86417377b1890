//! Printing what came over the wire: text in every format, with nothing in it
//! that a terminal acts on, of a size that the message accounts for, and JSON
//! that gives the message again.

use kata_agent_ctl::printer::{Format, print};
use kata_agent_ctl::schema::Reflect;
use kata_agent_ctl::text::escape::is_unprintable;

use crate::check::{Again, encoded, error_text, json_again};
use crate::input::{Typed, typed};

/// How much larger than the bytes of the message its text may be. An empty
/// message takes two bytes on the wire, and all of its fields with defaults.
const LARGEST_FACTOR: usize = 20_000;

pub(crate) fn run(data: &[u8]) {
    let Some((typed, wire)) = typed(data) else {
        return;
    };
    let mut message = (typed.message.new)();
    if let Err(error) = message.merge_from(wire) {
        return drop(error_text(&error));
    }
    let mut decoded = (typed.message.new)();
    let bytes = encoded(message.as_ref());
    decoded
        .merge_from(&bytes)
        .unwrap_or_else(|error| panic!("not decoded again: {error}"));
    // The order of fields that the type does not have is not kept.
    assert_eq!(encoded(decoded.as_ref()).len(), bytes.len());
    for format in Format::ALL {
        for emit_defaults in [false, true] {
            check(&typed, message.as_ref(), &bytes, format, emit_defaults);
        }
    }
    match json_again(message.as_ref(), typed.schema) {
        Again::Same(again) => {
            let mut again_decoded = (typed.message.new)();
            again_decoded
                .merge_from(&encoded(again.as_ref()))
                .unwrap_or_else(|error| panic!("not decoded after JSON: {error}"));
        }
        Again::TooDeep | Again::NoForm => {}
    }
}

fn check(typed: &Typed, message: &dyn Reflect, bytes: &[u8], format: Format, emit_defaults: bool) {
    let mut out = Vec::new();
    let printed = print(format, emit_defaults, message, typed.schema, &mut out);
    assert!(
        out.len() <= LARGEST_FACTOR * (bytes.len() + 1),
        "{} bytes",
        out.len()
    );
    if format == Format::Raw {
        assert_eq!(printed.is_ok(), format.check(typed.message).is_ok());
        return;
    }
    if let Err(error) = printed {
        return drop(error_text(&error));
    }
    let text = String::from_utf8(out).unwrap_or_else(|_| panic!("{format}: not text"));
    // Text of several lines keeps its tabs.
    let is_layout = |c: char| c == '\n' || c == '\t' && format == Format::Text;
    let bad = text.chars().find(|c| is_unprintable(*c) && !is_layout(*c));
    assert_eq!(bad, None, "{format}: {text:?}");
    let lines = text.matches('\n').count();
    match format {
        Format::Jsonl | Format::Serde => assert!(lines == 1 && text.ends_with('\n'), "{text:?}"),
        Format::Hex => assert_eq!(text.len(), 2 * bytes.len() + 1),
        Format::Json | Format::Text | Format::Raw => {
            assert!(text.is_empty() || text.ends_with('\n'))
        }
    }
}
