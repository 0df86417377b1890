//! Worked examples for real situations: what `examples` lists and shows. The
//! texts are data in `topics`; they name RPCs as text, and an example whose
//! RPCs the proto lacks is left out. That what they print is true is for the
//! tests to show, which run all of them.

#![forbid(unsafe_code)]

mod topics;

use std::fmt::Write;

use serde_json::{Value, json};

use agent_schema::suggest::{did_you_mean, nearest};
use agent_schema::{Rpc, Schema};

/// Stands in an example for the first RPC that streams from the client.
const STREAMING: &str = "STREAMING";

/// Examples for one kind of situation.
#[derive(Debug)]
pub struct Topic {
    /// What `examples` takes to show it.
    pub name: &'static str,
    /// The situation in a few words.
    pub title: &'static str,
    /// The examples, the simplest first.
    pub examples: &'static [Example],
}

/// One example, complete in itself.
#[derive(Debug)]
pub struct Example {
    /// What it is for, as paragraphs.
    pub text: &'static str,
    /// The RPCs that it calls, by method name.
    pub rpcs: &'static [&'static str],
    /// Its commands for a shell, each behind `$ `, and what they print on both
    /// outputs, where a line `...` stands for any lines.
    pub session: &'static str,
}

/// No topic has this name.
#[derive(Debug, thiserror::Error)]
#[error("there are no examples of {name:?}{}", instead(.near))]
pub struct NoTopic {
    name: String,
    near: Vec<String>,
}

/// What to do about a topic that is not there.
fn instead(near: &[String]) -> String {
    match near {
        [] => "; \"examples\" alone lists its topics".to_owned(),
        near => did_you_mean(near),
    }
}

impl Example {
    /// Whether the build knows all of its RPCs.
    fn fits(&self, schema: &Schema) -> bool {
        self.rpcs.iter().all(|name| match *name {
            STREAMING => streaming(schema).is_some(),
            name => rpcs(schema).any(|rpc| rpc.name == name),
        })
    }

    /// The commands and what they print, as they are for this build.
    fn session(&self, schema: &Schema) -> String {
        match streaming(schema).filter(|_| self.rpcs.contains(&STREAMING)) {
            Some(rpc) => self.session.replace(STREAMING, rpc.name),
            None => self.session.to_owned(),
        }
    }
}

fn rpcs(schema: &Schema) -> impl Iterator<Item = &'static Rpc> {
    schema.services.iter().flat_map(|service| service.rpcs)
}

fn streaming(schema: &Schema) -> Option<&'static Rpc> {
    rpcs(schema).find(|rpc| rpc.client_streaming)
}

/// The examples of a topic that this build can run.
pub fn examples(schema: &Schema, topic: &Topic) -> impl Iterator<Item = &'static Example> {
    topic.examples.iter().filter(|each| each.fits(schema))
}

/// The topics that have an example which this build can run.
pub fn topics(schema: &Schema) -> impl Iterator<Item = &'static Topic> {
    let all = topics::ALL.iter().flat_map(|group| group.iter());
    all.filter(|topic| examples(schema, topic).next().is_some())
}

/// The topic of this name.
///
/// # Errors
/// When there is none, with the names nearest to it.
pub fn find(schema: &Schema, name: &str) -> Result<&'static Topic, NoTopic> {
    topics(schema)
        .find(|topic| topic.name == name)
        .ok_or_else(|| NoTopic {
            name: name.to_owned(),
            near: nearest(name, topics(schema).map(|topic| (topic.name, topic.name))),
        })
}

/// A command and what it prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// It, of one line or more.
    pub text: String,
    /// What it prints on both outputs, line by line; `...` stands for any lines.
    pub prints: String,
}

/// The commands of a session.
pub fn commands(session: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for line in session.lines() {
        let goes_on = |command: &Command| command.prints.is_empty() && command.text.ends_with('\\');
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(text), _) => commands.push(Command {
                text: text.to_owned(),
                prints: String::new(),
            }),
            (None, Some(command)) if goes_on(command) => {
                command.text.push('\n');
                command.text.push_str(line);
            }
            (None, Some(command)) => {
                command.prints.push_str(line);
                command.prints.push('\n');
            }
            (None, None) => {}
        }
    }
    commands
}

/// Every topic with its title and its first command.
pub fn list(schema: &Schema) -> String {
    let mut text = String::new();
    for topic in topics(schema) {
        let _ = writeln!(text, "{}: {}", topic.name, topic.title);
        let first = examples(schema, topic).next();
        let commands = first.map(|first| commands(&first.session(schema)));
        for line in commands
            .iter()
            .flatten()
            .take(1)
            .flat_map(|command| command.text.lines())
        {
            let _ = writeln!(text, "    {line}");
        }
        text.push('\n');
    }
    text.push_str("\"kata-agent-ctl examples TOPIC\" shows the examples of one of them.\n");
    text
}

/// One topic's examples.
pub fn topic(schema: &Schema, topic: &Topic) -> String {
    let mut text = format!("{}\n", topic.title);
    for example in examples(schema, topic) {
        let _ = write!(text, "\n{}\n", example.text);
        for command in commands(&example.session(schema)) {
            text.push('\n');
            for line in command.text.lines() {
                let _ = writeln!(text, "    {line}");
            }
            for line in command.prints.lines() {
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
        let commands: Vec<_> = commands(&each.session(schema))
            .iter()
            .map(|command| json!({ "command": command.text, "prints": command.prints }))
            .collect();
        json!({ "text": each.text, "commands": commands })
    };
    let examples: Vec<_> = examples(schema, topic).map(example).collect();
    json!({ "name": topic.name, "title": topic.title, "examples": examples })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_has_one_name_and_each_of_its_examples_a_command() {
        let mut names = Vec::new();
        for topic in topics::ALL.iter().flat_map(|group| group.iter()) {
            assert!(
                !names.contains(&topic.name),
                "{} is there twice",
                topic.name
            );
            names.push(topic.name);
            for example in topic.examples {
                assert!(!commands(example.session).is_empty(), "{}", topic.name);
                assert!(!example.text.is_empty(), "{}", topic.name);
            }
        }
    }

    #[test]
    fn every_rpc_of_an_example_is_one_of_the_agents_and_in_its_commands() {
        let schema = agent_api::schema();
        for topic in topics::ALL.iter().flat_map(|group| group.iter()) {
            for example in topic.examples {
                for rpc in example.rpcs {
                    let known = *rpc == STREAMING || rpcs(schema).any(|each| each.name == *rpc);
                    assert!(known, "{}: {rpc}", topic.name);
                    assert!(example.session.contains(rpc), "{}: {rpc}", topic.name);
                }
                // And the other way round: what a command names is listed.
                for rpc in rpcs(schema) {
                    let mut words = example.session.split(|c: char| !c.is_alphanumeric());
                    if words.any(|word| word == rpc.name) {
                        assert!(
                            example.rpcs.contains(&rpc.name),
                            "{}: {}",
                            topic.name,
                            rpc.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_session_is_commands_and_what_they_print() {
        let command = |text: &str, prints: &str| Command {
            text: text.to_owned(),
            prints: prints.to_owned(),
        };
        assert_eq!(
            commands("\n$ a \\\n    b\n1\n\n$ c\n$ d\n2\n"),
            [
                command("a \\\n    b", "1\n\n"),
                command("c", ""),
                command("d", "2\n")
            ]
        );
        assert_eq!(commands(""), []);
    }
}
