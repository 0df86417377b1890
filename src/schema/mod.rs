//! The generated table's types, and everything that is written once over them.

pub mod base64;
pub mod describe;
mod descriptor;
mod dialect;
pub mod escape;
pub mod excerpt;
mod explicit;
mod fill;
#[cfg(test)]
pub(crate) mod fixture;
pub mod json;
pub mod lookup;
pub mod path;
mod reflect;
mod slots;
pub(crate) mod suggest;
mod template;
pub mod unknown;
pub mod value;

pub use descriptor::{
    Enum, EnumValue, Field, Label, Message, Oneof, Rpc, Scalar, Schema, Service, Type,
};
pub use dialect::{Dialect, Plain};
pub use explicit::Explicit;
pub use fill::fill;
pub use reflect::{EnumSlot, Key, List, Map, Reflect, Value, ValueMut, Wire};
pub use slots::{Element, MapKey, Slot};
pub use template::template;
