//! The binary in a pseudo-terminal, as a person sits at it: keys go in, and what
//! comes out is read from the screen. Tests wait for what they expect to see,
//! never for time to pass.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::libc;
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{Pid, setsid};
use tempfile::TempDir;

use crate::tool::program;

/// How long a test waits for what it expects.
const LIMIT: Duration = Duration::from_secs(30);

/// What the tool shows when it waits for a command.
const PROMPT: &str = "kata-agent>";

/// A run to be in a terminal.
#[must_use]
pub(crate) struct AtTerminal {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    stdout: Option<File>,
    folder: Option<PathBuf>,
    size: (u16, u16),
}

/// What the terminal has got so far.
struct Shown {
    screen: vt100::Parser,
    bytes: Vec<u8>,
    is_closed: bool,
}

/// A run in a terminal.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    home: TempDir,
    /// How the terminal was set at first.
    before: Termios,
}

/// `connect` to the address with these arguments, in a terminal of 40 lines of
/// 120 columns.
pub(crate) fn at_terminal<'a>(
    address: &'a str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> AtTerminal {
    let first = ["connect", "--server-address", address];
    program_at_terminal(program(), first.into_iter().chain(arguments))
}

/// Any program in such a terminal.
pub(crate) fn program_at_terminal<'a>(
    program: &str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> AtTerminal {
    AtTerminal {
        program: program.into(),
        arguments: arguments.into_iter().map(OsString::from).collect(),
        variables: vec![("TERM".into(), "xterm".into())],
        stdout: None,
        folder: None,
        size: (40, 120),
    }
}

impl AtTerminal {
    /// An environment variable; TERM and HOME may be replaced.
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.variables.retain(|(given, _)| given != name);
        self.variables
            .push((name.into(), value.as_ref().as_os_str().to_owned()));
        self
    }

    /// Where standard output goes instead of the terminal.
    pub(crate) fn stdout(mut self, file: File) -> Self {
        self.stdout = Some(file);
        self
    }

    /// The working folder; the home folder by default.
    pub(crate) fn folder(mut self, path: &Path) -> Self {
        self.folder = Some(path.to_owned());
        self
    }

    /// The terminal's size in lines and columns.
    pub(crate) fn size(mut self, rows: u16, columns: u16) -> Self {
        self.size = (rows, columns);
        self
    }

    /// Starts it.
    pub(crate) fn start(self) -> Terminal {
        let (rows, columns) = self.size;
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None).unwrap();
        let side = || Stdio::from(pair.slave.try_clone().unwrap());
        let home = TempDir::with_prefix("home").unwrap();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .env("HOME", home.path())
            .envs(self.variables)
            .current_dir(self.folder.as_deref().unwrap_or(home.path()))
            .stdin(side())
            .stdout(self.stdout.map_or_else(side, Stdio::from))
            .stderr(side());
        // SAFETY: both calls are async-signal-safe and allocate nothing.
        unsafe {
            command.pre_exec(|| {
                setsid()?;
                match libc::ioctl(0, libc::TIOCSCTTY, 0) {
                    -1 => Err(std::io::Error::last_os_error()),
                    _ => Ok(()),
                }
            });
        }
        let before = tcgetattr(&pair.master).unwrap();
        let child = command.spawn().unwrap();
        drop(command);
        drop(pair.slave);
        let shown = Arc::new((
            Mutex::new(Shown {
                screen: vt100::Parser::new(not_zero(rows), not_zero(columns), 0),
                bytes: Vec::new(),
                is_closed: false,
            }),
            Condvar::new(),
        ));
        let keys = File::from(pair.master);
        read_all(keys.try_clone().unwrap().into(), Arc::clone(&shown));
        Terminal {
            before,
            child,
            keys,
            shown,
            home,
        }
    }
}

fn not_zero(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

/// Shows on the screen what comes from the terminal's other side.
fn read_all(side: OwnedFd, shown: Arc<(Mutex<Shown>, Condvar)>) {
    let mut side = File::from(side);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        loop {
            // The last process with the terminal open has ended: EIO.
            let count = side.read(&mut bytes).unwrap_or(0);
            let (lock, changed) = &*shown;
            let mut shown = lock.lock().unwrap_or_else(PoisonError::into_inner);
            shown.screen.process(&bytes[..count]);
            shown.bytes.extend_from_slice(&bytes[..count]);
            shown.is_closed = count == 0;
            changed.notify_all();
            if count == 0 {
                return;
            }
        }
    });
}

impl Terminal {
    /// The home folder of the run.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Types these keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.bytes(keys.as_bytes());
    }

    /// Types what need not be text.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.keys.write_all(bytes).unwrap();
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// The terminal's settings.
    fn settings(&self) -> Termios {
        tcgetattr(&self.keys).unwrap()
    }

    /// Whether what is typed goes to the program key by key, and is not shown.
    pub(crate) fn is_raw(&self) -> bool {
        let flags = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
        !self.settings().local_flags.intersects(flags)
    }

    /// Sets the terminal as a shell has it.
    pub(crate) fn cook(&self) {
        tcsetattr(&self.keys, SetArg::TCSANOW, &self.before).unwrap();
    }

    /// Gives the window another size.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        // SAFETY: the descriptor is open, and the size is only read.
        let outcome =
            unsafe { libc::ioctl(self.keys.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        assert_eq!(outcome, 0);
    }

    /// Waits for the end, when the terminal must be as it was; gives the exit status.
    #[track_caller]
    pub(crate) fn ends_restored(self) -> Option<i32> {
        let keys = self.keys.try_clone().unwrap();
        let before = self.before.clone();
        let (status, _) = self.end();
        assert!(
            tcgetattr(&keys).unwrap() == before,
            "the terminal is not as it was"
        );
        status
    }

    /// Waits until what is shown is as wanted.
    #[track_caller]
    fn wait(&self, what: &str, wanted: impl Fn(&Shown) -> bool) -> String {
        let (lock, changed) = &*self.shown;
        let end = Instant::now() + LIMIT;
        let mut shown = lock.lock().unwrap();
        while !wanted(&shown) {
            let left = end.saturating_duration_since(Instant::now());
            let screen = shown.screen.screen().contents();
            assert!(!left.is_zero(), "{what} was not seen in\n{screen}");
            (shown, _) = changed.wait_timeout(shown, left).unwrap();
        }
        shown.screen.screen().contents()
    }

    /// Waits until the text is on the screen, and gives all that is.
    #[track_caller]
    pub(crate) fn sees(&self, text: &str) -> String {
        self.wait(text, |shown| {
            shown.screen.screen().contents().contains(text)
        })
    }

    /// Waits until one of the lines is this one, without white space at its end.
    #[track_caller]
    pub(crate) fn sees_line(&self, line: &str) -> String {
        self.wait(line, |shown| {
            let contents = shown.screen.screen().contents();
            contents.lines().any(|shown| shown.trim_end() == line)
        })
    }

    /// Waits until the last line is this one, without white space at its end.
    #[track_caller]
    pub(crate) fn sees_last(&self, line: &str) -> String {
        self.wait(line, |shown| last_line(shown) == line)
    }

    /// Waits for the prompt, and gives what is on the screen.
    #[track_caller]
    pub(crate) fn sees_prompt(&self) -> String {
        self.sees_last(PROMPT)
    }

    /// Types a command and Enter, and waits until the prompt is there again.
    #[track_caller]
    pub(crate) fn enter(&mut self, command: &str) -> String {
        self.sees_prompt();
        self.keys(command);
        self.wait(command, |shown| {
            last_line(shown).starts_with(&format!("{PROMPT} {command}"))
        });
        self.keys("\r");
        self.sees_prompt()
    }

    /// Waits until the terminal has got these bytes.
    #[track_caller]
    pub(crate) fn gets(&self, bytes: &str) {
        self.gets_times(bytes, 1);
    }

    /// Waits until the terminal has got these bytes so many times.
    #[track_caller]
    pub(crate) fn gets_times(&self, bytes: &str, times: usize) {
        self.wait(&format!("{bytes:?} {times} times"), |shown| {
            String::from_utf8_lossy(&shown.bytes).matches(bytes).count() >= times
        });
    }

    /// Waits for the end; gives the exit status and all bytes.
    #[track_caller]
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        self.wait("the end", |shown| shown.is_closed);
        let status = self.child.wait().unwrap().code();
        let shown = self.shown.0.lock().unwrap();
        (status, String::from_utf8_lossy(&shown.bytes).into_owned())
    }
}

fn last_line(shown: &Shown) -> String {
    let contents = shown.screen.screen().contents();
    let mut lines = contents.lines().map(str::trim_end);
    lines
        .rfind(|line| !line.is_empty())
        .unwrap_or_default()
        .to_owned()
}

impl Drop for Terminal {
    /// A test that failed leaves nothing behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
