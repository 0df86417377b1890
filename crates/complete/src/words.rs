//! The names that a field's value can have, where there are few enough to name.

use super::{Candidate, begins, first_sentence};
use agent_schema::{Dialect, EnumValue, Message, Scalar, Type};

/// A field of a message, whose own spellings of values count.
pub(super) type Owner = (&'static Message, usize);

/// What every signal's name begins with, and may be left out.
const SIGNAL: &str = "SIG";

/// The names that a value of this type may have and that begin with `typed`.
/// `owner` is the field that holds it, unless it is a part of another value.
pub(super) fn words(
    ty: Type,
    owner: Option<Owner>,
    dialect: &dyn Dialect,
    typed: &str,
) -> Vec<Candidate> {
    match ty {
        Type::Enum(enumeration) => {
            let values = enumeration.values.iter();
            let named = values.filter(|value| begins(value.name, typed));
            let candidate = |value: &EnumValue| {
                let doc = match first_sentence(value.doc) {
                    sentence if sentence.is_empty() => value.number.to_string(),
                    sentence => format!("{}: {sentence}", value.number),
                };
                Candidate::last(value.name, doc)
            };
            named.map(candidate).collect()
        }
        Type::Scalar(Scalar::Bool) => {
            let named = ["true", "false"]
                .into_iter()
                .filter(|value| begins(value, typed));
            named.map(|value| Candidate::last(value, "")).collect()
        }
        Type::Scalar(_) => {
            let words = owner.map(|(message, index)| dialect.words(message, index));
            let words = words.unwrap_or_default().into_iter();
            let spelled = words.filter_map(|(word, doc)| Some((respelled(word, typed)?, doc)));
            spelled
                .map(|(word, doc)| Candidate::last(word, doc))
                .collect()
        }
        Type::Message(_) => Vec::new(),
    }
}

/// A word as a user began it: in lower case if all of that is, and without the
/// beginning that signals have if that was left out.
fn respelled(word: &str, typed: &str) -> Option<String> {
    let short = word.strip_prefix(SIGNAL).unwrap_or(word);
    let word = [word, short].into_iter().find(|it| begins(it, typed))?;
    let is_lower = !typed.is_empty() && !typed.chars().any(|letter| letter.is_ascii_uppercase());
    Some(match is_lower {
        true => word.to_ascii_lowercase(),
        false => word.to_owned(),
    })
}
