//! Where in a message the reader stands, for error messages: the path from the
//! outermost message in the proto's own names. Costs nothing until it is shown.

use std::borrow::Cow;
use std::fmt;

use super::string::JsonString;
use agent_text::escape;

/// One step from a value to a value within it.
#[derive(Debug)]
pub(super) enum Step<'de> {
    /// A field of a message.
    Field(&'static str),
    /// An element of a list.
    Index(usize),
    /// An entry of a map with string keys.
    Key(Cow<'de, str>),
    /// An entry of a map with keys of another type.
    BareKey(Cow<'de, str>),
}

/// The steps from the outermost message to the value being read.
#[derive(Debug, Default)]
pub(super) struct Place<'de> {
    steps: Vec<Step<'de>>,
}

impl<'de> Place<'de> {
    pub(super) fn enter(&mut self, step: Step<'de>) {
        self.steps.push(step);
    }

    pub(super) fn leave(&mut self) {
        self.steps.pop();
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, step) in self.steps.iter().enumerate() {
            match step {
                Step::Field(name) if count == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{}]", JsonString(key))?,
                Step::BareKey(key) => write!(f, "[{}]", escape::line(key))?,
            }
        }
        Ok(())
    }
}
