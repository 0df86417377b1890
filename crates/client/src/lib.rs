//! A ttRPC client that hides nothing of what an agent does: blocking, one
//! connection for all services, one deadline per call over writing and reading,
//! each violation of the protocol its own error, and status codes as they came.
//! It knows no RPCs and no messages: payloads are bytes to it.

#[forbid(unsafe_code)]
mod call;
#[forbid(unsafe_code)]
mod connection;
#[forbid(unsafe_code)]
mod deadline;
#[forbid(unsafe_code)]
mod error;
#[forbid(unsafe_code)]
pub mod excerpt;
#[forbid(unsafe_code)]
mod frame;
pub mod interrupt;
#[forbid(unsafe_code)]
mod multiplex;
#[forbid(unsafe_code)]
pub mod reason;
#[forbid(unsafe_code)]
mod spin;
#[forbid(unsafe_code)]
mod status;
#[forbid(unsafe_code)]
mod stream;
#[forbid(unsafe_code)]
pub mod transport;
#[forbid(unsafe_code)]
mod waiting;
#[forbid(unsafe_code)]
mod writer;

pub use self::call::Call;
pub use self::connection::Client;
pub use self::error::{CallError, ErrorKind, ProtocolError, Stage};
pub use self::multiplex::Multiplexer;
pub use self::status::{Status, status_name};
pub use self::stream::{Stream, StreamReceiver, StreamSender, check_message_size};
pub use self::transport::{Address, AddressError, ConnectError, ConnectOptions};
