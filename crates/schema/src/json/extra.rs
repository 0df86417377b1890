//! Members of a document that are no fields: what a user wrote for the tool
//! itself. Their values are handed back as text, as setters give them; which
//! names there are, and of what type, is the dialect's to know.

use serde::de;
use serde_json::value::RawValue;

use super::super::descriptor::Scalar;
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
            let content = string_content(merge, raw)?;
            let given = match &content {
                Some(content) => Given::String(content),
                None => Given::unless_string(raw),
            };
            let text = match (merge.dialect.extra_type(name), given) {
                (_, Given::Other("null")) => Ok(None),
                (Scalar::Bool, given) => given.bool().map(|value| Some(value.to_string())),
                (_, Given::String(content)) => Ok(Some(content.to_owned())),
                (_, given) => Err(given.mismatch("a string")),
            };
            let text = text.map_err(|problem| merge.fail(problem))?;
            merge.extras.push(Extra { name, text });
            Ok(())
        })
    }
}
