//! An item as JSON.

use super::example::examples;
use super::json::Json;
use super::list::rpcs;
use super::{Annotations, uses};
use crate::descriptor::{Enum, Field, Label, Message, Rpc, Schema, Service, Type};
use crate::lookup::{FieldItem, Item};

/// Describes one item.
pub(super) fn describe(schema: &'static Schema, item: Item, annotations: &dyn Annotations) -> Json {
    match item {
        Item::Rpc(rpc) => describe_rpc(schema, rpc, annotations),
        Item::Service(service) => describe_service(service),
        Item::Message(message) => describe_message(schema, message, annotations),
        Item::Enum(enumeration) => describe_enum(enumeration),
        Item::Field(item) => describe_field_alone(item, annotations),
    }
}

fn describe_rpc(schema: &'static Schema, rpc: &'static Rpc, annotations: &dyn Annotations) -> Json {
    let side = |message, rpc| {
        let mut entries = head("message", message);
        entries.extend(content(message, rpc, annotations));
        Json::Object(entries)
    };
    let all = examples(schema, rpc, annotations);
    Json::Object(vec![
        ("kind", "rpc".into()),
        ("full_name", rpc.path().into()),
        ("name", rpc.name.into()),
        ("service", rpc.service.into()),
        ("file", rpc.file.into()),
        ("doc", rpc.doc.into()),
        ("since", annotations.rpc_since(rpc).into()),
        ("deprecated", rpc.deprecated.into()),
        ("client_streaming", rpc.client_streaming.into()),
        ("server_streaming", rpc.server_streaming.into()),
        ("request", side(rpc.request, Some(rpc))),
        ("response", side(rpc.response, None)),
        (
            "parameters",
            Json::array(annotations.parameters(rpc).into_iter().map(|parameter| {
                Json::Object(vec![
                    ("name", parameter.name.into()),
                    ("value", parameter.value.into()),
                    ("doc", parameter.doc.into()),
                ])
            })),
        ),
        (
            "examples",
            Json::array(all.iter().map(|example| {
                Json::Object(vec![
                    ("form", example.form.name().into()),
                    ("before", Json::array(example.call.before.iter().copied())),
                    ("command", example.command().into()),
                    ("input", example.input.clone().into()),
                    (
                        "outcome",
                        Some(example.call.outcome)
                            .filter(|it| !it.is_empty())
                            .into(),
                    ),
                    ("lines", Json::array(annotations.lines(example))),
                ])
            })),
        ),
    ])
}

fn describe_service(service: &Service) -> Json {
    Json::Object(vec![
        ("kind", "service".into()),
        ("full_name", service.full_name.into()),
        ("file", service.file.into()),
        ("doc", service.doc.into()),
        ("deprecated", service.deprecated.into()),
        ("rpcs", rpcs(service)),
    ])
}

fn describe_message(
    schema: &'static Schema,
    message: &'static Message,
    annotations: &dyn Annotations,
) -> Json {
    let (requests, responses) = uses(schema, message);
    let paths = |rpcs: Vec<&Rpc>| Json::array(rpcs.iter().map(|rpc| rpc.path()));
    let mut entries = head("message", message);
    entries.push(("since", annotations.message_since(message).into()));
    entries.extend(content(message, None, annotations));
    entries.push(("request_of", paths(requests)));
    entries.push(("response_of", paths(responses)));
    Json::Object(entries)
}

fn describe_enum(enumeration: &Enum) -> Json {
    Json::Object(vec![
        ("kind", "enum".into()),
        ("full_name", enumeration.full_name.into()),
        ("file", enumeration.file.into()),
        ("doc", enumeration.doc.into()),
        ("deprecated", enumeration.deprecated.into()),
        ("values", values(enumeration)),
    ])
}

/// A field, and the message or enum that its type is.
fn describe_field_alone(item: FieldItem, annotations: &dyn Annotations) -> Json {
    let FieldItem {
        rpc,
        message,
        index,
    } = item;
    let Some(field) = message.fields.get(index) else {
        return Json::Null;
    };
    let ty = match field.ty {
        Type::Scalar(_) => Json::Null,
        Type::Enum(enumeration) => describe_enum(enumeration),
        Type::Message(inner) => {
            let mut entries = head("message", inner);
            entries.extend(content(inner, None, annotations));
            Json::Object(entries)
        }
    };
    Json::Object(vec![
        ("kind", "field".into()),
        ("full_name", Item::Field(item).full_name().into()),
        ("file", message.file.into()),
        (
            "field",
            describe_field(message, rpc, index, field, annotations),
        ),
        ("type", ty),
    ])
}

type Entries = Vec<(&'static str, Json)>;

fn head(kind: &'static str, message: &Message) -> Entries {
    vec![
        ("kind", kind.into()),
        ("full_name", message.full_name.into()),
        ("file", message.file.into()),
        ("doc", message.doc.into()),
        ("deprecated", message.deprecated.into()),
    ]
}

fn content(
    message: &'static Message,
    rpc: Option<&'static Rpc>,
    annotations: &dyn Annotations,
) -> Entries {
    let fields = message.fields.iter().enumerate();
    let oneofs = message
        .oneofs
        .iter()
        .map(|oneof| Json::Object(vec![("name", oneof.name.into()), ("doc", oneof.doc.into())]));
    vec![
        (
            "fields",
            Json::array(
                fields
                    .map(|(index, field)| describe_field(message, rpc, index, field, annotations)),
            ),
        ),
        ("oneofs", Json::array(oneofs)),
    ]
}

fn describe_field(
    message: &'static Message,
    rpc: Option<&'static Rpc>,
    index: usize,
    field: &Field,
    annotations: &dyn Annotations,
) -> Json {
    let automatic = annotations.automatic(rpc, message, index);
    let aliases = annotations.aliases(message, index);
    let since = annotations.field_since(message, index);
    let (label, key_type) = match field.label {
        Label::Singular => ("singular", None),
        Label::Optional if field.options.required => ("required", None),
        Label::Optional => ("optional", None),
        Label::Repeated => ("repeated", None),
        Label::Map(key) => ("map", Some(key.name())),
    };
    let oneof = field.oneof.and_then(|oneof| message.oneofs.get(oneof));
    Json::Object(vec![
        ("name", field.name.into()),
        ("json_name", field.json_name.into()),
        ("number", field.number.into()),
        ("label", label.into()),
        ("type", field.ty.name().into()),
        ("key_type", key_type.into()),
        ("oneof", oneof.map(|oneof| oneof.name).into()),
        ("doc", field.doc.into()),
        ("deprecated", field.options.deprecated.into()),
        ("default", field.options.default.into()),
        ("automatic", automatic.into()),
        ("aliases", Json::array(aliases)),
        ("since", since.into()),
        (
            "enum_values",
            match field.ty {
                Type::Enum(enumeration) => values(enumeration),
                _ => Json::Null,
            },
        ),
    ])
}

fn values(enumeration: &Enum) -> Json {
    Json::array(enumeration.values.iter().map(|value| {
        Json::Object(vec![
            ("name", value.name.into()),
            ("number", value.number.into()),
            ("doc", value.doc.into()),
            ("deprecated", value.deprecated.into()),
        ])
    }))
}
