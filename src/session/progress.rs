//! How far a long command has come, as a bar on a terminal, and nothing
//! elsewhere. It counts bytes and knows nothing of calls.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// The bar, what is done of what, how fast, and how long it will take.
const STYLE: &str = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";

/// A bar, gone when it is dropped.
pub struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A bar for this many bytes, if standard error is a terminal and there are any.
    pub fn of(total: u64) -> Self {
        if total == 0 || !io::stderr().is_terminal() {
            return Self::none();
        }
        let bar = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template(STYLE) {
            bar.set_style(style);
        }
        Self { bar: Some(bar) }
    }

    /// No bar.
    pub fn none() -> Self {
        Self { bar: None }
    }

    /// Notes that so many bytes more are done.
    pub fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
