//! Protobuf's wire format: the fields of an encoded message one after the other, and the
//! few functions that write one. What a field means is up to whoever reads it; this crate
//! knows where each one begins and ends, and refuses what is not protobuf with the place
//! where it stands. The format is described at
//! <https://protobuf.dev/programming-guides/encoding/>.
//!
//! ```
//! use agent_wire::{Content, Fields, put_bytes, put_varint_field};
//!
//! let mut message = Vec::new();
//! put_varint_field(1, 150, &mut message);
//! put_bytes(2, b"hi", &mut message);
//! assert_eq!(message, b"\x08\x96\x01\x12\x02hi");
//!
//! let mut fields = Fields::of(&message);
//! assert_eq!(fields.next_field()?, Some((1, Content::Varint(150))));
//! assert_eq!(fields.next_field()?, Some((2, Content::Bytes(b"hi"))));
//! assert_eq!(fields.next_field()?, None);
//! # Ok::<(), agent_wire::WireError>(())
//! ```

#![forbid(unsafe_code)]

mod read;
mod write;

pub use self::read::{Content, DEEPEST, Fields, NumberKind, WireError};
pub use self::write::{put_bytes, put_length, put_varint, put_varint_field};
