//! Rules as users write them: `KIND RPC[CALLS] ...`. It makes a rule and puts
//! it nowhere.

use std::str::FromStr as _;
use std::sync::Arc;

use protobuf::Enum as _;
use ttrpc::Code;
use ttrpc::proto::MESSAGE_LENGTH_MAX;

use agent_schema::command::{self, Hash};
use agent_schema::suggest::nearest;
use agent_schema::value::{Parsed, parse_scalar};
use agent_schema::{Dialect, Scalar, Schema, lookup};
use agent_text::duration;

use super::calls::Calls;
use super::error::FaultError;
use super::kind::FaultKind;
use super::reply::{self, Changes};
use super::rule::{Effect, Fault, Rule};
use super::target::{Field, Target};

/// How many random bytes stand in an answer's place unless a rule says it: more
/// than a frame's header.
const GARBAGE: usize = 16;

/// What a failed call says unless a rule says it.
const FAILURE: &str = "a failure that was asked for";

/// Why something that a rule names cannot be had, in words for a user.
pub type ReaderError = Box<dyn std::error::Error + Send + Sync>;

/// Reads what a rule names.
pub trait Reader {
    /// The text of a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not text.
    fn text(&mut self, name: &str) -> Result<String, ReaderError>;

    /// How values are written, and the files that they name.
    fn dialect(&self) -> &dyn Dialect;
}

/// Reads a rule of a kind from what follows the kind. `hash` is what # means there.
///
/// # Errors
/// When it is no such rule of an agent with the RPCs of `schema`.
pub(super) fn rule(
    schema: &'static Schema,
    kind: FaultKind,
    text: &str,
    hash: Hash,
    reader: &mut dyn Reader,
) -> Result<Rule, FaultError> {
    let Chosen {
        target,
        field,
        calls,
        end,
    } = target(schema, text)?;
    let arguments = || command::arguments(text, end, hash);
    let effect = match (kind, target) {
        (FaultKind::Reply, Target::Rpc(rpc)) => {
            let answer = reply::encode(schema, rpc, arguments()?, reader)?;
            Effect::Fault(Fault::Reply(answer))
        }
        (FaultKind::ReplyWith, Target::Rpc(rpc)) => {
            let arguments = arguments()?;
            if arguments.document.is_none() && arguments.setters.is_empty() {
                let (what, form) = ("a field", kind.form());
                return Err(FaultError::Missing { what, form });
            }
            let changes = Changes::read(schema, rpc, arguments, reader)?;
            Effect::Fault(Fault::ReplyWith(Arc::new(changes)))
        }
        (FaultKind::Reply, Target::Every) => {
            let arguments = arguments()?;
            if arguments.document.is_some() || !arguments.setters.is_empty() {
                return Err(FaultError::ReplyToEvery);
            }
            Effect::Fault(Fault::Reply(Vec::new()))
        }
        (FaultKind::ReplyWith, Target::Every) => return Err(FaultError::ChangeOfEvery),
        _ => plain_effect(kind, command::split_plain(text, end, hash)?, reader)?,
    };
    Ok(Rule {
        text: format!("{} {}", kind.name(), text.trim()),
        target,
        field,
        calls,
        effect,
        seen: 0,
        applied: 0,
    })
}

/// The calls that a rule is for, and where in its text they end.
struct Chosen {
    target: Target,
    field: Option<Field>,
    calls: Calls,
    end: usize,
}

/// Reads `RPC`, which brackets may follow: one with a field and its value, and one
/// with calls.
fn target(schema: &'static Schema, text: &str) -> Result<Chosen, FaultError> {
    let start = text.len() - text.trim_start().len();
    let rest = text.trim_start();
    let length = rest
        .find(|c: char| c.is_whitespace() || c == '[')
        .unwrap_or(rest.len());
    let (name, mut rest) = rest.split_at_checked(length).unwrap_or((rest, ""));
    let target = named(schema, name)?;
    let (mut field, mut calls) = (None, None);
    let mut end = start + length;
    while let Some(opened) = rest.strip_prefix('[') {
        let length = closed(opened).ok_or_else(|| FaultError::Bracket(name.to_owned()))?;
        let (inside, after) = opened.split_at_checked(length).unwrap_or((opened, ""));
        rest = after.strip_prefix(']').unwrap_or_default();
        end = text.len() - rest.len();
        let given_twice = match inside.split_once('=') {
            Some((path, value)) => {
                let path = Field::parse(schema, target, path, value)?;
                field.replace(path).is_some()
            }
            None => calls.replace(Calls::parse(inside.trim())?).is_some(),
        };
        if given_twice {
            return Err(FaultError::Twice(inside.to_owned()));
        }
    }
    if let Some(other) = rest.chars().next().filter(|c| !c.is_whitespace()) {
        return Err(FaultError::AfterBracket(other));
    }
    Ok(Chosen {
        target,
        field,
        calls: calls.unwrap_or(Calls::All),
        end,
    })
}

/// Where a bracket is closed that was opened before a text. A path within may have
/// brackets of its own.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, one) in text.char_indices() {
        match one {
            '[' => depth += 1,
            ']' if depth == 0 => return Some(index),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The RPC that is called `name`, or all of them for `*`.
///
/// # Errors
/// When there is none, or more than one.
pub(super) fn named(schema: &'static Schema, name: &str) -> Result<Target, FaultError> {
    match name {
        "" => Err(FaultError::NoName),
        "*" => Ok(Target::Every),
        name => Ok(Target::Rpc(lookup::rpc(schema, name)?)),
    }
}

/// What a rule other than a reply does.
fn plain_effect(
    kind: FaultKind,
    words: Vec<String>,
    reader: &dyn Reader,
) -> Result<Effect, FaultError> {
    let form = kind.form();
    let missing = |what| FaultError::Missing { what, form };
    let mut words = words.into_iter();
    let effect = match kind {
        FaultKind::Fail => {
            let code = status(&words.next().ok_or_else(|| missing("the status"))?)?;
            let message = words.next().unwrap_or_else(|| FAILURE.to_owned());
            Effect::Fault(Fault::Fail(code, message))
        }
        FaultKind::Delay => {
            let time = words.next().ok_or_else(|| missing("the time"))?;
            Effect::Delay(duration::parse(&time)?)
        }
        FaultKind::Garbage => match words.next() {
            Some(word) => garbage(&word, &mut words, reader)?,
            None => Effect::RandomGarbage(GARBAGE),
        },
        FaultKind::Truncate => {
            let length = words.next().map(|word| count(&word, 0, &mut words));
            Effect::Fault(Fault::Truncate(length.transpose()?))
        }
        FaultKind::Close => Effect::Fault(Fault::Close),
        FaultKind::Die => Effect::Fault(Fault::Die),
        // A reply is read elsewhere, as its words are not plain ones.
        FaultKind::Drop | FaultKind::Reply | FaultKind::ReplyWith => Effect::Fault(Fault::Drop),
    };
    match words.next() {
        Some(word) => Err(FaultError::Surplus { word, form }),
        None => Ok(effect),
    }
}

/// A status code by its name, in any case, or as a number.
fn status(text: &str) -> Result<i32, FaultError> {
    let named = Code::from_str(&text.to_ascii_uppercase());
    let code = match named {
        Some(code) => code.value(),
        None => i32::from_str(text).map_err(|_| {
            let names: Vec<_> = Code::VALUES.iter().map(|c| format!("{c:?}")).collect();
            FaultError::Status {
                name: text.to_owned(),
                nearest: nearest(text, names.iter().map(|n| (n.as_str(), n.as_str()))),
            }
        })?,
    };
    if code == 0 {
        return Err(FaultError::Success);
    }
    Ok(code)
}

fn garbage(
    word: &str,
    words: &mut impl Iterator<Item = String>,
    reader: &dyn Reader,
) -> Result<Effect, FaultError> {
    let given = |prefix: &&str| word.starts_with(*prefix);
    if !["hex:", "base64:", "@"].iter().any(given) {
        return Ok(Effect::RandomGarbage(count(word, 1, words)?));
    }
    match parse_scalar(Scalar::Bytes, reader.dialect(), word)? {
        Parsed::Bytes(bytes) => Ok(Effect::Fault(Fault::Garbage(bytes))),
        // It was read as bytes.
        _ => Err(FaultError::Missing {
            what: "the bytes",
            form: FaultKind::Garbage.form(),
        }),
    }
}

/// A number of bytes from a least one on, after which the word `bytes` may stand.
fn count(
    word: &str,
    min: usize,
    words: &mut impl Iterator<Item = String>,
) -> Result<usize, FaultError> {
    let mistake = |text: &str| FaultError::Count {
        text: text.to_owned(),
        min,
        max: MESSAGE_LENGTH_MAX,
    };
    let digits = word.bytes().all(|byte| byte.is_ascii_digit());
    let number = word.parse().ok().filter(|_| digits);
    let number = number.filter(|number| (min..=MESSAGE_LENGTH_MAX).contains(number));
    let number = number.ok_or_else(|| mistake(word))?;
    match words.next().as_deref() {
        None | Some("bytes" | "byte") => Ok(number),
        Some(other) => Err(mistake(&format!("{word} {other}"))),
    }
}

#[cfg(test)]
mod tests;
