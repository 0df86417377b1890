//! What a command still takes, in a few words.

use super::{Call, place};
use crate::builtin::BuiltIn;
use crate::command;
use crate::schema::{Schema, lookup};

/// What may follow `text`, the beginning of a command: the word that a built-in
/// takes, or fields of a request that nothing fills. Nothing within a word.
pub fn usage(schema: &'static Schema, text: &str) -> Option<String> {
    let (name, end) = command::name(text);
    let typed = command::typed(text, end);
    if typed.open.is_some() || (end < text.len() && typed.start != Some(text.len())) {
        return None;
    }
    let usage = match BuiltIn::find(name) {
        Some(built_in) if typed.words.is_empty() => built_in
            .usage
            .strip_prefix(name)
            .unwrap_or_default()
            .trim_start()
            .to_owned(),
        Some(_) => return None,
        None => {
            let rpc = lookup::rpc(schema, name).ok()?;
            place::missing(&Call::new(rpc, &typed)).join(" ")
        }
    };
    let space = if end == text.len() { " " } else { "" };
    (!usage.is_empty()).then(|| format!("{space}{usage}"))
}
