//! The description of a proto API, and everything that is written once over it.
//!
//! The build generates a table of the API: a static [`Schema`] with its services,
//! messages and enums, and for each message an implementation of [`Reflect`], which
//! hands out the fields of a struct by index. This crate has the table's types and what
//! works on any such table:
//!
//! - [`lookup`] finds an RPC, a type or a field by the name that a user gave;
//! - [`json`] merges a JSON document into a message, and writes a message as JSON;
//! - [`path`] sets one field by a path and a text, as in `storages[0].driver=blk`;
//! - [`Explicit`] remembers which fields were given, and [`fill()`] adds the others;
//! - [`printer`] prints a message in the formats that a user can choose;
//! - [`describe`] and [`template()`] show what there is to call, and a request to fill in;
//! - [`decode()`] reads an encoded message, and [`decode_noting`] finds the fields in it
//!   that the table does not have;
//! - [`command`] splits a typed command into words.
//!
//! No function here names an RPC, reads a file or opens a connection. A program adds
//! names, values and files of its own by implementing [`Dialect`] and
//! [`describe::Annotations`].
//!
//! ```
//! # use agent_schema::{Explicit, Plain, Reflect as _, json, lookup, path, printer};
//! # use agent_schema::fixture::SCHEMA;
//! // `SCHEMA` is a table such as the build generates one.
//! let rpc = lookup::rpc(&SCHEMA, "both")?;
//! let mut request = (rpc.request.new)();
//! let mut given = Explicit::default();
//! let document = r#"{"text": "hello", "inner": {"group_id": 7}}"#;
//! json::merge(&mut *request, &mut given, &Plain, &SCHEMA, document)?;
//! path::set(&mut *request, &mut given, &Plain, &SCHEMA, "inner.name", "root")?;
//!
//! let mut text = Vec::new();
//! printer::print(printer::Format::Text, false, &*request, &SCHEMA, &mut text)?;
//! assert_eq!(
//!     String::from_utf8(text)?,
//!     "text: \"hello\"\ninner:\n  name:     \"root\"\n  group_id: 7\n"
//! );
//!
//! let error = path::set(&mut *request, &mut given, &Plain, &SCHEMA, "inner.nam", "x");
//! assert_eq!(
//!     error.unwrap_err().to_string(),
//!     "inner: test.Inner has no field \"nam\"; did you mean \"name\"?"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]
// The printing macros panic when standard output or standard error is closed.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod command;
mod decode;
pub mod describe;
mod descriptor;
mod dialect;
mod explicit;
#[cfg(feature = "test-util")]
#[expect(missing_docs, reason = "an API for tests; the names say it")]
pub mod fixture;
pub mod history;
pub mod json;
pub mod lookup;
pub mod path;
mod place;
pub mod printer;
mod reflect;
mod slots;
pub mod suggest;
mod template;
pub mod value;
mod well_known;

pub use self::decode::{
    DecodeError, DecodeProblem, Unknown, UnknownField, decode, decode_noting, missing_required,
};
pub use self::descriptor::{
    Enum, EnumValue, Field, FieldOptions, Label, Message, Oneof, Rpc, Scalar, Schema, Service, Type,
};
pub use self::dialect::{Content, Dialect, Plain};
pub use self::explicit::{Explicit, fill};
pub use self::reflect::{EnumSlot, Key, List, Map, Reflect, Value, ValueMut, Wire};
pub use self::slots::{Element, MapKey, Slot};
pub use self::template::template;
