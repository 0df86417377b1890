//! The calls that an exec is made of: their RPCs by name, and their requests, made over the
//! table, so that they fit whichever release the build is of.

use crate::error::{Error, Kind};
use crate::schema::{List, Reflect, Rpc, Schema, Value, ValueMut, decode, lookup};

/// The RPCs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rpcs {
    pub(super) start: &'static Rpc,
    pub(super) read_stdout: &'static Rpc,
    pub(super) read_stderr: &'static Rpc,
    pub(super) write: &'static Rpc,
    pub(super) close: &'static Rpc,
    pub(super) resize: &'static Rpc,
    pub(super) signal: &'static Rpc,
    pub(super) wait: &'static Rpc,
    /// What tells whether the agent has a policy, if the build has it.
    pub(super) details: Option<&'static Rpc>,
}

impl Rpcs {
    /// Finds them in the build's protos.
    ///
    /// # Errors
    /// When one is not there.
    pub(super) fn of(schema: &'static Schema) -> Result<Self, Error> {
        let named = |name: &str| {
            let found = lookup::rpc(schema, name)
                .ok()
                .filter(|rpc| !rpc.is_streaming());
            found.ok_or_else(|| {
                Error::usage(format_args!(
                    "this build's protos have no {name}, which is needed"
                ))
            })
        };
        Ok(Self {
            start: named("grpc.AgentService/ExecProcess")?,
            read_stdout: named("grpc.AgentService/ReadStdout")?,
            read_stderr: named("grpc.AgentService/ReadStderr")?,
            write: named("grpc.AgentService/WriteStdin")?,
            close: named("grpc.AgentService/CloseStdin")?,
            resize: named("grpc.AgentService/TtyWinResize")?,
            signal: named("grpc.AgentService/SignalProcess")?,
            wait: named("grpc.AgentService/WaitProcess")?,
            details: named("grpc.AgentService/GetGuestDetails").ok(),
        })
    }
}

/// A request, or an answer.
pub(super) struct Content(Box<dyn Reflect>);

impl Content {
    /// A request of an RPC about a process.
    ///
    /// # Errors
    /// When the build's message has no such fields.
    pub(super) fn about(rpc: &Rpc, container_id: &str, exec_id: &str) -> Result<Self, Error> {
        let mut content = Self((rpc.request.new)());
        content.set_text("container_id", container_id)?;
        content.set_text("exec_id", exec_id)?;
        Ok(content)
    }

    /// An answer of an RPC.
    ///
    /// # Errors
    /// When the payload is not one.
    pub(super) fn answer(rpc: &Rpc, payload: &[u8]) -> Result<Self, Error> {
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

    pub(super) fn set_text(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.change(name, |value| match value {
            ValueMut::String(place) => {
                text.clone_into(place);
                Some(())
            }
            _ => None,
        })
    }

    pub(super) fn set_number(&mut self, name: &str, number: u32) -> Result<(), Error> {
        self.change(name, |value| match value {
            ValueMut::Uint32(place) => {
                *place = number;
                Some(())
            }
            _ => None,
        })
    }

    pub(super) fn set_bytes(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.change(name, |value| match value {
            ValueMut::Bytes(place) => {
                bytes.clone_into(place);
                Some(())
            }
            _ => None,
        })
    }

    /// Changes a message within it.
    pub(super) fn within(
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

    /// The bytes of a field; none if there is no such field.
    pub(super) fn bytes(&self, name: &str) -> &[u8] {
        match self.get(name) {
            Some(Value::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// The number in a field; 0 if there is no such field.
    pub(super) fn number(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Value::Int32(number)) => number.into(),
            Some(Value::Uint32(number)) => number.into(),
            Some(Value::Int64(number)) => number,
            _ => 0,
        }
    }

    /// The texts of a list in a message within it.
    pub(super) fn texts(&self, message: &str, list: &str) -> Vec<String> {
        let Some(Value::Message(message)) = self.get(message) else {
            return Vec::new();
        };
        let fields = message.descriptor().fields;
        let index = fields.iter().position(|field| field.name == list);
        let Some(Value::List(list)) = index.and_then(|index| message.get(index)) else {
            return Vec::new();
        };
        texts_of(list)
    }

    /// Its wire form.
    ///
    /// # Errors
    /// When it is larger than protobuf allows.
    pub(super) fn payload(&self) -> Result<Vec<u8>, Error> {
        crate::session::payload(&*self.0)
    }
}

fn texts_of(list: &dyn List) -> Vec<String> {
    let values = (0..list.len()).filter_map(|index| list.get(index));
    let texts = values.filter_map(|value| match value {
        Value::String(text) => Some(text.to_owned()),
        _ => None,
    });
    texts.collect()
}
