//! A ttRPC client that hides nothing of what an agent does. It is blocking; one [`Connection`]
//! serves the calls of all services, one deadline covers the writing and the reading of a call,
//! each violation of the protocol is an error of its own that shows the bytes, and status codes
//! come as they were sent. Payloads are bytes here: encoding and decoding messages is up to the
//! caller.
//!
//! A call waits for its answer until its deadline, or until SIGINT, SIGTERM or SIGHUP comes once
//! [`interrupt::install`] was called. A [`Stream`] sends or receives several messages, and a
//! [`Multiplexer`] has many calls in flight at a time.
//!
//! An agent is reached by its [`Address`], with [`Connection::connect`], or over a socket that
//! is connected already. Here the other end of a socket pair stands in for one that answers
//! its first call:
//!
//! ```
//! use std::io::{Read, Write};
//! use std::os::unix::net::UnixStream;
//! use std::time::Duration;
//!
//! use agent_client::{Call, Connection};
//!
//! let (near, mut far) = UnixStream::pair()?;
//! let agent = std::thread::spawn(move || {
//!     let mut header = [0; 10];
//!     far.read_exact(&mut header)?;
//!     let length = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
//!     far.read_exact(&mut vec![0; length as usize])?;
//!     // Four bytes on stream 1, a response (2) without flags: a payload of two bytes.
//!     far.write_all(b"\0\0\0\x04\0\0\0\x01\x02\0\x12\x02\x08\x01")
//! });
//!
//! let mut connection = Connection::new(near);
//! let answer = connection.call(&Call {
//!     service: "grpc.Health",
//!     method: "Check",
//!     payload: &[],
//!     metadata: &[],
//!     timeout: Some(Duration::from_secs(5)),
//! })?;
//! // A `HealthCheckResponse` whose status is SERVING.
//! assert_eq!(answer, [0x08, 0x01]);
//! # agent.join().unwrap()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod call;
mod connection;
mod deadline;
mod error;
mod frame;
pub mod interrupt;
mod layout;
mod multiplex;
mod response;
mod status;
mod stream;
pub mod transport;
mod writer;

pub use self::call::{Call, Request, decode_request};
pub use self::connection::Connection;
pub use self::error::{CallError, ErrorKind, ProtocolError, Stage};
pub use self::multiplex::Multiplexer;
pub use self::response::decode_response;
pub use self::status::{Any, Status, status_name};
pub use self::stream::{Stream, StreamReceiver, StreamSender, check_message_size};
pub use self::transport::{Address, AddressError, ConnectError, ConnectOptions};
