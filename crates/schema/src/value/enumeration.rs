//! An enum's value from its name or number.

use agent_text::excerpt::Excerpt;

use super::number;
use crate::descriptor::Enum;
use crate::suggest::{nearest, quoted};

/// How many values an error lists before it turns to the nearest ones.
const LISTED: usize = 8;

/// Why a text is not a value of an enum.
#[derive(Debug, thiserror::Error)]
pub enum EnumError {
    /// No value has that name, and it is not a number either.
    #[error("{} is not a value of {enumeration} ({}) or a 32-bit number", Excerpt(.text), .known)]
    Unknown {
        /// What was given.
        text: String,
        /// Full name of the enum.
        enumeration: &'static str,
        /// The names to choose from: all, or the nearest.
        known: String,
    },
    /// Several values differ from the text in case alone, and none is equal to it.
    #[error("{} could be {} of {enumeration}", Excerpt(.text), quoted(.names, "or"))]
    Ambiguous {
        /// What was given.
        text: String,
        /// Full name of the enum.
        enumeration: &'static str,
        /// The names that match.
        names: Vec<String>,
    },
}

/// Reads the number of an enum's value.
pub(super) fn parse(enumeration: &Enum, text: &str) -> Result<i32, EnumError> {
    if let Some(number) = exact(enumeration, text) {
        return Ok(number);
    }
    let values = enumeration.values.iter();
    let matches: Vec<_> = values
        .filter(|value| value.name.eq_ignore_ascii_case(text))
        .collect();
    match matches.as_slice() {
        [] => number::integer(text).map_err(|_| unknown(enumeration, text)),
        [first, rest @ ..] if rest.iter().all(|value| value.number == first.number) => {
            Ok(first.number)
        }
        several => Err(EnumError::Ambiguous {
            text: text.to_owned(),
            enumeration: enumeration.full_name,
            names: several.iter().map(|value| value.name.to_owned()).collect(),
        }),
    }
}

/// Reads an enum value's name letter by letter, as ProtoJSON has it.
pub(crate) fn parse_exact(enumeration: &Enum, name: &str) -> Result<i32, EnumError> {
    exact(enumeration, name).ok_or_else(|| unknown(enumeration, name))
}

/// The number of the value with exactly this name.
fn exact(enumeration: &Enum, name: &str) -> Option<i32> {
    let value = enumeration.values.iter().find(|value| value.name == name)?;
    Some(value.number)
}

/// The error for a text that is not a value.
fn unknown(enumeration: &Enum, text: &str) -> EnumError {
    let names = || enumeration.values.iter().map(|value| value.name);
    let known = if enumeration.values.len() <= LISTED {
        names().collect::<Vec<_>>().join(", ")
    } else {
        let near = nearest(text, names().map(|name| (name, name)));
        let shown = if near.is_empty() {
            names().take(LISTED).map(str::to_owned).collect()
        } else {
            near
        };
        format!("{}, ...", shown.join(", "))
    };
    EnumError::Unknown {
        text: text.to_owned(),
        enumeration: enumeration.full_name,
        known,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;
    use crate::EnumValue;

    const fn value(name: &'static str, number: i32) -> EnumValue {
        EnumValue {
            name,
            number,
            doc: "",
            deprecated: false,
        }
    }

    static UNIT: Enum = Enum {
        full_name: "test.Unit",
        file: "test.proto",
        doc: "",
        deprecated: false,
        values: &[
            value("UNKNOWN", 0),
            value("Bytes", 1),
            value("BYTES", 2),
            value("Inodes", 3),
            value("INODES", 3),
            value("v6", -1),
        ],
    };

    #[test]
    fn by_name_in_any_case_where_that_is_unique() {
        assert_eq!(parse(&UNIT, "unknown").unwrap(), 0);
        assert_eq!(parse(&UNIT, "Bytes").unwrap(), 1);
        assert_eq!(parse(&UNIT, "BYTES").unwrap(), 2);
        assert_eq!(parse(&UNIT, "V6").unwrap(), -1);
        // Two names of one number leave no doubt about the number.
        assert_eq!(parse(&UNIT, "inodes").unwrap(), 3);
        assert_eq!(
            parse(&UNIT, "bytes").unwrap_err().to_string(),
            "\"bytes\" could be \"Bytes\" or \"BYTES\" of test.Unit"
        );
    }

    #[test]
    fn by_any_32_bit_number() {
        assert_eq!(parse(&UNIT, "77").unwrap(), 77);
        assert_eq!(parse(&UNIT, "-0x80000000").unwrap(), i32::MIN);
        assert!(parse(&UNIT, "2147483648").is_err());
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        assert_eq!(
            parse(&UNIT, "kb").unwrap_err().to_string(),
            "\"kb\" is not a value of test.Unit (UNKNOWN, Bytes, BYTES, Inodes, INODES, v6) \
             or a 32-bit number"
        );
    }
}
