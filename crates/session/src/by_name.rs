//! The requests and answers of the calls that the tool makes on its own, by the names of their
//! fields: made over the table, they fit whichever release the build is of.

use agent_report::error::{Error, Kind};
use agent_schema::{Reflect, Rpc, Value, ValueMut, decode};

/// A message, whose fields are reached by their names.
pub struct ByName(Box<dyn Reflect>);

impl ByName {
    /// A request of an RPC, with nothing in it.
    pub fn request(rpc: &Rpc) -> Self {
        Self((rpc.request.new)())
    }

    /// A request of an RPC about a process.
    ///
    /// # Errors
    /// When the build's message has no such fields.
    pub fn about(rpc: &Rpc, container_id: &str, exec_id: &str) -> Result<Self, Error> {
        let mut content = Self::request(rpc);
        content.set_text("container_id", container_id)?;
        content.set_text("exec_id", exec_id)?;
        Ok(content)
    }

    /// An answer of an RPC.
    ///
    /// # Errors
    /// When the payload is not one.
    pub fn answer(rpc: &Rpc, payload: &[u8]) -> Result<Self, Error> {
        let mut message = (rpc.response.new)();
        match decode(&mut *message, payload) {
            Ok(()) => Ok(Self(message)),
            Err(error) => Err(Error::new(
                Kind::Protocol,
                format_args!("the answer is not a {}: {error}", rpc.response.full_name),
            )),
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        let fields = self.0.descriptor().fields;
        fields.iter().position(|field| field.name == name)
    }

    /// Changes a field.
    fn change(
        &mut self,
        name: &str,
        change: impl FnOnce(ValueMut<'_>) -> Option<()>,
    ) -> Result<(), Error> {
        let message = self.0.descriptor().full_name;
        let index = self.index(name);
        let field = index.and_then(|index| self.0.get_mut(index));
        field.and_then(change).ok_or_else(|| {
            Error::usage(format_args!(
                "{message} of this build has no {name} as it is needed"
            ))
        })
    }

    /// Gives a field of text this value.
    ///
    /// # Errors
    /// When the build's message has no such field.
    pub fn set_text(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.change(name, |value| match value {
            ValueMut::String(place) => {
                text.clone_into(place);
                Some(())
            }
            _ => None,
        })
    }

    /// Gives a field that is a number this value.
    ///
    /// # Errors
    /// When the build's message has no such field.
    pub fn set_number(&mut self, name: &str, number: u32) -> Result<(), Error> {
        self.change(name, |value| match value {
            ValueMut::Uint32(place) => {
                *place = number;
                Some(())
            }
            _ => None,
        })
    }

    /// Gives a field of bytes this value.
    ///
    /// # Errors
    /// When the build's message has no such field.
    pub fn set_bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.change(name, |value| match value {
            ValueMut::Bytes(place) => {
                bytes.clone_into(place);
                Some(())
            }
            _ => None,
        })
    }

    /// Changes a message within it.
    pub fn within(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut dyn Reflect) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut outcome = Ok(());
        self.change(name, |value| match value {
            ValueMut::Message(message) => {
                outcome = change(message);
                Some(())
            }
            _ => None,
        })?;
        outcome
    }

    fn get(&self, name: &str) -> Option<Value<'_>> {
        self.0.get(self.index(name)?)
    }

    /// The text in a field; empty if there is no such field.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::String(text)) => text,
            _ => "",
        }
    }

    /// Whether a field of a message within it is true.
    pub fn is_true(&self, message: &str, name: &str) -> bool {
        matches!(self.inner(message, name), Some(Value::Bool(true)))
    }

    /// The bytes of a field; none if there is no such field.
    pub fn bytes(&self, name: &str) -> &[u8] {
        match self.get(name) {
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// The number in a field; 0 if there is no such field.
    pub fn number(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Value::Int32(number)) => number.into(),
            Some(Value::Uint32(number)) => number.into(),
            Some(Value::Int64(number)) => number,
            _ => 0,
        }
    }

    /// The texts of a list in a message within it.
    pub fn texts(&self, message: &str, list: &str) -> Vec<String> {
        let Some(Value::List(list)) = self.inner(message, list) else {
            return Vec::new();
        };
        let values = (0..list.len()).filter_map(|index| list.get(index));
        let texts = values.filter_map(|value| match value {
            Value::String(text) => Some(text.to_owned()),
            _ => None,
        });
        texts.collect()
    }

    /// A field of a message within it.
    fn inner(&self, message: &str, name: &str) -> Option<Value<'_>> {
        let Some(Value::Message(message)) = self.get(message) else {
            return None;
        };
        let fields = message.descriptor().fields;
        message.get(fields.iter().position(|field| field.name == name)?)
    }

    /// Its wire form.
    ///
    /// # Errors
    /// When it is larger than protobuf allows.
    pub fn payload(&self) -> Result<Vec<u8>, Error> {
        crate::payload(&*self.0)
    }
}
