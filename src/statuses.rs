//! What the exit statuses mean, for all who tell it: the help, the manual page
//! and the page about output. Which error has which status is not told here.

use std::fmt::Write;

/// An exit status, or a family of them, and what it means.
type Row = (&'static str, &'static str);

/// What 1 means.
#[cfg(not(feature = "policy"))]
const ONE: &str = "standard output, or a file, could not be written, or an answer has no form in the output format";
#[cfg(feature = "policy")]
const ONE: &str = "standard output, or a file, could not be written, or an answer has no form in \
     the output format; of policy check, where that is 2: a request is denied";

/// Every exit status, in ascending order.
pub const EXIT_STATUSES: &[Row] = &[
    ("0", "every command succeeded"),
    ("1", ONE),
    (
        "2",
        "the command line, a command, a value or an input file is wrong; nothing was sent, unless \
         a file changed while it was copied or a stream's message is wrong",
    ),
    (
        "3",
        "no connection, a lost connection, or bytes that are not ttRPC",
    ),
    ("4", "a timeout"),
    #[cfg(feature = "load")]
    ("5", "a condition of bench --fail-if holds"),
    (
        "64 + status code",
        "the agent answered with an error status: 69 is NOT_FOUND, 77 INTERNAL, 192 a code outside \
         1 to 127; with --ignore-errors, the first one",
    ),
    ("130", "interrupted"),
    (
        "141",
        "whoever read standard output has gone, as in a pipe to head; no error is shown",
    ),
];

/// Where a meaning begins in a line of [`listed`], and where its lines end.
const COLUMNS: (usize, usize) = (20, 98);

/// The statuses as lines, the meanings below each other.
pub fn listed() -> String {
    let (start, end) = COLUMNS;
    let mut text = String::new();
    for (status, meaning) in EXIT_STATUSES {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {status:<width$}", width = start - 2);
        let mut column = start;
        for word in meaning.split(' ') {
            if column > start && column + 1 + word.len() > end {
                let _ = write!(text, "\n{:start$}", "");
                column = start;
            } else if column > start {
                text.push(' ');
                column += 1;
            }
            text.push_str(word);
            column += word.len();
        }
    }
    text
}
