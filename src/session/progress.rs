//! How far a command has come that sends much, as a bar on a terminal, and nothing elsewhere.

use std::time::{Duration, Instant};

use super::observer::Observer;
use crate::client::Call;
use crate::live::LiveLine;
use crate::recipes::Piece;

/// The longest bar, in columns.
const BAR: usize = 40;

/// Shows the bar while a series of calls is made.
#[derive(Default)]
pub(super) struct Progress {
    bar: Option<Bar>,
}

impl Observer for Progress {
    fn series(&mut self, _call: &Call<'_>, total: u64) {
        self.bar = Bar::of(total);
    }

    fn piece(&mut self, piece: &Piece<'_>) {
        if let Some(bar) = &mut self.bar {
            bar.sending = piece.length;
        }
    }

    fn answer(&mut self, _encoded: &[u8]) {
        if let Some(bar) = &mut self.bar {
            bar.advance();
        }
    }

    fn end(&mut self, _method: &str, _status: Option<i32>, _time: Duration) {
        self.bar = None;
    }
}

/// A bar, gone when it is dropped.
struct Bar {
    line: LiveLine,
    /// Bytes of the piece that is on its way.
    sending: u64,
    done: u64,
    total: u64,
    started: Instant,
}

impl Bar {
    /// A bar for this many bytes, if standard error is a terminal and there are any.
    fn of(total: u64) -> Option<Self> {
        let line = (total > 0).then(LiveLine::new).flatten()?;
        Some(Bar {
            line,
            sending: 0,
            done: 0,
            total,
            started: Instant::now(),
        })
    }

    /// Notes that the piece on its way has arrived.
    fn advance(&mut self) {
        self.done = self.done.saturating_add(self.sending);
        let seconds = self.started.elapsed().as_secs_f64();
        let (done, total) = (self.done, self.total);
        self.line.draw(|width| text(done, total, seconds, width));
    }
}

/// The bar where there is room for one, what is done of what, how fast, and how
/// long it will take.
fn text(done: u64, total: u64, seconds: f64, width: usize) -> String {
    let rate = done as f64 / seconds.max(f64::MIN_POSITIVE);
    let left = match done {
        0 => "-".to_owned(),
        _ => format!("{:.0}", total.saturating_sub(done) as f64 / rate),
    };
    let figures = format!(
        "{}/{} {}/s {left} s",
        size(done as f64),
        size(total as f64),
        size(rate)
    );
    let room = width.saturating_sub(figures.len() + 3).min(BAR);
    if room < 4 {
        return figures;
    }
    let part = u128::from(done) * room as u128 / u128::from(total.max(1));
    let filled = usize::try_from(part).unwrap_or(room).min(room);
    format!("[{:room$}] {figures}", "#".repeat(filled))
}

/// A number of bytes in the largest unit that it has one of.
fn size(bytes: f64) -> String {
    let mut value = bytes;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    let digits = if unit == "B" { 0 } else { 2 };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_the_room_beside_the_figures() {
        let cases = [
            (
                1 << 20,
                2 << 20,
                100,
                "[####################                    ] 1.00 MiB/2.00 MiB 1.00 MiB/s 1 s",
            ),
            (
                0,
                512,
                60,
                "[                                      ] 0 B/512 B 0 B/s - s",
            ),
            (
                3 << 30,
                3 << 30,
                60,
                "[#########################] 3.00 GiB/3.00 GiB 3.00 GiB/s 0 s",
            ),
            (1536, 4096, 20, "1.50 KiB/4.00 KiB 1.50 KiB/s 2 s"),
        ];
        for (done, total, width, expected) in cases {
            assert_eq!(text(done, total, 1.0, width), expected);
        }
    }
}
