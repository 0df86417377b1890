//! What is left aside when calls are compared: IDs differ from one run to the next, and some
//! fields tell a time or a measure.

use crate::ids::IdFields;

/// What is compared, and what is not.
#[derive(Debug, Clone, Copy)]
pub struct Comparison {
    /// The fields of requests that hold an ID.
    pub ids: IdFields,
    /// The RPCs, as `service/method`, and the fields of their messages that no two runs have in
    /// common.
    pub measures: &'static [(&'static str, &'static [&'static str])],
}

impl Comparison {
    /// The fields of an RPC's messages that are not compared.
    pub(crate) fn measures_of(&self, name: &str) -> &'static [&'static str] {
        let measures = self.measures.iter().find(|(rpc, _)| *rpc == name);
        measures.map_or(&[], |(_, fields)| fields)
    }
}
