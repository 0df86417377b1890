//! The agent's services as Rust knows them: a struct for each, with one method an
//! RPC, over the messages in [`messages`].
//!
//! This is what a test against an agent takes. Here it is the simulated one; any
//! other is reached by
//! `Connection::connect(&"vsock://3:1024".parse()?, &ConnectOptions::default())?`.
//!
//! ```
//! use kata_agent_ctl::client::Connection;
//! use kata_agent_ctl::typed::{AgentService, messages::agent::GuestDetailsRequest};
//!
//! let mut connection = Connection::new(kata_agent_ctl::sim::connect(kata_agent_ctl::schema())?);
//! let mut agent = AgentService::new(&mut connection);
//! let details = agent.get_guest_details(&GuestDetailsRequest::default())?;
//! assert_eq!(details.agent_details.version, "4.1.0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A request is made as any struct is, and a status other than OK is an error:
//!
//! ```
//! # use kata_agent_ctl::client::Connection;
//! use std::time::Duration;
//! use kata_agent_ctl::typed::{AgentService, Caller, CallError};
//! use kata_agent_ctl::typed::messages::agent::SignalProcessRequest;
//!
//! # let mut connection = Connection::new(kata_agent_ctl::sim::connect(kata_agent_ctl::schema())?);
//! let caller = Caller::new(&mut connection).timeout(Duration::from_secs(5));
//! let request = SignalProcessRequest {
//!     container_id: "no-such-container".to_owned(),
//!     signal: 15,
//!     ..Default::default()
//! };
//! match AgentService::new(caller).signal_process(&request) {
//!     Err(CallError::Status(status)) => assert_eq!(status.code, 3),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The names of the structs, methods and fields come from the proto files, so this
//! module is there in builds from the files in `protos/` only (`cfg(own_protos)`).

pub use agent_typed::{CallError, Caller, Messages, Response, Sender};

pub use crate::generated::clients::*;
pub use crate::generated::messages;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::thread;

    use agent_client::Connection;

    use super::AgentService;

    #[test]
    fn an_answer_that_is_cut_off_is_refused() {
        let (ours, mut agents) = UnixStream::pair().unwrap();
        let agent = thread::spawn(move || {
            let mut header = [0; 10];
            agents.read_exact(&mut header).unwrap();
            // A response's payload of two bytes: a field that has 127 bytes, and none of them.
            let answer = [0x12, 2, 0x0a, 0x7f];
            agents.write_all(&[0, 0, 0, 4]).unwrap();
            agents.write_all(&header[4..8]).unwrap();
            agents.write_all(&[2, 0]).unwrap();
            agents.write_all(&answer).unwrap();
        });
        let mut connection = Connection::new(ours);
        let error = AgentService::new(&mut connection).list_interfaces(&Default::default());
        let error = error.unwrap_err().to_string();
        let what = "Interfaces: the field at offset 0 is cut off";
        assert!(error.contains(what), "{error}");
        agent.join().unwrap();
    }
}
