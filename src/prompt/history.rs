//! The file that keeps what was typed for the next time: a line for each command,
//! after a first line that names the format, which is rustyline's. Losing it is never
//! more than a warning, and whatever the file is, it is neither waited for nor trusted.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc;

use crate::input;
use crate::log::{Level, Logger};
use crate::text::escape::is_unprintable;
use crate::text::excerpt::Quoted;

/// How many commands are kept.
pub(super) const KEPT: usize = 1000;

/// How much is read of the end of the file. One that is longer is written anew.
const LONGEST: u64 = 1 << 20;

/// The first line.
const FORMAT: &str = "#V2\n";

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

    /// The commands that earlier runs have kept, the oldest first.
    pub(super) fn load(&mut self) -> Vec<String> {
        let loaded = self.path.as_deref().map(load);
        match loaded.unwrap_or(Ok(Vec::new())) {
            Ok(commands) => commands,
            Err(error) => {
                self.give_up(&error);
                Vec::new()
            }
        }
    }

    /// Adds a command.
    pub(super) fn keep(&mut self, command: &str) {
        if let Some(path) = self.path.as_deref()
            && let Err(error) = append(path, command)
        {
            self.give_up(&error);
        }
    }

    /// Says once what is wrong, and leaves the file alone from then on.
    fn give_up(&mut self, error: &io::Error) {
        if let Some(path) = self.path.take() {
            let (path, reason) = (path.to_string_lossy(), input::reason(error));
            let text = format_args!("no history is kept in {}: {reason}", Quoted(&path));
            self.logger.log(Level::Warn, text);
        }
    }
}

/// The commands in the file, if there is one.
fn load(path: &Path) -> io::Result<Vec<String>> {
    let mut file = match open(path, OpenOptions::new().read(true)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let start = file.metadata()?.len().saturating_sub(LONGEST);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    if start > 0 {
        // It begins within a line.
        let end = bytes.iter().position(|byte| *byte == b'\n');
        bytes.drain(..end.map_or(bytes.len(), |end| end + 1));
    }
    let not_text = |_| io::Error::other("it is not UTF-8 text");
    let text = String::from_utf8(bytes).map_err(not_text)?;
    let commands: Vec<_> = text
        .strip_prefix(FORMAT)
        .unwrap_or(&text)
        .lines()
        .map(unescaped)
        // The editor writes a command to the terminal as it is.
        .filter(|command| !command.is_empty() && !command.chars().any(acts_on_terminal))
        .collect();
    let last = commands.len().saturating_sub(KEPT);
    let commands = commands.get(last..).unwrap_or_default().to_vec();
    if start > 0 {
        rewrite(path, &commands)?;
    }
    Ok(commands)
}

/// Opens a file that must be a regular one. Opening waits for nobody.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let check = |metadata: fs::Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file")),
    };
    // A device may do something when it is opened.
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        metadata => check(metadata?)?,
    }
    let options = options
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    check(file.metadata()?)?;
    Ok(file)
}

fn append(path: &Path, command: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        // For this user alone.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut file = open(path, OpenOptions::new().append(true).create(true))?;
    let metadata = file.metadata()?;
    if metadata.permissions().mode() & 0o077 != 0 {
        // Commands hold secrets.
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    let format = if metadata.len() == 0 { FORMAT } else { "" };
    // One write, so that the lines of two prompts do not mix.
    file.write_all(format!("{format}{}\n", escaped(command)).as_bytes())
}

/// Puts these commands in the place of a file that has grown too long.
fn rewrite(path: &Path, commands: &[String]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = open(
        &new,
        OpenOptions::new().write(true).create(true).truncate(true),
    )?;
    let lines = commands
        .iter()
        .map(|command| format!("{}\n", escaped(command)));
    let text: String = std::iter::once(FORMAT.to_owned()).chain(lines).collect();
    file.write_all(text.as_bytes())?;
    fs::rename(new, path)
}

/// A command as a line of the file.
fn escaped(command: &str) -> String {
    command.replace('\\', "\\\\").replace('\n', "\\n")
}

/// The command that a line of the file stands for.
fn unescaped(line: &str) -> String {
    let mut command = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some(next @ ('n' | '\\'))) => {
                characters.next();
                command.push(if next == 'n' { '\n' } else { next });
            }
            _ => command.push(character),
        }
    }
    command
}

fn acts_on_terminal(character: char) -> bool {
    is_unprintable(character) && character != '\n'
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn commands_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("history");
        assert_eq!(load(&path).unwrap(), [""; 0]);
        let commands = ["Check", "CreateSandbox json://{\n}", r"echo \n \\ \x"];
        for command in commands {
            append(&path, command).unwrap();
        }
        assert_eq!(load(&path).unwrap(), commands);
        // What a terminal would act on is not taken.
        append(&path, "echo \u{1b}[2J").unwrap();
        assert_eq!(load(&path).unwrap(), commands);
    }

    #[test]
    fn a_file_that_others_may_read_becomes_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        fs::write(&path, "Check\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        append(&path, "Version").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(load(&path).unwrap(), ["Check", "Version"]);
    }

    #[test]
    fn of_a_long_file_the_end_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history");
        let long = format!("{FORMAT}{}", "echo old\n".repeat(300_000));
        fs::write(&path, long + "echo é\necho last\n").unwrap();
        let commands = load(&path).unwrap();
        assert_eq!(commands.len(), KEPT);
        assert_eq!(commands[KEPT - 2..], ["echo é", "echo last"]);
        assert!(fs::metadata(&path).unwrap().len() < 10_000);
        assert_eq!(load(&path).unwrap(), commands);
    }

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
