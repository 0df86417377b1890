//! Members of a document that are no fields: what a user wrote for the tool
//! itself. Their values are plain text, as setters give them; which names there
//! are is the dialect's to know.

use serde::de;
use serde_json::value::RawValue;

use super::context::Merge;
use super::error::Problem;
use super::given::Given;
use super::place::Step;
use super::scalar::string_content;

/// A member that no field of the message has the name of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// What its key stands for.
    pub name: &'static str,
    /// Its value as text; `None` for `null`.
    pub text: Option<String>,
}

impl<'de> Merge<'de, '_> {
    /// Keeps a member for whoever merges the document.
    pub(super) fn take_extra<E: de::Error>(
        &mut self,
        name: &'static str,
        value: &'de RawValue,
    ) -> Result<(), E> {
        self.at(Step::Field(name), |merge| {
            if merge.extras.iter().any(|extra| extra.name == name) {
                return Err(merge.fail(Problem::Duplicate));
            }
            let raw = value.get();
            let text = match (string_content(merge, raw)?, raw.bytes().next()) {
                (Some(content), _) => Some(content.into_owned()),
                (None, Some(b'n')) => None,
                (None, Some(b'{' | b'[')) => {
                    let found = Given::unless_string(raw);
                    let expected = "a string, a number, true or false";
                    return Err(merge.fail(found.mismatch(expected)));
                }
                (None, _) => Some(raw.to_owned()),
            };
            merge.extras.push(Extra { name, text });
            Ok(())
        })
    }
}
