//! Lines edited on a terminal. It is the terminal itself that is written to, so
//! that standard output holds responses only.

use std::io;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Behavior, CompletionType, Config};

use super::Typed;
use super::helper::Helper;
use super::history::{HistoryFile, KEPT};
use crate::interrupt;
use crate::log::Logger;
use crate::schema::Schema;

/// A line editor with a history.
pub(super) struct Editor {
    editor: rustyline::Editor<Helper, FileHistory>,
    history: HistoryFile,
    prompt: &'static str,
}

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
        let config = Config::builder()
            .behavior(Behavior::PreferTerm)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .history_ignore_space(true)
            .max_history_size(KEPT)
            .map_err(io_error)?
            .build();
        let mut editor = rustyline::Editor::with_config(config).map_err(io_error)?;
        editor.set_helper(Some(Helper::new(schema)));
        let mut history = HistoryFile::of_user(logger);
        history.load(editor.history_mut());
        Ok(Self {
            editor,
            history,
            prompt,
        })
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
        let typed = self.ask(self.prompt)?;
        if let Typed::Text(text) = &typed
            && !text.trim().is_empty()
        {
            // Only a history in a database can fail to add.
            let _ = self.editor.add_history_entry(text.trim_end());
            self.history.keep(self.editor.history_mut());
        }
        Ok(typed)
    }

    /// A line that is no command: the answer to a question.
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
            Err(ReadlineError::Interrupted) => {
                if let Some(helper) = self.editor.helper() {
                    helper.erase_hint_above();
                }
                Ok(Typed::Abandoned)
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
