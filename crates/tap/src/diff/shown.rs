//! A difference as it is told, to people and to scripts.

use agent_text::escape;
use serde_json::{Value, json};

use super::{Difference, Named};

/// How much of a value is shown, in characters.
const SHOWN: usize = 200;

impl Difference {
    /// As lines for a person. What a terminal would act on is escaped.
    pub fn text(&self) -> String {
        match self {
            Difference::Missing(call) => format!("- {call}\n"),
            Difference::Added(call) => format!("+ {call}\n"),
            Difference::Changed { call, fields } => {
                let value = |value: &Option<Value>| match value {
                    None => "nothing".to_owned(),
                    Some(value) => escape::first_line(&value.to_string(), SHOWN),
                };
                let fields = fields.iter().map(|(path, old, new)| {
                    let path = escape::line(path);
                    format!("    {path}: {} != {}\n", value(old), value(new))
                });
                format!("~ {call}\n{}", fields.collect::<String>())
            }
        }
    }

    /// As JSON.
    pub fn as_json(&self) -> Value {
        let of = |what: &str, call: &Named| {
            let mut object = json!({what: call.name, "number": call.number});
            if !call.faults.is_empty() {
                object["faults"] = json!(call.faults);
            }
            object
        };
        match self {
            Difference::Missing(call) => of("missing", call),
            Difference::Added(call) => of("added", call),
            Difference::Changed { call, fields } => {
                let fields = fields
                    .iter()
                    .map(|(path, old, new)| json!({"path": path, "first": old, "second": new}));
                let mut object = of("changed", call);
                object["fields"] = fields.collect();
                object
            }
        }
    }
}
