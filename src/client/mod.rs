//! A ttRPC client that hides nothing of what an agent does: blocking, one
//! connection for all services, one deadline per call over writing and reading,
//! each violation of the protocol its own error, and status codes as they came.
//! It knows no RPCs and no messages: payloads are bytes to it.

mod call;
mod connection;
pub(crate) mod deadline;
mod error;
pub(crate) mod excerpt;
mod frame;
mod multiplex;
pub(crate) mod reason;
mod spin;
mod status;
mod stream;
mod waiting;
mod writer;

pub use self::call::Call;
pub use self::connection::Client;
pub use self::error::{CallError, ErrorKind, ProtocolError, Stage};
pub use self::multiplex::Multiplexer;
pub use self::status::{Status, status_name};
pub use self::stream::{Stream, StreamReceiver, StreamSender, check_message_size};
pub use crate::transport::{Address, AddressError, ConnectError, ConnectOptions};
