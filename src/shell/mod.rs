//! Completion in a shell. The scripts that `completions` prints call the hidden
//! sub-command `complete`, so they know nothing themselves and never go stale:
//! what is on the line is read by `line`, what may stand there is found by
//! `arguments`, and each shell is told in its own way by `reply`.

mod arguments;
mod follow;
mod line;
mod quote;
mod reply;

use clap::ValueEnum;

use crate::cli::Complete;
use crate::schema::Schema;
use arguments::Found;
use line::Line;

/// A shell that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}

impl Shell {
    /// The script that makes the shell ask this program.
    pub fn script(self) -> &'static str {
        match self {
            Shell::Bash => include_str!("scripts/kata-agent-ctl.bash"),
            Shell::Zsh => include_str!("scripts/kata-agent-ctl.zsh"),
            Shell::Fish => include_str!("scripts/kata-agent-ctl.fish"),
        }
    }
}

/// What a shell's script is told of what may stand at the cursor.
pub fn answer(schema: &'static Schema, asked: &Complete) -> String {
    let line = line::read(&asked.line, asked.shell);
    let found = found(schema, &line);
    match asked.shell {
        Shell::Bash => reply::bash(&line, &found, &asked.word_breaks, asked.listing),
        Shell::Zsh => reply::zsh(&line, &found),
        Shell::Fish => reply::fish(&line, &found),
    }
}

/// What may stand at the cursor, such that the shell leaves open what stays open.
fn found(schema: &'static Schema, line: &Line<'_>) -> Found {
    let mut found = arguments::complete(schema, line);
    follow::keep_open(schema, line, &mut found);
    found
}
