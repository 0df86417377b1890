//! Descriptors to the model.

use std::collections::BTreeMap;

use protobuf::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto,
    field_descriptor_proto::{Label as ProtoLabel, Type as ProtoType},
};

use super::{Enum, EnumValue, Field, Label, Message, Model, Oneof, Rpc, Service, Type};
use crate::descriptors::{is_map_entry, member_of, package, real_oneofs, top_level};
use crate::docs::Docs;
use crate::error::Error;
use crate::load::Loaded;
use crate::naming::{Scope, Space, assign, static_ident};
use crate::rename::{Access, Renamed};

/// Field numbers of `descriptor.proto`, which make up a path to an item.
const FILE_MESSAGE: i32 = 4;
const FILE_ENUM: i32 = 5;
const FILE_SERVICE: i32 = 6;
const MESSAGE_FIELD: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_ENUM: i32 = 4;
const MESSAGE_ONEOF: i32 = 8;
const ENUM_VALUE: i32 = 2;
const SERVICE_METHOD: i32 = 2;

impl Model {
    /// Puts together what the table says. Fails only on what it cannot express:
    /// groups.
    pub fn new(loaded: &Loaded, renamed: Renamed) -> Result<Self, Error> {
        let Renamed { modules, types, .. } = renamed;
        let mut builder = Builder {
            loaded,
            statics: statics(loaded, types.keys()),
            accesses: types
                .into_iter()
                .map(|(name, ty)| (name, (ty.path, ty.fields)))
                .collect(),
            model: Model {
                files: loaded.texts.keys().cloned().collect(),
                hash: loaded.fingerprint(),
                modules,
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
    accesses: BTreeMap<String, (String, Vec<Access>)>,
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

    fn path_to(&self, kind: i32, index: usize) -> Vec<i32> {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        self.path.iter().copied().chain([kind, index]).collect()
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
            self.service(service, &here.nested(service.name(), FILE_SERVICE, index));
        }
        for (index, enumeration) in file.enum_type.iter().enumerate() {
            self.enumeration(
                enumeration,
                &here.nested(enumeration.name(), FILE_ENUM, index),
            );
        }
        for (index, message) in file.message_type.iter().enumerate() {
            self.message(message, &here.nested(message.name(), FILE_MESSAGE, index))?;
        }
        Ok(())
    }

    fn service(&mut self, service: &ServiceDescriptorProto, here: &Scoped<'_>) {
        let rpc = |(index, method): (usize, &MethodDescriptorProto)| Rpc {
            name: method.name().to_owned(),
            doc: here.doc_of(SERVICE_METHOD, index),
            request: self.static_of(method.input_type()),
            response: self.static_of(method.output_type()),
            client_streaming: method.client_streaming(),
            server_streaming: method.server_streaming(),
        };
        let service = Service {
            ident: self.static_of(&here.name),
            full_name: here.full_name(),
            file: here.file.name().to_owned(),
            doc: here.doc(),
            rpcs: service.method.iter().enumerate().map(rpc).collect(),
        };
        self.model.services.push(service);
    }

    fn message(&mut self, message: &DescriptorProto, here: &Scoped<'_>) -> Result<(), Error> {
        // Only what was selected has Rust names.
        let Some((path, accesses)) = self.accesses.remove(&here.name) else {
            return Ok(());
        };
        let mut fields = Vec::new();
        for ((index, field), access) in message.field.iter().enumerate().zip(accesses) {
            if field.type_() == ProtoType::TYPE_GROUP {
                let place = self
                    .loaded
                    .place(here.file, &here.path_to(MESSAGE_FIELD, index));
                return Err(Error::at(place, "groups are not supported"));
            }
            let doc = here.doc_of(MESSAGE_FIELD, index);
            fields.push(self.field(field, message, here, doc, access));
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
            ident: self.static_of(&here.name),
            path,
            full_name: here.full_name(),
            file: here.file.name().to_owned(),
            doc: here.doc(),
            fields,
            oneofs: oneofs.collect(),
        });
        for (index, enumeration) in message.enum_type.iter().enumerate() {
            self.enumeration(
                enumeration,
                &here.nested(enumeration.name(), MESSAGE_ENUM, index),
            );
        }
        for (index, nested) in message.nested_type.iter().enumerate() {
            if !is_map_entry(nested) {
                self.message(nested, &here.nested(nested.name(), MESSAGE_NESTED, index))?;
            }
        }
        Ok(())
    }

    fn field(
        &self,
        field: &FieldDescriptorProto,
        message: &DescriptorProto,
        here: &Scoped<'_>,
        doc: String,
        access: Access,
    ) -> Field {
        let proto3 = here.file.syntax() == "proto3";
        let oneof = member_of(field).and_then(|index| usize::try_from(index).ok());
        let entry = message.nested_type.iter().find(|nested| {
            is_map_entry(nested) && field.type_name() == format!("{}.{}", here.name, nested.name())
        });
        let (label, ty) = match entry.map(|entry| &entry.field[..]) {
            Some([key, value]) => (Label::Map(scalar(key.type_())), self.type_of(value)),
            _ if field.label() == ProtoLabel::LABEL_REPEATED => {
                (Label::Repeated, self.type_of(field))
            }
            _ if oneof.is_none() && (field.proto3_optional() || !proto3) => {
                (Label::Optional, self.type_of(field))
            }
            _ => (Label::Singular, self.type_of(field)),
        };
        Field {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            number: field.number(),
            label,
            ty,
            oneof,
            doc,
            access,
        }
    }

    fn enumeration(&mut self, enumeration: &EnumDescriptorProto, here: &Scoped<'_>) {
        if self.accesses.remove(&here.name).is_none() {
            return;
        }
        let value = |(index, value): (usize, &EnumValueDescriptorProto)| EnumValue {
            name: value.name().to_owned(),
            number: value.number(),
            doc: here.doc_of(ENUM_VALUE, index),
        };
        self.model.enums.push(Enum {
            ident: self.static_of(&here.name),
            full_name: here.full_name(),
            file: here.file.name().to_owned(),
            doc: here.doc(),
            values: enumeration.value.iter().enumerate().map(value).collect(),
        });
    }

    fn type_of(&self, field: &FieldDescriptorProto) -> Type {
        match field.type_() {
            ProtoType::TYPE_ENUM => Type::Enum(self.static_of(field.type_name())),
            ProtoType::TYPE_MESSAGE => Type::Message(self.static_of(field.type_name())),
            other => Type::Scalar(scalar(other)),
        }
    }

    fn static_of(&self, name: &str) -> String {
        self.statics.get(name).cloned().unwrap_or_default()
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
