//! What a convenience works on: the parameters that were given, and the request with
//! the fields that were. Of each it is kept at which level it was given, as a setter
//! beats the document.

use std::sync::Arc;

use agent_bundle::Config;
#[cfg(feature = "image")]
use agent_bundle::image::Image;

use super::{ConvenienceError, FileCopy};
use crate::input::Inputs;
use agent_schema::{Explicit, Reflect, Rpc, Value, ValueMut};

/// Where something was given; the greater one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// In the document.
    Document,
    /// By a setter.
    Setter,
}

/// The parameters given with a command.
#[derive(Debug, Default)]
pub struct Given {
    values: Vec<(&'static str, String, Level)>,
}

impl Given {
    /// Notes a parameter's value; a later one replaces it.
    pub fn set(&mut self, name: &'static str, text: String, level: Level) {
        self.values.retain(|(given, ..)| *given != name);
        self.values.push((name, text, level));
    }

    /// A parameter's value.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let (_, text, _) = self.value(name)?;
        Some(text)
    }

    /// Where a parameter was given, if it was.
    pub(crate) fn level(&self, name: &str) -> Option<Level> {
        let (.., level) = self.value(name)?;
        Some(*level)
    }

    fn value(&self, name: &str) -> Option<&(&'static str, String, Level)> {
        let mut values = self.values.iter();
        values.find(|(given, ..)| *given == name)
    }
}

/// A request that a convenience may change.
pub struct Draft<'a> {
    /// The RPC it is for.
    pub rpc: &'static Rpc,
    /// What was given so far.
    pub message: &'a mut dyn Reflect,
    /// Which of its fields were given.
    pub explicit: &'a mut Explicit,
    /// The indices of those that setters gave, or something in them.
    pub on_top: Vec<usize>,
    /// Where files are read.
    pub inputs: &'a mut Inputs,
    /// Whether OCI configurations are sent as they are.
    pub as_is: bool,
    /// The OCI configuration that fills what was left out.
    pub config: Option<Arc<Config>>,
    /// The image that it is made from, once that is unpacked.
    #[cfg(feature = "image")]
    pub image: Option<Box<Image>>,
    /// The calls to make instead of the one, where a convenience needs several.
    pub series: Option<FileCopy>,
}

impl Draft<'_> {
    /// The index of one of the request's fields.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        let fields = self.message.descriptor().fields;
        fields.iter().position(|field| field.name == name)
    }

    /// Whether a field was given explicitly.
    pub(super) fn has(&self, name: &str) -> bool {
        self.level(name).is_some()
    }

    fn level(&self, name: &str) -> Option<Level> {
        let index = self.index(name)?;
        let level = match self.on_top.contains(&index) {
            true => Level::Setter,
            false => Level::Document,
        };
        self.explicit.contains(index).then_some(level)
    }

    /// Whether a parameter counts and not the field that says the same. A field
    /// that loses to it is as if it had not been given.
    ///
    /// # Errors
    /// When both are given in the document, or both by setters.
    pub(super) fn takes(
        &mut self,
        given: &Given,
        parameter: &'static str,
        field: &'static str,
    ) -> Result<bool, ConvenienceError> {
        match (given.level(parameter), self.level(field)) {
            (Some(one), Some(other)) if one == other => {
                Err(ConvenienceError::Twice { parameter, field })
            }
            (one, other) if one > other => {
                self.forget(field);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Takes back a field that only the document gave.
    pub(super) fn forget_document(&mut self, name: &str) {
        if self.level(name) == Some(Level::Document) {
            self.forget(name);
        }
    }

    fn forget(&mut self, name: &str) {
        if let Some(index) = self.index(name) {
            self.message.clear(index);
            self.explicit.unmark(index);
        }
    }

    /// Sets a number field, as if it had been given.
    pub(super) fn set_number(&mut self, name: &str, number: u32) {
        let Some(index) = self.index(name) else {
            return;
        };
        if let Some(ValueMut::Uint32(value)) = self.message.get_mut(index) {
            *value = number;
            self.explicit.mark(index);
        }
    }

    /// Sets a string field, as if it had been given.
    pub(super) fn set_text(&mut self, name: &str, text: String) {
        let Some(index) = self.index(name) else {
            return;
        };
        if let Some(ValueMut::String(value)) = self.message.get_mut(index) {
            *value = text;
            self.explicit.mark(index);
        }
    }

    /// The text of a string field that was given.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.message.get(self.index(name)?) {
            Some(Value::String(text)) if self.has(name) => Some(text.to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_value_replaces_an_earlier_one() {
        let mut given = Given::default();
        given.set("src", "a".to_owned(), Level::Document);
        given.set("dest", "b".to_owned(), Level::Document);
        given.set("src", "c".to_owned(), Level::Setter);
        assert_eq!(given.text("src"), Some("c"));
        assert_eq!(given.level("src"), Some(Level::Setter));
        assert_eq!(given.text("dest"), Some("b"));
        assert_eq!(given.level("dest"), Some(Level::Document));
        assert_eq!(given.text("recursive"), None);
        assert!(given.level("recursive") < given.level("dest"));
    }
}
