//! One request as one line of JSON, in which every character that a terminal
//! acts on is escaped.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use crate::schema::json::{self, Style};
use crate::schema::{Reflect, Schema};

use super::{Request, time};

/// The line of a request that came at `time`, with its newline.
pub(super) fn of(request: &Request<'_>, schema: &'static Schema, time: SystemTime) -> Vec<u8> {
    let Request { rpc, context, .. } = request;
    let mut object = Object::default();
    object.text("time", &time::rfc3339(time));
    object.text("service", rpc.service);
    object.text("method", rpc.name);
    if rpc.is_streaming() {
        // What the lines of one stream have in common.
        object.number("stream", context.mh.stream_id.into());
    }
    let told = match request.message {
        Ok(message) => object.message("request", message, schema),
        Err(reason) => Err(reason.to_owned()),
    };
    if let Err(reason) = told {
        object.text("error", &reason);
        object.text("payload", &hex(request.payload));
    }
    object.lists("metadata", &context.metadata);
    if context.timeout_nano != 0 {
        object.number("timeout_nano", context.timeout_nano);
    }
    object.line()
}

/// A JSON object that grows.
#[derive(Default)]
struct Object {
    text: Vec<u8>,
}

impl Object {
    fn name(&mut self, name: &str) {
        self.text
            .push(if self.text.is_empty() { b'{' } else { b',' });
        json::string::write(name, &mut self.text);
        self.text.push(b':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        json::string::write(value, &mut self.text);
    }

    fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        self.text.extend_from_slice(value.to_string().as_bytes());
    }

    /// Adds a message, or says why JSON has no form for it.
    fn message(
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

    fn lists(&mut self, name: &str, values: &HashMap<String, Vec<String>>) {
        let mut object = Object::default();
        // Sorted, as the ttrpc crate keeps no order.
        for (key, list) in values.iter().collect::<BTreeMap<_, _>>() {
            object.name(key);
            object.text.push(b'[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    object.text.push(b',');
                }
                json::string::write(value, &mut object.text);
            }
            object.text.push(b']');
        }
        self.name(name);
        self.text.append(&mut object.end());
    }

    fn end(mut self) -> Vec<u8> {
        if self.text.is_empty() {
            self.text.push(b'{');
        }
        self.text.push(b'}');
        self.text
    }

    fn line(self) -> Vec<u8> {
        let mut text = self.end();
        text.push(b'\n');
        text
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
