//! Examples as a person reads them and as a script does. What they print stands
//! behind `#`, so that a whole block can be pasted into a shell.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Example, Topic, examples, steps, topics};
use crate::schema::Schema;

/// Every topic with its title.
pub fn list(schema: &Schema) -> String {
    let width = topics(schema).map(|topic| topic.name.len()).max();
    let mut text = String::new();
    for topic in topics(schema) {
        let width = width.unwrap_or_default();
        let _ = writeln!(text, "{:<width$}  {}", topic.name, topic.title);
    }
    text.push_str("\n\"kata-agent-ctl examples NAME\" shows the examples of one of them.\n");
    text
}

/// One topic's examples.
pub fn topic(schema: &Schema, topic: &Topic) -> String {
    let mut text = format!("{}\n", topic.title);
    for example in examples(schema, topic) {
        let _ = write!(text, "\n{}\n", example.text);
        for step in steps(&example.session(schema)) {
            text.push('\n');
            for line in step.command.lines() {
                let _ = writeln!(text, "    {line}");
            }
            for line in step.prints.lines() {
                let _ = writeln!(text, "    {}", format!("# {line}").trim_end());
            }
        }
    }
    text
}

/// Every topic, for scripts: a list on one line per topic.
pub fn list_json(schema: &Schema) -> String {
    let all: Vec<_> = topics(schema)
        .map(|topic| value(schema, topic).to_string())
        .collect();
    format!("[{}]\n", all.join(",\n "))
}

/// One topic, for scripts.
pub fn as_json(schema: &Schema, topic: &Topic) -> String {
    format!("{}\n", value(schema, topic))
}

fn value(schema: &Schema, topic: &Topic) -> Value {
    let example = |each: &Example| {
        let steps = steps(&each.session(schema));
        let commands: Vec<_> = steps
            .iter()
            .map(|step| json!({ "command": step.command, "prints": step.prints }))
            .collect();
        json!({ "text": each.text, "commands": commands })
    };
    let examples: Vec<_> = examples(schema, topic).map(example).collect();
    json!({ "name": topic.name, "title": topic.title, "examples": examples })
}
