//! The generated table's types, and everything that is written once over them.

mod descriptor;
mod dialect;
mod explicit;
mod reflect;
mod slots;

pub use descriptor::{
    Enum, EnumValue, Field, Label, Message, Oneof, Rpc, Scalar, Schema, Service, Type,
};
pub use dialect::{Dialect, Plain};
pub use explicit::Explicit;
pub use reflect::{EnumSlot, Key, List, Map, Reflect, Value, ValueMut, Wire};
pub use slots::{Element, MapKey, Slot};
