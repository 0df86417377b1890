//! What a command may say beyond the fields of its request: aliases, signal
//! names, and the parameters of conveniences. Which there are is in the tables
//! of [`crate::auto`] and [`crate::conveniences`].

use std::time::Duration;

use super::noted::{FormerNames, PassedOver};
use crate::input;
use crate::{auto, conveniences};
use agent_schema::{Content, Dialect, Message, Rpc, Scalar, Schema, history, lookup};

/// A member of a document that says which call it is for, as the requests have it that genpolicy's
/// test cases held at first.
pub(super) const TAG: &str = "type";

/// The spellings that one RPC's request takes.
#[derive(Debug, Clone, Copy)]
pub struct RequestDialect<'a> {
    /// The API that the RPC is of.
    schema: &'static Schema,
    /// The RPC whose request is being made.
    pub rpc: &'static Rpc,
    /// Where unknown fields of documents are noted, if they are passed over.
    passed: Option<&'a PassedOver>,
    /// Where names are noted that fields no longer have.
    former: Option<&'a FormerNames>,
    /// How long the file of a value may block.
    wait_limit: Option<Duration>,
}

impl<'a> RequestDialect<'a> {
    /// Those of this RPC's.
    pub fn of(schema: &'static Schema, rpc: &'static Rpc) -> Self {
        Self {
            schema,
            rpc,
            passed: None,
            former: None,
            wait_limit: None,
        }
    }

    /// The same, with names noted that fields no longer have.
    pub(super) fn noting(self, former: &'a FormerNames) -> Self {
        Self {
            former: Some(former),
            ..self
        }
    }

    /// The same, with files that may block for at most this time.
    pub(super) fn waiting(self, wait_limit: Option<Duration>) -> Self {
        Self { wait_limit, ..self }
    }

    /// The same, with unknown fields of documents passed over.
    pub(super) fn passing_over(self, passed: &'a PassedOver) -> Self {
        Self {
            passed: Some(passed),
            ..self
        }
    }

    fn is_of(&self, message: &Message) -> bool {
        std::ptr::eq(message, self.rpc.request)
    }
}

impl Dialect for RequestDialect<'_> {
    fn field(&self, message: &'static Message, name: &str) -> Option<usize> {
        let row = auto::row_of_alias(self.rpc, name).filter(|_| self.is_of(message));
        let index = row.and_then(|row| row.named_in(self.rpc));
        index.or_else(|| {
            let (index, release) = history::renamed(self.schema, message, name)?;
            if let (Some(former), Some(field)) = (self.former, message.fields.get(index)) {
                former.note(name, field.name, release);
            }
            Some(index)
        })
    }

    /// A parameter, an alias whose field this request does not have (such a one only sets the
    /// value that later commands remember), or the tag.
    fn extra(&self, message: &'static Message, name: &str) -> Option<&'static str> {
        if !self.is_of(message) || lookup::field(message, name, self).is_ok() {
            return None;
        }
        let mut parameters = conveniences::parameters(self.rpc).map(|parameter| parameter.name);
        let parameter = parameters.find(|parameter| *parameter == name);
        parameter
            .or_else(|| auto::alias(self.rpc, name))
            .or_else(|| (name == TAG && self.passed.is_none()).then_some(TAG))
    }

    fn passes_over(&self, path: &str) -> bool {
        self.passed.map(|passed| passed.note(path)).is_some()
    }

    fn extra_type(&self, name: &str) -> Scalar {
        let mut parameters = conveniences::parameters(self.rpc);
        let parameter = parameters.find(|parameter| parameter.name == name);
        parameter.map_or(Scalar::String, |parameter| parameter.ty)
    }

    fn names(&self, message: &'static Message) -> Vec<(&'static str, usize)> {
        let rows = auto::ROWS.iter().filter(|_| self.is_of(message));
        let indices = rows.filter_map(|row| Some((row, row.named_in(self.rpc)?)));
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

    fn file(&self, path: &str) -> Content {
        Ok(input::value(path, self.wait_limit)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent_schema::fixture::INNER;
    use agent_schema::{Field, FieldOptions, Label, Scalar, Type};

    const fn field(name: &'static str, scalar: Scalar, label: Label) -> Field {
        Field {
            name,
            json_name: name,
            number: 1,
            ty: Type::Scalar(scalar),
            label,
            oneof: None,
            doc: "",
            options: FieldOptions::NONE,
        }
    }

    static REQUEST: Message = Message {
        fields: &[
            field("container_id", Scalar::Int32, Label::Singular),
            field("sandbox_id", Scalar::String, Label::Repeated),
        ],
        ..INNER
    };
    static RPC: Rpc = Rpc {
        service: "grpc.AgentService",
        file: "test.proto",
        name: "Do",
        request: &REQUEST,
        response: &REQUEST,
        client_streaming: false,
        server_streaming: false,
        doc: "",
        deprecated: false,
    };

    #[test]
    fn an_alias_names_its_field_whatever_the_type() {
        let dialect = RequestDialect::of(&agent_schema::fixture::SCHEMA, &RPC);
        assert_eq!(dialect.names(&REQUEST), [("cid", 0), ("sid", 1)]);
        for (alias, index) in [("cid", 0), ("sid", 1)] {
            assert_eq!(dialect.field(&REQUEST, alias), Some(index));
            assert_eq!(dialect.extra(&REQUEST, alias), None);
        }
        // The automatic value, a text, still needs a field for one text.
        assert!(auto::ROWS.iter().all(|row| row.index_in(&RPC).is_none()));
    }
}
