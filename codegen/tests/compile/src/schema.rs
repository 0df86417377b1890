//! The run time that tables are written against, and nothing else of the tool.

#[path = "../../../../src/schema/descriptor.rs"]
mod descriptor;
#[path = "../../../../src/schema/reflect.rs"]
mod reflect;
#[path = "../../../../src/schema/slots.rs"]
mod slots;

pub use descriptor::{
    Enum, EnumValue, Field, Label, Message, Oneof, Rpc, Scalar, Schema, Service, Type,
};
pub use reflect::{EnumSlot, Key, List, Map, Reflect, Value, ValueMut, Wire};
pub use slots::{Element, MapKey, Slot};
