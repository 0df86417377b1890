//! Lines that tell how far something long has come. They are drawn on standard error
//! if that is a terminal, and are gone in the end: when the bar is dropped.

pub use indicatif::ProgressBar;
use indicatif::{ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// What is done of what, how fast, and how long the rest will take.
const BYTES: &str = "[{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}";

/// A text, as much of it as fits.
const TEXT: &str = "{wide_msg}";

/// A bar for so many bytes, at least one: tell it what is done with `inc`.
pub fn of_bytes(total: u64) -> ProgressBar {
    draw(Some(total), BYTES)
}

/// A line of text: tell it what to show with `set_message`.
pub fn of_text() -> ProgressBar {
    draw(None, TEXT)
}

fn draw(length: Option<u64>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr())
        .with_style(style.progress_chars("#> "))
        .with_finish(ProgressFinish::AndClear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [BYTES, TEXT] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
