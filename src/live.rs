//! A line on a terminal that is drawn over and over while something goes on, and
//! is gone in the end. It knows when and where to draw, and not what.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use terminal_size::{Width, terminal_size_of};

/// How long a line stays: faster than this nobody reads.
const STAYS: Duration = Duration::from_millis(100);

/// Where the width is not known.
const USUAL_WIDTH: u16 = 80;

/// Back to the first column, and what stands there erased. (ECMA-48, 8.3.41.)
const ERASE: &str = "\r\x1b[K";

/// The line. It is erased when it is dropped.
#[derive(Debug)]
pub struct LiveLine {
    drawn: Option<Instant>,
}

impl LiveLine {
    /// A line on standard error, if that is a terminal.
    pub fn new() -> Option<LiveLine> {
        io::stderr()
            .is_terminal()
            .then_some(LiveLine { drawn: None })
    }

    /// Draws the line, unless it was drawn a moment ago. `text` gets the width
    /// to fill at most, in columns; what it returns must be plain ASCII.
    pub fn draw(&mut self, text: impl FnOnce(usize) -> String) {
        let now = Instant::now();
        if self.drawn.is_some_and(|drawn| now - drawn < STAYS) {
            return;
        }
        self.drawn = Some(now);
        let size = terminal_size_of(io::stderr());
        let width = size.map_or(USUAL_WIDTH, |(Width(columns), _)| columns);
        // In the last column some terminals begin the next line.
        let width = usize::from(width).saturating_sub(1);
        let mut text = text(width);
        text.truncate(width);
        put(&format!("{ERASE}{text}"));
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            put(ERASE);
        }
    }
}

fn put(text: &str) {
    // A terminal that is gone shows nothing; the run goes on.
    let _ = io::stderr().write_all(text.as_bytes());
}
