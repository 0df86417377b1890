//! What the table says: the descriptors that matter at run time, with the
//! proto's own names and comments, and the names of the structs beside them.
//! What the table cannot say is refused here.

use std::collections::BTreeMap;

use protobuf::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, ServiceDescriptorProto,
    field_descriptor_proto::{Label as ProtoLabel, Type as ProtoType},
};

use crate::descriptors::{is_map_entry, member_of, package, real_oneofs, to_i32, top_level};
use crate::docs::Docs;
use crate::error::Error;
use crate::load::Loaded;
use crate::naming::{Scope, Space, assign, static_ident};
use crate::rename::{Access, Renamed, RustType};

/// Everything that one table says.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// By file name, then in the order of declaration.
    pub services: Vec<Service>,
    /// By full name.
    pub messages: Vec<Message>,
    /// By full name.
    pub enums: Vec<Enum>,
    /// The files that were on disk.
    pub files: Vec<String>,
    pub hash: String,
    /// Modules of message structs.
    pub modules: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub ident: String,
    pub full_name: String,
    pub file: String,
    pub doc: String,
    pub deprecated: bool,
    pub rpcs: Vec<Rpc>,
}

#[derive(Debug)]
pub(crate) struct Rpc {
    pub name: String,
    pub doc: String,
    pub deprecated: bool,
    pub request: TypeRef,
    pub response: TypeRef,
    pub client_streaming: bool,
    pub server_streaming: bool,
}

/// A message or an enum that something else refers to.
#[derive(Debug)]
pub(crate) struct TypeRef {
    /// The static.
    pub ident: String,
    /// The Rust type, as in [`Message::path`].
    pub path: String,
}

#[derive(Debug)]
pub(crate) struct Message {
    /// The static in the table.
    pub ident: String,
    /// The struct, from the module that holds all files' modules.
    pub path: String,
    pub full_name: String,
    pub file: String,
    pub doc: String,
    pub deprecated: bool,
    pub fields: Vec<Field>,
    pub oneofs: Vec<Oneof>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub name: String,
    pub json_name: String,
    pub number: i32,
    pub label: Label,
    pub ty: Type,
    pub oneof: Option<usize>,
    pub doc: String,
    pub deprecated: bool,
    pub required: bool,
    pub default: Option<String>,
    pub access: Access,
}

#[derive(Debug)]
pub(crate) struct Oneof {
    pub name: String,
    pub doc: String,
}

#[derive(Debug)]
pub(crate) struct Enum {
    pub ident: String,
    pub full_name: String,
    pub file: String,
    pub doc: String,
    pub deprecated: bool,
    pub values: Vec<EnumValue>,
}

#[derive(Debug)]
pub(crate) struct EnumValue {
    pub name: String,
    pub number: i32,
    pub doc: String,
    pub deprecated: bool,
}

#[derive(Debug)]
pub(crate) enum Label {
    Singular,
    Optional,
    Repeated,
    /// With keys of this scalar type.
    Map(&'static str),
}

#[derive(Debug)]
pub(crate) enum Type {
    /// The variant of the run time's `Scalar`.
    Scalar(&'static str),
    /// The static.
    Enum(String),
    /// The static.
    Message(String),
}

/// Field numbers of `descriptor.proto`, which make up a path to an item.
const FILE_MESSAGE: i32 = 4;
const FILE_ENUM: i32 = 5;
const FILE_SERVICE: i32 = 6;
const MESSAGE_FIELD: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_ENUM: i32 = 4;
const MESSAGE_ONEOF: i32 = 8;
const FIELD_TYPE_NAME: i32 = 6;
const ENUM_VALUE: i32 = 2;
const ENUM_VALUE_NUMBER: i32 = 2;
const SERVICE_METHOD: i32 = 2;
const METHOD_REQUEST: i32 = 2;
const METHOD_RESPONSE: i32 = 3;

impl Model {
    /// Puts together what the table says.
    ///
    /// # Errors
    /// At what no table can say.
    pub(crate) fn new(loaded: &Loaded, renamed: &Renamed) -> Result<Self, Error> {
        let mut builder = Builder {
            loaded,
            statics: statics(loaded, renamed.types.keys()),
            types: &renamed.types,
            model: Model {
                files: loaded.texts.keys().cloned().collect(),
                hash: loaded.fingerprint(),
                modules: renamed.modules.clone(),
                ..Model::default()
            },
        };
        let mut files: Vec<&FileDescriptorProto> = loaded.files.iter().collect();
        files.sort_by_key(|file| file.name());
        for file in files {
            builder.file(file)?;
        }
        let mut model = builder.model;
        model.modules.sort();
        model.messages.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        model.enums.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        Ok(model)
    }
}

/// A static for each type and service, by name as descriptors refer to them.
fn statics<'a>(
    loaded: &Loaded,
    types: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, String> {
    let services = loaded.files.iter().flat_map(|file| {
        file.service
            .iter()
            .map(|service| top_level(file, service.name()))
    });
    let full_names: Vec<String> = services.chain(types.cloned()).collect();
    let names = full_names
        .iter()
        .map(|name| static_ident(name.trim_start_matches('.')));
    let names: Vec<String> = names.collect();
    let mut scope = Scope::default();
    scope.claim(vec![(Space::Type, "SCHEMA".to_owned())]);
    let settled = assign(&names, |_, name| {
        scope.claim(vec![(Space::Type, name.to_owned())])
    });
    full_names.into_iter().zip(settled).collect()
}

struct Builder<'a> {
    loaded: &'a Loaded,
    statics: BTreeMap<String, String>,
    types: &'a BTreeMap<String, RustType>,
    model: Model,
}

/// An item's surroundings.
struct Scoped<'a> {
    file: &'a FileDescriptorProto,
    docs: &'a Docs<'a>,
    /// Of the item, as descriptors refer to it.
    name: String,
    /// Of the item in `SourceCodeInfo`.
    path: Vec<i32>,
}

impl<'a> Scoped<'a> {
    fn nested(&self, name: &str, kind: i32, index: usize) -> Scoped<'a> {
        Scoped {
            file: self.file,
            docs: self.docs,
            name: format!("{}.{name}", self.name),
            path: self.path_to(kind, index),
        }
    }

    /// The field of this message at `index`; its name is still the message's.
    fn field(&self, index: usize) -> Scoped<'a> {
        Scoped {
            file: self.file,
            docs: self.docs,
            name: self.name.clone(),
            path: self.path_to(MESSAGE_FIELD, index),
        }
    }

    fn path_to(&self, kind: i32, index: usize) -> Vec<i32> {
        let step = [kind, to_i32(index)];
        self.path.iter().copied().chain(step).collect()
    }

    fn doc(&self) -> String {
        self.docs.at(&self.path)
    }

    fn doc_of(&self, kind: i32, index: usize) -> String {
        self.docs.at(&self.path_to(kind, index))
    }

    fn full_name(&self) -> String {
        self.name.trim_start_matches('.').to_owned()
    }
}

impl Builder<'_> {
    fn file(&mut self, file: &FileDescriptorProto) -> Result<(), Error> {
        let docs = Docs::new(file);
        let here = Scoped {
            file,
            docs: &docs,
            name: package(file),
            path: Vec::new(),
        };
        for (index, service) in file.service.iter().enumerate() {
            self.service(service, &here.nested(service.name(), FILE_SERVICE, index))?;
        }
        for (index, enumeration) in file.enum_type.iter().enumerate() {
            let here = here.nested(enumeration.name(), FILE_ENUM, index);
            self.enumeration(enumeration, &here)?;
        }
        for (index, message) in file.message_type.iter().enumerate() {
            self.message(message, &here.nested(message.name(), FILE_MESSAGE, index))?;
        }
        Ok(())
    }

    fn service(
        &mut self,
        service: &ServiceDescriptorProto,
        here: &Scoped<'_>,
    ) -> Result<(), Error> {
        let mut rpcs = Vec::new();
        for (index, method) in service.method.iter().enumerate() {
            let message = |name, kind| {
                let path = here.path_to(SERVICE_METHOD, index);
                self.type_ref(name, here.file, path.into_iter().chain([kind]))
            };
            rpcs.push(Rpc {
                name: method.name().to_owned(),
                doc: here.doc_of(SERVICE_METHOD, index),
                deprecated: method.options.get_or_default().deprecated(),
                request: message(method.input_type(), METHOD_REQUEST)?,
                response: message(method.output_type(), METHOD_RESPONSE)?,
                client_streaming: method.client_streaming(),
                server_streaming: method.server_streaming(),
            });
        }
        self.model.services.push(Service {
            ident: self.statics.get(&here.name).cloned().unwrap_or_default(),
            full_name: here.full_name(),
            file: here.file.name().to_owned(),
            doc: here.doc(),
            deprecated: service.options.get_or_default().deprecated(),
            rpcs,
        });
        Ok(())
    }

    fn message(&mut self, message: &DescriptorProto, here: &Scoped<'_>) -> Result<(), Error> {
        if is_map_entry(message) {
            return self.entry(here);
        }
        // Only what was selected has Rust names.
        let Some(rust) = self.types.get(&here.name) else {
            return Ok(());
        };
        let mut fields = Vec::new();
        for (index, (field, access)) in message.field.iter().zip(&rust.fields).enumerate() {
            let here = here.field(index);
            fields.push(self.field(field, message, &here, access.clone())?);
        }
        let oneofs = message
            .oneof_decl
            .iter()
            .take(real_oneofs(message))
            .enumerate();
        let oneofs = oneofs.map(|(index, oneof)| Oneof {
            name: oneof.name().to_owned(),
            doc: here.doc_of(MESSAGE_ONEOF, index),
        });
        self.model.messages.push(Message {
            ident: self.statics.get(&here.name).cloned().unwrap_or_default(),
            path: rust.path.clone(),
            full_name: here.full_name(),
            file: here.file.name().to_owned(),
            doc: here.doc(),
            deprecated: message.options.get_or_default().deprecated(),
            fields,
            oneofs: oneofs.collect(),
        });
        for (index, enumeration) in message.enum_type.iter().enumerate() {
            let here = here.nested(enumeration.name(), MESSAGE_ENUM, index);
            self.enumeration(enumeration, &here)?;
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            self.message(nested, &here.nested(nested.name(), MESSAGE_NESTED, index))?;
        }
        Ok(())
    }

    /// The message that a map's entries are made of: nobody wrote it, so it has
    /// no place.
    fn entry(&self, here: &Scoped<'_>) -> Result<(), Error> {
        let locations = &here.file.source_code_info.get_or_default().location;
        if !locations.iter().any(|at| at.path == here.path) {
            return Ok(());
        }
        let place = self.loaded.place(here.file, &here.path);
        let what = "\"map_entry\" is not for proto files to set: write map<key, value>";
        Err(Error::at(place, what))
    }

    fn field(
        &self,
        field: &FieldDescriptorProto,
        message: &DescriptorProto,
        here: &Scoped<'_>,
        access: Access,
    ) -> Result<Field, Error> {
        let proto3 = here.file.syntax() == "proto3";
        let oneof = member_of(field).and_then(|index| usize::try_from(index).ok());
        let repeated = field.label() == ProtoLabel::LABEL_REPEATED;
        let entry = message.nested_type.iter().find(|nested| {
            is_map_entry(nested) && field.type_name() == format!("{}.{}", here.name, nested.name())
        });
        let (label, ty) = match entry.map(|entry| &entry.field[..]) {
            Some([key, value]) if repeated => {
                (Label::Map(scalar(key.type_())), self.type_of(value, here)?)
            }
            _ if repeated => (Label::Repeated, self.type_of(field, here)?),
            _ if oneof.is_none() && (field.proto3_optional() || !proto3) => {
                (Label::Optional, self.type_of(field, here)?)
            }
            _ => (Label::Singular, self.type_of(field, here)?),
        };
        Ok(Field {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            number: field.number(),
            label,
            ty,
            oneof,
            doc: here.doc(),
            deprecated: field.options.get_or_default().deprecated(),
            required: field.label() == ProtoLabel::LABEL_REQUIRED,
            default: field.default_value.clone(),
            access,
        })
    }

    fn enumeration(
        &mut self,
        enumeration: &EnumDescriptorProto,
        here: &Scoped<'_>,
    ) -> Result<(), Error> {
        if !self.types.contains_key(&here.name) {
            return Ok(());
        }
        // What is not sent is 0, and the structs take the first value for it.
        let first = enumeration.value.first().map(|value| value.number());
        if here.file.syntax() == "proto3" && first != Some(0) {
            let path = [here.path_to(ENUM_VALUE, 0), vec![ENUM_VALUE_NUMBER]].concat();
            let place = self.loaded.place(here.file, &path);
            return Err(Error::at(
                place,
                "the first value of an enum must be 0 in proto3",
            ));
        }
        let value = |(index, value): (usize, &EnumValueDescriptorProto)| EnumValue {
            name: value.name().to_owned(),
            number: value.number(),
            doc: here.doc_of(ENUM_VALUE, index),
            deprecated: value.options.get_or_default().deprecated(),
        };
        self.model.enums.push(Enum {
            ident: self.statics.get(&here.name).cloned().unwrap_or_default(),
            full_name: here.full_name(),
            file: here.file.name().to_owned(),
            doc: here.doc(),
            deprecated: enumeration.options.get_or_default().deprecated(),
            values: enumeration.value.iter().enumerate().map(value).collect(),
        });
        Ok(())
    }

    /// The type of a field, or of a map's values. `here` is the field.
    fn type_of(&self, field: &FieldDescriptorProto, here: &Scoped<'_>) -> Result<Type, Error> {
        let named = || {
            let path = here.path.iter().copied().chain([FIELD_TYPE_NAME]);
            let named = self.type_ref(field.type_name(), here.file, path)?;
            Ok(named.ident)
        };
        match field.type_() {
            ProtoType::TYPE_ENUM => Ok(Type::Enum(named()?)),
            ProtoType::TYPE_MESSAGE => Ok(Type::Message(named()?)),
            ProtoType::TYPE_GROUP => {
                let place = self.loaded.place(here.file, &here.path);
                Err(Error::at(place, "groups are not supported"))
            }
            other => Ok(Type::Scalar(scalar(other))),
        }
    }

    /// The type that something at `path` in a file refers to. Only the messages
    /// that a map's entries are made of are not Rust types.
    fn type_ref(
        &self,
        name: &str,
        file: &FileDescriptorProto,
        path: impl Iterator<Item = i32>,
    ) -> Result<TypeRef, Error> {
        if let Some((ident, ty)) = self.statics.get(name).zip(self.types.get(name)) {
            let (ident, path) = (ident.clone(), ty.path.clone());
            return Ok(TypeRef { ident, path });
        }
        let name = name.trim_start_matches('.');
        let place = self.loaded.place(file, &path.collect::<Vec<_>>());
        let what = format!("\"{name}\" is an entry of a map, which only the map itself can use");
        Err(Error::at(place, what))
    }
}

/// The variant of the run time's `Scalar`; types that are none do not come here.
fn scalar(ty: ProtoType) -> &'static str {
    match ty {
        ProtoType::TYPE_DOUBLE => "Double",
        ProtoType::TYPE_FLOAT => "Float",
        ProtoType::TYPE_INT32 => "Int32",
        ProtoType::TYPE_INT64 => "Int64",
        ProtoType::TYPE_UINT32 => "Uint32",
        ProtoType::TYPE_UINT64 => "Uint64",
        ProtoType::TYPE_SINT32 => "Sint32",
        ProtoType::TYPE_SINT64 => "Sint64",
        ProtoType::TYPE_FIXED32 => "Fixed32",
        ProtoType::TYPE_FIXED64 => "Fixed64",
        ProtoType::TYPE_SFIXED32 => "Sfixed32",
        ProtoType::TYPE_SFIXED64 => "Sfixed64",
        ProtoType::TYPE_BOOL => "Bool",
        ProtoType::TYPE_BYTES => "Bytes",
        ProtoType::TYPE_STRING
        | ProtoType::TYPE_ENUM
        | ProtoType::TYPE_MESSAGE
        | ProtoType::TYPE_GROUP => "String",
    }
}
