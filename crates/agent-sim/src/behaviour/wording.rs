//! How the agent puts its errors: as its language's debugging form shows them,
//! so that some stand in quotes.

use std::fmt::Display;
use std::io;

use nix::errno::Errno;

/// A text in quotes, with escapes.
pub(super) fn quoted(text: impl Display) -> String {
    format!("{:?}", text.to_string())
}

/// A failed system call where the error is told with its text alone.
pub(super) fn system(error: Errno) -> String {
    io::Error::from(error).to_string()
}

/// A failed system call of the standard library, in full.
pub(super) fn in_full(error: Errno) -> String {
    format!("{:?}", io::Error::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_look_as_the_agent_shows_them() {
        assert_eq!(quoted("a \"b\"\nc"), r#""a \"b\"\nc""#);
        assert_eq!(
            system(Errno::ENOENT),
            "No such file or directory (os error 2)"
        );
        assert_eq!(
            in_full(Errno::ENOENT),
            r#"Os { code: 2, kind: NotFound, message: "No such file or directory" }"#
        );
    }
}
