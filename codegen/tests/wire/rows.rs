//! Turns a parsed proto file into rows as the interface table writes them. It knows the table's
//! columns and nothing of what the table holds.

use protox::prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MethodDescriptorProto, ServiceDescriptorProto,
};

/// One file's rows in the order of the table: enums, messages with what is nested in them,
/// services.
pub(crate) fn of_file(file: &FileDescriptorProto) -> Vec<String> {
    let mut rows = Rows {
        file: file.name(),
        rows: Vec::new(),
    };
    if file.syntax() != "proto3" {
        rows.push(&["syntax", file.syntax()]);
    }
    for item in &file.enum_type {
        rows.add_enum(file.package(), item);
    }
    for item in &file.message_type {
        rows.add_message(file.package(), item);
    }
    for item in &file.service {
        rows.add_service(file.package(), item);
    }
    rows.rows
}

struct Rows<'a> {
    file: &'a str,
    rows: Vec<String>,
}

impl Rows<'_> {
    fn push(&mut self, cells: &[&str]) {
        self.rows
            .push(format!("{}\t{}", self.file, cells.join("\t")));
    }

    fn add_enum(&mut self, scope: &str, item: &EnumDescriptorProto) {
        let scope = format!("{scope}.{}", item.name());
        for value in &item.value {
            let number = value.number().to_string();
            self.push(&["enum", &scope, value.name(), &number, "-", "-"]);
        }
    }

    fn add_message(&mut self, scope: &str, item: &DescriptorProto) {
        let scope = format!("{scope}.{}", item.name());
        if item.field.is_empty() {
            self.push(&["message", &scope, "-", "-", "-", "-"]);
        }
        for field in &item.field {
            let (label, kind) = label_and_type(item, field);
            let number = field.number().to_string();
            self.push(&["message", &scope, field.name(), &number, &label, &kind]);
        }
        for nested in item
            .nested_type
            .iter()
            .filter(|nested| !is_map_entry(nested))
        {
            self.add_message(&scope, nested);
        }
        for nested in &item.enum_type {
            self.add_enum(&scope, nested);
        }
    }

    fn add_service(&mut self, scope: &str, item: &ServiceDescriptorProto) {
        let scope = format!("{scope}.{}", item.name());
        for method in &item.method {
            let (request, response) = request_and_response(method);
            self.push(&["rpc", &scope, method.name(), "-", &request, &response]);
        }
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(|options| options.map_entry())
}

fn label_and_type(message: &DescriptorProto, field: &FieldDescriptorProto) -> (String, String) {
    let entry = message.nested_type.iter().find(|nested| {
        is_map_entry(nested) && field.type_name().ends_with(&format!(".{}", nested.name()))
    });
    if let Some(entry) = entry {
        let types: Vec<String> = entry.field.iter().map(type_name).collect();
        return ("map".to_owned(), format!("map<{}>", types.join(",")));
    }
    let oneof = field
        .oneof_index
        .and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    let label = match oneof {
        _ if field.label() == Label::Repeated => "repeated".to_owned(),
        _ if field.proto3_optional() => "optional".to_owned(),
        Some(oneof) => format!("oneof:{}", oneof.name()),
        None => "singular".to_owned(),
    };
    (label, type_name(field))
}

fn type_name(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum | Type::Group => {
            field.type_name().trim_start_matches('.').to_owned()
        }
        scalar => scalar
            .as_str_name()
            .trim_start_matches("TYPE_")
            .to_lowercase(),
    }
}

fn request_and_response(method: &MethodDescriptorProto) -> (String, String) {
    let side = |name: &str, streams: bool| {
        let stream = if streams { "stream " } else { "" };
        format!("{stream}{}", name.trim_start_matches('.'))
    };
    (
        side(method.input_type(), method.client_streaming()),
        side(method.output_type(), method.server_streaming()),
    )
}
