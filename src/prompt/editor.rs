//! Lines edited on a terminal. It is the terminal itself that is written to, so
//! that standard output holds responses only.

use std::io;

use nix::sys::termios::{FlushArg, tcflush};
use rustyline::error::ReadlineError;
use rustyline::history::{History, MemHistory};
use rustyline::{Behavior, CompletionType, Config};

use super::Typed;
use super::helper::Helper;
use super::history::{HistoryFile, KEPT};
use crate::interrupt;
use crate::log::Logger;
use crate::schema::Schema;

/// A line editor with a history.
pub(super) struct Editor {
    schema: &'static Schema,
    editor: Inner,
    history: HistoryFile,
    prompt: &'static str,
}

type Inner = rustyline::Editor<Helper, MemHistory>;

impl Editor {
    /// An editor that shows `prompt` before each line.
    ///
    /// # Errors
    /// When the terminal is of no use to it.
    pub(super) fn new(
        schema: &'static Schema,
        prompt: &'static str,
        logger: Logger,
    ) -> io::Result<Self> {
        let mut history = HistoryFile::of_user(logger);
        let editor = Self::editor(schema, history.load().iter().map(String::as_str))?;
        Ok(Self {
            schema,
            editor,
            history,
            prompt,
        })
    }

    fn editor<'a>(
        schema: &'static Schema,
        commands: impl Iterator<Item = &'a str>,
    ) -> io::Result<Inner> {
        let config = Config::builder()
            .behavior(Behavior::PreferTerm)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .history_ignore_space(true)
            .max_history_size(KEPT)
            .map_err(io_error)?
            .build();
        let mut kept = MemHistory::with_config(&config);
        for command in commands {
            kept.add(command).map_err(io_error)?;
        }
        let mut editor = rustyline::Editor::with_history(config, kept).map_err(io_error)?;
        editor.set_helper(Some(Helper::new(schema)));
        Ok(editor)
    }

    /// Forgets what was typed ahead: the rest of a line that is not text.
    fn drop_typed(&mut self) -> io::Result<()> {
        // What the editor has read is forgotten with it.
        self.editor = Self::editor(
            self.schema,
            self.editor.history().into_iter().map(String::as_str),
        )?;
        tcflush(io::stdin(), FlushArg::TCIFLUSH)?;
        Ok(())
    }

    /// The next line, or lines where one goes on or several were pasted.
    ///
    /// # Errors
    /// When the terminal can be read no more.
    pub(super) fn next(&mut self) -> io::Result<Typed> {
        let size = self.editor.dimensions();
        if let (Some((columns, _)), Some(helper)) = (size, self.editor.helper_mut()) {
            helper.set_width(columns.into());
        }
        let read = self.ask(self.prompt);
        match &read {
            Ok(Typed::Text(text)) => {
                let command = text.trim_end();
                // Only a history in a database can fail to add.
                let is_new = self.editor.add_history_entry(command).unwrap_or_default();
                if !command.is_empty() && is_new {
                    self.history.keep(command);
                }
            }
            Ok(Typed::Abandoned) => {
                if let Some(helper) = self.editor.helper() {
                    helper.erase_hint_above();
                }
            }
            _ => {}
        }
        read
    }

    /// A line typed after a question, which is not kept.
    ///
    /// # Errors
    /// When the terminal can be read no more.
    pub(super) fn ask(&mut self, question: &str) -> io::Result<Typed> {
        let read = interrupt::while_editing(|| match interrupt::is_terminated() {
            true => Err(ReadlineError::Interrupted),
            false => self.editor.readline(question),
        });
        match read {
            Ok(text) => Ok(Typed::Text(text)),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Interrupted) => Ok(Typed::Abandoned),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                self.drop_typed()?;
                Ok(Typed::NotText { error: None })
            }
            Err(error) => Err(io_error(error)),
        }
    }
}

fn io_error(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}
