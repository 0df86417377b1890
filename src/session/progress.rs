//! How far a long command has come, as a bar on a terminal, and nothing
//! elsewhere. It counts bytes and knows nothing of calls.

use std::time::Instant;

use crate::live::LiveLine;

/// The longest bar, in columns.
const BAR: usize = 40;

/// A bar, gone when it is dropped.
#[derive(Debug)]
pub struct Progress {
    line: Option<LiveLine>,
    done: u64,
    total: u64,
    started: Instant,
}

impl Progress {
    /// A bar for this many bytes, if standard error is a terminal and there are any.
    pub fn of(total: u64) -> Self {
        let line = match total {
            0 => None,
            _ => LiveLine::new(),
        };
        Self {
            line,
            done: 0,
            total,
            started: Instant::now(),
        }
    }

    /// No bar.
    pub fn none() -> Self {
        Self::of(0)
    }

    /// Notes that so many bytes more are done.
    pub fn advance(&mut self, bytes: u64) {
        self.done = self.done.saturating_add(bytes);
        let Some(line) = &mut self.line else { return };
        let seconds = self.started.elapsed().as_secs_f64();
        let (done, total) = (self.done, self.total);
        line.draw(|width| text(done, total, seconds, width));
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
