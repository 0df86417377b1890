//! Bash and fish end a word after its only candidate: they close its quote, or add
//! a space. Where the word goes on, the candidate is offered beside what may come
//! after it, so that what they have in common is typed in, and nothing else.

use super::arguments::{self, Found};
use super::line::{self, Line, Quote};
use super::reply::{stays_open, typed_in};
use super::{Shell, quote};
use crate::complete::{self, Candidate};
use crate::schema::Schema;

/// Adds what may follow the only candidate where the shell would end its word too
/// early. Where nothing is known to follow, the shell does as it does with any word.
pub(super) fn keep_open(schema: &'static Schema, line: &Line<'_>, found: &mut Found) {
    let [only] = &found.candidates[..] else {
        return;
    };
    let ends_early = match line.shell {
        Shell::Bash => line.open() != Quote::None,
        Shell::Fish => !goes_on_in_fish(&only.text),
        Shell::Zsh => false,
    };
    if ends_early && stays_open(line, found, only) {
        let more = following(schema, line, found, only);
        found.candidates.extend(more);
    }
}

/// Whether fish adds nothing after a word that ends like this.
fn goes_on_in_fish(text: &str) -> bool {
    text.ends_with(['/', '=', '@', ':', '.', ',', '-', '_'])
}

/// The candidate with each thing that may come after it.
fn following(
    schema: &'static Schema,
    line: &Line<'_>,
    found: &Found,
    only: &Candidate,
) -> Vec<Candidate> {
    let mut text = typed_in(line, found, only);
    if !only.continues {
        text.push_str(&quote::quoted(" ", line.open(), line.shell));
    }
    let after = line::read(&text, line.shell);
    let joined = |start: usize, candidates: Vec<Candidate>| -> Vec<Candidate> {
        let before = after.word.get(found.start..start).unwrap_or_default();
        let longer = candidates.into_iter().map(|it| Candidate {
            text: format!("{before}{}", it.text),
            ..it
        });
        longer.filter(|it| it.text != only.text).collect()
    };
    let next = arguments::complete(schema, &after);
    let more = joined(next.start, next.candidates);
    match after.word.get(found.command_start..) {
        Some(command) if more.is_empty() && found.is_command => {
            joined(after.word.len(), complete::forms(schema, command))
        }
        _ => more,
    }
}
