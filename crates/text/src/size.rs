//! Sizes as users type them: `16GiB`, `500MB`, `10G`; a bare number is bytes.

/// Why a text is not a size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a number with a unit.
    #[error(
        "{0:?} is not a size: write a whole number and a unit of B, KiB, MiB, GiB or TiB, as in \
         500MiB or 16GiB"
    )]
    Syntax(String),
    /// Above what 64 bits hold.
    #[error("{0:?} is too large a size: at most {max} bytes", max = u64::MAX)]
    TooLarge(String),
}

const UNITS: [(&str, u64); 14] = [
    ("", 1),
    ("B", 1),
    ("K", 1 << 10),
    ("M", 1 << 20),
    ("G", 1 << 30),
    ("T", 1 << 40),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// Reads a size, in bytes. Units are those of binary prefixes, with or without `iB`, and
/// with `B` alone those of decimal ones; their case does not matter.
///
/// # Errors
/// When `text` is not a size, or is one of more than 64 bits.
pub fn parse(text: &str) -> Result<u64, SizeError> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit.trim_start();
    let mut units = UNITS.iter();
    let unit = units.find(|(name, _)| name.eq_ignore_ascii_case(unit));
    match (number, unit) {
        ("", _) | (_, None) => Err(SizeError::Syntax(text.to_owned())),
        (number, Some((_, scale))) => {
            let size = number.parse::<u64>().ok();
            let size = size.and_then(|number| number.checked_mul(*scale));
            size.ok_or_else(|| SizeError::TooLarge(text.to_owned()))
        }
    }
}

/// A size for reading: in the largest unit that it is a whole number of.
pub fn display(size: u64) -> String {
    let mut units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")].into_iter();
    match units.find(|(bits, _)| size > 0 && size.trailing_zeros() >= *bits) {
        Some((bits, unit)) => format!("{} {unit}", size >> bits),
        None if size == 1 => "1 byte".to_owned(),
        None => format!("{size} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_with_and_without_a_unit() {
        for (text, size) in [
            ("0", 0),
            ("512", 512),
            ("3B", 3),
            ("16GiB", 16 << 30),
            ("10G", 10 << 30),
            ("500 mb", 500_000_000),
            ("1k", 1024),
            ("2TB", 2_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse(text), Ok(size), "{text}");
        }
        for text in ["", "GiB", "-1", "1.5G", "1 2", "5 bytes", "x"] {
            assert_eq!(parse(text), Err(SizeError::Syntax(text.to_owned())));
        }
        for text in ["18446744073709551616", "16777216TiB"] {
            assert_eq!(parse(text), Err(SizeError::TooLarge(text.to_owned())));
        }
    }

    #[test]
    fn sizes_are_shown_in_whole_units() {
        for (size, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1500, "1500 bytes"),
            (1536 << 10, "1536 KiB"),
            (16 << 30, "16 GiB"),
            (2048 << 40, "2048 TiB"),
        ] {
            assert_eq!(display(size), text);
        }
    }
}
