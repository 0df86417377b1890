//! The generated table's types, and everything that is written once over them:
//! messages are read, changed, made from JSON and setters, described and printed
//! without knowing which API the table is of. Files are read, and command lines
//! are written, by whoever uses this library ([`Dialect`], [`describe::Annotations`]).

#![forbid(unsafe_code)]
// The printing macros panic when nobody reads.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod command;
pub mod describe;
mod descriptor;
mod dialect;
mod explicit;
mod fill;
#[cfg(any(test, feature = "test-util"))]
#[expect(missing_docs, reason = "an API for tests; the names say it")]
pub mod fixture;
pub mod json;
pub mod lookup;
pub mod path;
mod place;
pub mod printer;
mod reflect;
mod slots;
pub mod suggest;
mod template;
pub mod unknown;
pub mod value;
mod well_known;

pub use agent_text::{escape, excerpt};
pub use descriptor::{
    Enum, EnumValue, Field, Label, Message, Oneof, Rpc, Scalar, Schema, Service, Type,
};
pub use dialect::{Content, Dialect, Plain};
pub use explicit::Explicit;
pub use fill::fill;
pub use reflect::{EnumSlot, Key, List, Map, Reflect, Value, ValueMut, Wire};
pub use slots::{Element, MapKey, Slot};
pub use template::template;
