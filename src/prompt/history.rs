//! The file that keeps what was typed for the next time. Losing it is never more
//! than a warning.

use std::env;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History};

use crate::input;
use crate::log::{Level, Logger};
use crate::text::excerpt::Quoted;

/// How many commands are kept.
pub(super) const KEPT: usize = 1000;

/// Where commands are kept, if anywhere.
pub(super) struct HistoryFile {
    path: Option<PathBuf>,
    logger: Logger,
}

impl HistoryFile {
    /// The user's file; none where the environment names no place for it.
    pub(super) fn of_user(logger: Logger) -> Self {
        Self {
            path: user_path(env::var_os("XDG_STATE_HOME"), env::var_os("HOME")),
            logger,
        }
    }

    /// Reads what earlier runs have kept.
    pub(super) fn load(&mut self, history: &mut FileHistory) {
        let Some(path) = &self.path else {
            return;
        };
        match history.load(path) {
            Ok(()) => {}
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.give_up(&error),
        }
    }

    /// Adds what was typed since the last time.
    pub(super) fn keep(&mut self, history: &mut FileHistory) {
        let Some(path) = &self.path else {
            return;
        };
        let kept = make_folder(path)
            .map_err(ReadlineError::Io)
            .and_then(|()| history.append(path));
        if let Err(error) = kept {
            self.give_up(&error);
        }
    }

    /// Says once what is wrong, and leaves the file alone from then on.
    fn give_up(&mut self, error: &ReadlineError) {
        let reason = match error {
            ReadlineError::Io(error) => input::reason(error),
            other => other.to_string(),
        };
        if let Some(path) = self.path.take() {
            let path = path.to_string_lossy();
            let text = format_args!("no history is kept in {}: {reason}", Quoted(&path));
            self.logger.log(Level::Warn, text);
        }
    }
}

/// The file for a user with these variables. An empty one is an unset one, and a
/// relative folder is none, as the XDG base directory specification has it.
fn user_path(
    state_home: Option<std::ffi::OsString>,
    home: Option<std::ffi::OsString>,
) -> Option<PathBuf> {
    let folder = |value: Option<std::ffi::OsString>| {
        let folder = value.map(PathBuf::from);
        folder.filter(|folder| folder.is_absolute())
    };
    let state = folder(state_home)
        .or_else(|| folder(home).map(|home| home.join(".local").join("state")))?;
    Some(state.join("kata-agent-ctl").join("history"))
}

/// Makes the file's folder where it is missing, for this user alone.
fn make_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_users() {
        let path = |state: &str, home: &str| user_path(Some(state.into()), Some(home.into()));
        let at = |path: &str| Some(PathBuf::from(path));
        assert_eq!(path("/s", "/h"), at("/s/kata-agent-ctl/history"));
        for state in ["", "relative"] {
            let expected = at("/h/.local/state/kata-agent-ctl/history");
            assert_eq!(path(state, "/h"), expected, "{state}");
        }
        assert_eq!(path("", ""), None);
        assert_eq!(user_path(None, None), None);
    }
}
