//! What `describe` tells of automatic values, aliases, conveniences and command lines.

mod calls;

use crate::auto::{ROWS, Row};
use crate::conveniences;
use crate::request::RequestDialect;
use agent_schema::describe::{Annotations, Call, Convenience, Example, Parameter};
use agent_schema::{Dialect, Message, Rpc, Schema, history};

/// How long a line of commands gets, unless one of them is longer.
const WIDTH: usize = 100;

/// The rows of the table as notes on fields.
#[derive(Debug, Clone, Copy)]
pub struct RowNotes {
    /// The API that is described.
    pub schema: &'static Schema,
    /// Whether commands are typed one by one, and not given to a shell.
    pub are_typed: bool,
}

impl Annotations for RowNotes {
    fn automatic(
        &self,
        rpc: Option<&'static Rpc>,
        message: &'static Message,
        index: usize,
    ) -> Option<String> {
        let row = row_for(rpc, message, index)?;
        Some(row.doc.to_owned())
    }

    fn parameters(&self, rpc: &'static Rpc) -> Vec<&'static Parameter> {
        conveniences::parameters(rpc).collect()
    }

    fn conveniences(&self, rpc: &'static Rpc) -> Vec<Convenience> {
        let rows = conveniences::of(rpc).filter(|row| !row.example.is_empty());
        let examples = rows.map(|row| Convenience {
            words: row.example,
            input: row.input,
        });
        examples.collect()
    }

    fn call(&self, rpc: &'static Rpc) -> Option<Call> {
        calls::of(rpc)
    }

    fn dialect(&self, rpc: &'static Rpc) -> Box<dyn Dialect> {
        Box::new(RequestDialect::of(self.schema, rpc))
    }

    fn aliases(&self, message: &'static Message, index: usize) -> Vec<String> {
        let rpcs = self.schema.services.iter().flat_map(|service| service.rpcs);
        let asked: Vec<_> = rpcs
            .filter(|rpc| std::ptr::eq(rpc.request, message))
            .collect();
        let names_it = |row: &&Row| {
            let mut found = asked.iter().filter_map(|rpc| row.named_in(rpc));
            found.any(|named| named == index)
        };
        let rows = ROWS.iter().filter(names_it);
        let aliases = rows.flat_map(|row| row.aliases).copied();
        let former = history::former_names(self.schema, message, index);
        aliases.chain(former).map(str::to_owned).collect()
    }

    fn rpc_since(&self, rpc: &'static Rpc) -> Option<&'static str> {
        history::of_rpc(self.schema, rpc)
    }

    fn message_since(&self, message: &'static Message) -> Option<&'static str> {
        history::of_message(self.schema, message)
    }

    fn field_since(&self, message: &'static Message, index: usize) -> Option<&'static str> {
        history::of_field(self.schema, message, index)
    }

    /// A command line, sent to the simulated agent, which is always there; or the commands, as
    /// they are typed one by one, where there is nothing to put on standard input.
    fn lines(&self, example: &Example) -> Vec<String> {
        let before = example
            .call
            .before
            .iter()
            .map(|command| (*command).to_owned());
        let commands: Vec<_> = before.chain([example.command()]).collect();
        if self.are_typed {
            return match example.input {
                Some(_) => Vec::new(),
                None => commands,
            };
        }
        let mut line = String::new();
        if let Some(input) = &example.input {
            line.push_str(&format!("printf %s '{input}' | "));
        }
        line.push_str("kata-agent-ctl connect --server-address sim://");
        if !example.call.limit.is_empty() {
            line.push_str(&format!(" --timeout {}", example.call.limit));
        }
        line.push_str(" -c");
        let mut lines = Vec::new();
        for command in commands {
            let is_plain = command.chars().all(|c| c.is_ascii_alphanumeric());
            let word = match is_plain {
                true => command,
                false => format!("'{command}'"),
            };
            // A container takes a line of its own.
            if line.len() + word.len() > WIDTH {
                lines.push(format!("{line} \\"));
                line = "   ".to_owned();
            }
            line.push(' ');
            line.push_str(&word);
        }
        lines.push(line);
        lines
    }

    fn describe_line(&self, name: &str) -> String {
        match self.are_typed {
            true => format!("describe {name}"),
            false => format!("kata-agent-ctl describe {name}"),
        }
    }
}

/// The row that fills a field of this RPC's request.
fn row_for(rpc: Option<&'static Rpc>, message: &Message, index: usize) -> Option<&'static Row> {
    let rpc = rpc.filter(|rpc| std::ptr::eq(rpc.request, message))?;
    ROWS.iter().find(|row| row.index_in(rpc) == Some(index))
}
