//! Completion in a shell. The scripts that `completions` prints call the hidden
//! sub-command `complete`, so they know nothing themselves and never go stale:
//! what is on the line is read by `line`, what may stand there is found by
//! `arguments`, and each shell is told in its own way by `reply`.

mod arguments;
mod line;
mod reply;

use crate::cli::{Complete, Shell};
use crate::complete::{self, Candidate};
use crate::schema::Schema;
use arguments::Found;
use line::{Line, Quote};
use reply::{stays_open, typed_in};

/// The script that makes a shell ask this program.
pub(crate) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("scripts/kata-agent-ctl.bash"),
        Shell::Zsh => include_str!("scripts/kata-agent-ctl.zsh"),
        Shell::Fish => include_str!("scripts/kata-agent-ctl.fish"),
    }
}

/// What a shell's script is told of what may stand at the cursor.
pub(crate) fn answer(schema: &'static Schema, asked: &Complete) -> String {
    let line = line::read(&asked.line, asked.shell);
    let found = found(schema, &line);
    match asked.shell {
        Shell::Bash => reply::bash(&line, &found, &asked.word_breaks, asked.listing),
        Shell::Zsh => reply::zsh(&line, &found),
        Shell::Fish => reply::fish(&line, &found),
    }
}

/// What may stand at the cursor, such that the shell leaves open what stays open:
/// bash and fish end a word after its only candidate, and zsh does nothing with one
/// that is typed already. Where the word goes on, the candidate is offered beside
/// what may come after it, so that what they have in common is typed in, and nothing
/// else. Where nothing is known to follow, the shell does as it does with any word.
fn found(schema: &'static Schema, line: &Line<'_>) -> Found {
    let mut found = arguments::complete(schema, line);
    let [only] = &found.candidates[..] else {
        return found;
    };
    let ends_early = match line.shell {
        Shell::Bash => line.open() != Quote::None,
        // It adds nothing after a word that ends like this.
        Shell::Fish => !only
            .text
            .ends_with(['/', '=', '@', ':', '.', ',', '-', '_']),
        Shell::Zsh => line.word.get(found.start..) == Some(&only.text),
    };
    if ends_early && stays_open(line, &found, only) {
        let more = following(schema, line, &found, only);
        found.candidates.extend(more);
    }
    found
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
        text.push_str(&line::quoted(" ", line.open(), line.shell));
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
    let command = found
        .command_start
        .and_then(|start| after.word.get(start..));
    match command {
        Some(command) if more.is_empty() => {
            joined(after.word.len(), complete::beginnings(schema, command))
        }
        _ => more,
    }
}
