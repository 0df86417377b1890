//! The terminal that the tool itself runs in.

use std::io;
use std::os::fd::AsFd;

use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use terminal_size::terminal_size_of;

/// Keeps the terminal of standard input raw: what is typed comes as it is, and nothing is echoed.
/// It is as before once this is dropped.
pub(super) struct RawTerminal {
    before: Termios,
}

impl RawTerminal {
    /// Makes it raw; `None` if standard input is not a terminal.
    pub(super) fn enter() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let terminal = Self { before };
        terminal.enter_again();
        Some(terminal)
    }

    /// Makes it raw once more, after the shell had it in between.
    pub(super) fn enter_again(&self) {
        let mut raw = self.before.clone();
        cfmakeraw(&mut raw);
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &raw);
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // Nothing is to be done where that fails: the terminal is gone.
        let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &self.before);
    }
}

/// The window's rows and columns, if there is a window.
pub(super) fn size() -> Option<(u16, u16)> {
    let of = |size: Option<(terminal_size::Width, terminal_size::Height)>| {
        let (terminal_size::Width(columns), terminal_size::Height(rows)) = size?;
        Some((rows, columns))
    };
    of(terminal_size_of(io::stdout().as_fd())).or_else(|| of(terminal_size_of(io::stdin().as_fd())))
}
