//! What `describe` tells of automatic values, aliases, conveniences and command lines.

use super::{ROWS, Row};
use crate::conveniences;
use crate::history;
use crate::schema::describe::{Annotations, Parameter, Words};
use crate::schema::{Message, Rpc, Schema};

/// The rows of the table as notes on fields.
#[derive(Debug, Clone, Copy)]
pub struct RowNotes {
    /// The API that is described.
    pub schema: &'static Schema,
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

    fn conveniences(&self, rpc: &'static Rpc) -> Vec<Words> {
        conveniences::of(rpc).map(|row| row.example).collect()
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
        let former = history::former_names(message, index);
        aliases.chain(former).map(str::to_owned).collect()
    }

    fn rpc_since(&self, rpc: &'static Rpc) -> Option<&'static str> {
        history::of_rpc(rpc)
    }

    fn message_since(&self, message: &'static Message) -> Option<&'static str> {
        history::of_message(message)
    }

    fn field_since(&self, message: &'static Message, index: usize) -> Option<&'static str> {
        history::of_field(message, index)
    }

    /// Sent to the simulated agent, which is always there.
    fn call_line(&self, command: &str) -> String {
        format!("kata-agent-ctl connect --server-address sim:// -c '{command}'")
    }

    fn template_line(&self, rpc: &str) -> String {
        format!("kata-agent-ctl template {rpc}")
    }
}

/// The row that fills a field of this RPC's request.
fn row_for(rpc: Option<&'static Rpc>, message: &Message, index: usize) -> Option<&'static Row> {
    let rpc = rpc.filter(|rpc| std::ptr::eq(rpc.request, message))?;
    ROWS.iter().find(|row| row.index_in(rpc) == Some(index))
}
