//! A JSON object on one line, in which every character that a terminal acts on
//! is escaped.

use std::fmt::Display;

use agent_schema::json::{self, Style};
use agent_schema::{Reflect, Schema};

/// An object that grows.
#[derive(Default)]
pub(super) struct Object {
    text: Vec<u8>,
}

impl Object {
    fn name(&mut self, name: &str) {
        self.text
            .push(if self.text.is_empty() { b'{' } else { b',' });
        json::string::write(name, &mut self.text);
        self.text.push(b':');
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        json::string::write(value, &mut self.text);
    }

    /// Adds a number, of any integer type.
    pub(super) fn number(&mut self, name: &str, value: impl Display) {
        self.name(name);
        self.text.extend_from_slice(value.to_string().as_bytes());
    }

    /// Adds true or false.
    pub(super) fn bool(&mut self, name: &str, value: bool) {
        self.number(name, value);
    }

    /// Adds a list of texts.
    pub(super) fn texts(&mut self, name: &str, values: &[impl AsRef<str>]) {
        self.name(name);
        self.text.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.text.push(b',');
            }
            json::string::write(value.as_ref(), &mut self.text);
        }
        self.text.push(b']');
    }

    /// Adds an object.
    pub(super) fn object(&mut self, name: &str, value: Object) {
        self.name(name);
        self.text.append(&mut value.end());
    }

    /// Adds a message, or says why JSON has no form for it.
    pub(super) fn message(
        &mut self,
        name: &str,
        value: &dyn Reflect,
        schema: &'static Schema,
    ) -> Result<(), String> {
        let mut text = Vec::new();
        json::write(value, schema, Style::default(), &mut text)
            .map_err(|error| error.to_string())?;
        self.name(name);
        self.text.append(&mut text);
        Ok(())
    }

    fn end(mut self) -> Vec<u8> {
        if self.text.is_empty() {
            self.text.push(b'{');
        }
        self.text.push(b'}');
        self.text
    }

    /// The object as a line of its own, with its newline.
    pub(super) fn line(self) -> Vec<u8> {
        let mut text = self.end();
        text.push(b'\n');
        text
    }
}
