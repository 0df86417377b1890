//! What `describe` tells of automatic values, aliases, conveniences and command lines.

use super::{ROWS, Row};
use crate::recipes;
use crate::schema::describe::{Annotations, Parameter, Words};
use crate::schema::{Message, Rpc};

/// The rows of the table as notes on fields.
#[derive(Debug, Clone, Copy)]
pub struct RowNotes;

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
        recipes::parameters(rpc).collect()
    }

    fn conveniences(&self, rpc: &'static Rpc) -> Vec<Words> {
        recipes::of(rpc).map(|recipe| recipe.example).collect()
    }

    fn aliases(&self, message: &'static Message, index: usize) -> Vec<String> {
        let named = |row: &&Row| {
            message
                .fields
                .get(index)
                .is_some_and(|it| it.name == row.field)
        };
        let is_request = crate::schema().services.iter().any(|service| {
            let mut rpcs = service.rpcs.iter();
            rpcs.any(|rpc| std::ptr::eq(rpc.request, message))
        });
        let rows = ROWS.iter().filter(named).filter(|_| is_request);
        rows.flat_map(|row| row.aliases)
            .map(|&alias| alias.to_owned())
            .collect()
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
