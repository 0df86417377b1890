//! What a command may say beyond the fields of its request: aliases, signal
//! names, and the parameters of conveniences. Which there are is in the tables
//! of [`crate::auto`] and [`crate::recipes`].

use crate::schema::{Dialect, Message, Rpc, Scalar, lookup};
use crate::{auto, recipes};

/// The spellings that one RPC's request takes.
#[derive(Debug, Clone, Copy)]
pub struct RequestDialect {
    /// The RPC whose request is being made.
    pub rpc: &'static Rpc,
}

impl RequestDialect {
    fn is_of(&self, message: &Message) -> bool {
        std::ptr::eq(message, self.rpc.request)
    }
}

impl Dialect for RequestDialect {
    fn field(&self, message: &'static Message, name: &str) -> Option<usize> {
        let row = auto::row_of_alias(name).filter(|_| self.is_of(message))?;
        row.index_in(self.rpc)
    }

    /// A parameter, or an alias whose field this request does not have: such a
    /// one only sets the value that later commands remember.
    fn extra(&self, message: &'static Message, name: &str) -> Option<&'static str> {
        if !self.is_of(message) || lookup::field(message, name, self).is_ok() {
            return None;
        }
        let mut parameters = recipes::parameters(self.rpc).map(|parameter| parameter.name);
        let parameter = parameters.find(|parameter| *parameter == name);
        parameter.or_else(|| auto::alias(name))
    }

    fn extra_type(&self, name: &str) -> Scalar {
        let mut parameters = recipes::parameters(self.rpc);
        let parameter = parameters.find(|parameter| parameter.name == name);
        parameter.map_or(Scalar::String, |parameter| parameter.ty)
    }

    fn names(&self, message: &'static Message) -> Vec<(&'static str, usize)> {
        let rows = auto::ROWS.iter().filter(|_| self.is_of(message));
        let indices = rows.filter_map(|row| Some((row, row.index_in(self.rpc)?)));
        indices
            .flat_map(|(row, index)| row.aliases.iter().map(move |alias| (*alias, index)))
            .collect()
    }

    fn words(&self, message: &'static Message, index: usize) -> Vec<(&'static str, String)> {
        if !self.is_of(message) || auto::signal_row(self.rpc, index).is_none() {
            return Vec::new();
        }
        let number = |(name, number): (_, u32)| (name, number.to_string());
        auto::signal_names().map(number).collect()
    }

    fn value(&self, message: &'static Message, index: usize, text: &str) -> Option<String> {
        if !self.is_of(message) {
            return None;
        }
        auto::signal_row(self.rpc, index)?;
        Some(auto::signal_number(text)?.to_string())
    }
}
