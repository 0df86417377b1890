//! What sits between a runtime and an agent, or beside them: every call between the two is
//! seen, written down, shown, compared, and made again.
//!
//! - [`Proxy`] passes the bytes of connections, and [`Log`] takes a copy of what passes;
//! - [`Capture`] sees them by the packets of a vsockmon link, and passes nothing;
//! - [`Answers`] answers calls as a recording says;
//! - [`recording`] is what is written down, line by line;
//! - [`Calls`] puts the lines together to calls.
//!
//! Bytes pass unchanged. Whoever passes them waits for nobody who looks at them.

#![deny(unsafe_code)]
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod answers;
mod calls;
mod capture;
mod comparison;
mod connection;
mod conversation;
mod decoded;
pub mod diff;
mod faulty;
mod ids;
mod interpose;
mod log;
mod pass;
mod proxy;
mod queue;
mod recorder;
pub mod recording;
pub mod replay;
pub mod show;
mod socket;

pub use self::answers::{Answer, Answers, Ending, Passed, Turn};
pub use self::calls::{Call, Calls, End, Said, Told};
pub use self::capture::{Capture, CaptureError, Filter};
pub use self::comparison::Comparison;
pub use self::conversation::Direction;
pub use self::ids::{IdFields, Ids};
pub use self::interpose::{InterposeError, Interposed};
pub use self::log::{Log, LogError, LogThread, Sinks, Summary};
pub use self::proxy::{Dial, Proxy};
pub use self::queue::Loss;
