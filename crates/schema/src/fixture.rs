//! Messages of every shape and a schema with clashing names, written by hand
//! for the tests of what is written over the table.

use std::collections::BTreeMap;

use protobuf::{EnumOrUnknown, UnknownFields};

use super::*;

macro_rules! field {
    ($number:literal $name:literal, $json_name:literal, $label:expr, $ty:expr) => {
        field!($number $name, $json_name, $label, $ty, None)
    };
    ($number:literal $name:literal, $json_name:literal, $label:expr, $ty:expr, $oneof:expr) => {
        Field {
            name: $name,
            json_name: $json_name,
            number: $number,
            label: $label,
            ty: $ty,
            oneof: $oneof,
            doc: "",
            options: FieldOptions::NONE,
        }
    };
}

macro_rules! message {
    (
        $type:ident, $table:ident, $full_name:literal,
        oneofs $oneofs:expr,
        get $this:ident { $($get_index:pat => $get:expr,)* }
        get_mut { $($mut_index:pat => $get_mut:expr,)* }
        clear { $($clear_index:pat => $clear:expr,)* }
        fields [$($field:expr,)*]
    ) => {
        pub static $table: Message = Message {
            full_name: $full_name,
            file: "test.proto",
            doc: "",
            deprecated: false,
            fields: &[$($field,)*],
            oneofs: $oneofs,
            new: || Box::new($type::default()),
        };

        impl Reflect for $type {
            fn descriptor(&self) -> &'static Message {
                &$table
            }
            fn get(&self, index: usize) -> Option<Value<'_>> {
                let $this = self;
                let _ = &$this;
                match index {
                    $($get_index => $get,)*
                    _ => None,
                }
            }
            fn get_mut(&mut self, index: usize) -> Option<ValueMut<'_>> {
                let $this = self;
                let _ = &$this;
                match index {
                    $($mut_index => $get_mut,)*
                    _ => None,
                }
            }
            fn clear(&mut self, index: usize) {
                let $this = self;
                let _ = &$this;
                match index {
                    $($clear_index => $clear,)*
                    _ => {}
                }
            }
        }

        impl Wire for $type {
            fn encode_into(&self, _: &mut Vec<u8>) -> protobuf::Result<()> {
                Ok(())
            }
            fn merge_from(&mut self, _: &[u8]) -> protobuf::Result<()> {
                Ok(())
            }
            fn unknown_fields_mut(&mut self) -> &mut UnknownFields {
                &mut self.unknown_fields
            }
            fn clone_boxed(&self) -> Box<dyn Reflect> {
                Box::new(self.clone())
            }
        }
    };
}

/// A message whose fields are plain struct fields.
macro_rules! plain_message {
    (
        $type:ident, $table:ident, $full_name:literal,
        { $($index:literal $name:ident $json_name:literal : $rust:ty = $label:expr, $ty:expr;)* }
    ) => {
        #[derive(Debug, Default, Clone, PartialEq)]
        #[allow(non_snake_case, reason = "protos have such names")]
        pub struct $type {
            $(pub $name: $rust,)*
            pub unknown_fields: UnknownFields,
        }

        message! {
            $type, $table, $full_name,
            oneofs &[],
            get this { $($index => Slot::get(&this.$name),)* }
            get_mut { $($index => Some(Slot::get_mut(&mut this.$name)),)* }
            clear { $($index => Slot::clear(&mut this.$name),)* }
            fields [$(Field {
                name: stringify!($name),
                json_name: $json_name,
                number: $index + 1,
                label: $label,
                ty: $ty,
                oneof: None,
                doc: "",
                options: FieldOptions::NONE,
            },)*]
        }
    };
}

use Label::{Map as MapOf, Optional, Repeated, Singular};
use Scalar as S;
use Type::{Enum as E, Message as M, Scalar as T};

plain_message! { Inner, INNER, "test.Inner", {
    0 name "name": String = Singular, T(S::String);
    1 group_id "groupId": u32 = Singular, T(S::Uint32);
    2 child "child": Child = Singular, M(&INNER);
    3 tags "tags": Vec<String> = Repeated, T(S::String);
}}

plain_message! { All, ALL, "test.All", {
    0 flag "flag": bool = Singular, T(S::Bool);
    1 small "small": i32 = Singular, T(S::Sint32);
    2 large "large": u64 = Singular, T(S::Fixed64);
    3 ratio "ratio": f32 = Singular, T(S::Float);
    4 text "text": String = Singular, T(S::String);
    5 data "data": Vec<u8> = Singular, T(S::Bytes);
    6 level "level": EnumOrUnknown<protobuf::well_known_types::struct_::NullValue> = Singular, E(&LEVEL);
    7 maybe "maybe": Option<bool> = Optional, T(S::Bool);
    8 inner "inner": Option<Inner> = Singular, M(&INNER);
    9 list "list": Vec<String> = Repeated, T(S::String);
    10 numbers "numbers": Vec<u32> = Repeated, T(S::Uint32);
    11 inners "inners": Vec<Inner> = Repeated, M(&INNER);
    12 names "names": BTreeMap<String, String> = MapOf(S::String), T(S::String);
    13 by_number "byNumber": BTreeMap<i32, Inner> = MapOf(S::Int32), M(&INNER);
    14 by_flag "byFlag": BTreeMap<bool, u32> = MapOf(S::Bool), T(S::Uint32);
    15 Clash "Clash": String = Singular, T(S::String);
    16 cLash "cLash": String = Singular, T(S::String);
    17 either "either": Option<Either> = Singular, M(&EITHER);
    18 wrapped "wrapped": Option<Wrapped> = Singular, M(&WRAPPED);
    19 empty "empty": Option<Empty> = Singular, M(&EMPTY);
}}

plain_message! { Times, TIMES, "test.Times", {
    0 when "when": Option<Timestamp> = Singular, M(&TIMESTAMP);
    1 times "times": Vec<Timestamp> = Repeated, M(&TIMESTAMP);
}}

plain_message! { Wrapped, WRAPPED, "google.protobuf.UInt32Value", {
    0 value "value": u32 = Singular, T(S::Uint32);
}}

plain_message! { Timestamp, TIMESTAMP, "google.protobuf.Timestamp", {
    0 seconds "seconds": i64 = Singular, T(S::Int64);
    1 nanos "nanos": i32 = Singular, T(S::Int32);
}}

plain_message! { Empty, EMPTY, "test.Empty", {} }

pub static LEVEL: Enum = Enum {
    full_name: "test.Level",
    file: "test.proto",
    doc: "",
    deprecated: false,
    values: &[
        EnumValue {
            name: "LOW",
            number: 0,
            doc: "",
            deprecated: false,
        },
        EnumValue {
            name: "High",
            number: 1,
            doc: "",
            deprecated: false,
        },
    ],
};

/// A message within a message of its own type.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Child(pub Option<Box<Inner>>);

impl Slot for Child {
    fn get(&self) -> Option<Value<'_>> {
        self.0.as_deref().map(Element::as_value)
    }
    fn get_mut(&mut self) -> ValueMut<'_> {
        self.0.get_or_insert_default().as_value_mut()
    }
    fn clear(&mut self) {
        self.0 = None;
    }
}

/// The members of [`Either`]'s oneof.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    Number(u32),
    Text(String),
    Inner(Inner),
}

#[derive(Debug, Default, Clone, PartialEq)]
pub struct Either {
    pub choice: Option<Choice>,
    pub other: String,
    pub unknown_fields: UnknownFields,
}

message! {
    Either, EITHER, "test.Either",
    oneofs &[Oneof { name: "choice", doc: "" }],
    get this {
        0 => crate::oneof_get!(this.choice, Choice::Number),
        1 => crate::oneof_get!(this.choice, Choice::Text),
        2 => crate::oneof_get!(this.choice, Choice::Inner),
        3 => Slot::get(&this.other),
    }
    get_mut {
        0 => crate::oneof_get_mut!(this.choice, Choice::Number),
        1 => crate::oneof_get_mut!(this.choice, Choice::Text),
        2 => crate::oneof_get_mut!(this.choice, Choice::Inner),
        3 => Some(Slot::get_mut(&mut this.other)),
    }
    clear {
        0 => crate::oneof_clear!(this.choice, Choice::Number),
        1 => crate::oneof_clear!(this.choice, Choice::Text),
        2 => crate::oneof_clear!(this.choice, Choice::Inner),
        3 => Slot::clear(&mut this.other),
    }
    fields [
        field!(1 "number", "number", Singular, T(S::Uint32), Some(0)),
        field!(2 "words", "words", Singular, T(S::String), Some(0)),
        field!(3 "inner", "inner", Singular, M(&INNER), Some(0)),
        field!(4 "other", "other", Singular, T(S::String)),
    ]
}

macro_rules! service {
    ($full_name:literal, $file:literal, [$($rpc:literal),*]) => {
        &Service {
            full_name: $full_name,
            file: $file,
            doc: "",
            deprecated: false,
            rpcs: &[$(Rpc {
                service: $full_name,
                file: $file,
                name: $rpc,
                doc: "",
                deprecated: false,
                request: &ALL,
                response: &EMPTY,
                client_streaming: false,
                server_streaming: false,
            },)*],
        }
    };
}

static OTHER_INNER: Message = Message {
    full_name: "other.Inner",
    ..INNER
};
static OUTER_OTHER_INNER: Message = Message {
    full_name: "outer.other.Inner",
    ..INNER
};
static INNER_LEVEL: Enum = Enum {
    full_name: "test.Inner.Level",
    ..LEVEL
};

/// Names that clash within a kind, between kinds, and in case alone.
pub static SCHEMA: Schema = Schema {
    services: &[
        service!(
            "grpc.AgentService",
            "agent.proto",
            ["GetIPTables", "Both", "Version"]
        ),
        service!("grpc.Health", "health.proto", ["Check", "Version"]),
        service!(
            "a.Other",
            "other.proto",
            ["GetIPTables", "Twice", "level", "Case"]
        ),
        service!("b.Other", "other.proto", ["Twice", "Check", "CASE"]),
    ],
    messages: &[&OTHER_INNER, &OUTER_OTHER_INNER, &ALL, &EMPTY, &INNER],
    enums: &[&INNER_LEVEL, &LEVEL],
    files: &["agent.proto", "health.proto", "other.proto", "test.proto"],
    source: "tests",
    hash: "0000000000000000",
    changes: "",
};
