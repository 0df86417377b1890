//! Where in a JSON document a value stands, as a path to show.

use std::fmt;

use agent_schema::json::string::JsonString;
use serde_path_to_error::Segment;

/// One step from a value to a value within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A member of an object.
    Member(String),
    /// An element of a list.
    Element(usize),
}

/// The steps from the document to a value in it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(Vec<Step>);

impl JsonPath {
    /// Goes one step further in.
    pub(crate) fn enter(&mut self, step: Step) {
        self.0.push(step);
    }

    /// Goes back one step.
    pub(crate) fn leave(&mut self) {
        self.0.pop();
    }

    /// The path with a colon after it, or nothing for the document itself.
    pub(crate) fn before(&self) -> String {
        match self.0.is_empty() {
            true => String::new(),
            false => format!("{self}: "),
        }
    }
}

impl From<&serde_path_to_error::Path> for JsonPath {
    fn from(path: &serde_path_to_error::Path) -> Self {
        let steps = path.iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Element(*index)),
            Segment::Map { key } => Some(Step::Member(key.clone())),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        JsonPath(steps.collect())
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |name: &str| {
            let mut bytes = name.bytes();
            !name.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        for (count, step) in self.0.iter().enumerate() {
            match step {
                Step::Member(name) if !is_plain(name) => write!(f, "[{}]", JsonString(name))?,
                Step::Member(name) if count == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
                Step::Element(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
