//! An item as text to read.

use super::example::examples;
use super::layout::{columns, paragraphs};
use super::list::{rpc_lines, signature};
use super::{Annotations, uses};
use crate::descriptor::{Enum, Field, Message, Rpc, Scalar, Schema, Service, Type};
use crate::lookup::{FieldItem, Item};
use agent_text::escape;

/// Describes one item. Comments may hold anything, so all of the page is escaped.
pub(super) fn describe(
    schema: &'static Schema,
    item: Item,
    annotations: &dyn Annotations,
) -> String {
    let mut page = Page {
        out: String::new(),
        annotations,
    };
    match item {
        Item::Rpc(rpc) => page.rpc(schema, rpc),
        Item::Service(service) => page.service(service),
        Item::Message(message) => page.message(schema, message),
        Item::Enum(enumeration) => page.enumeration(enumeration),
        Item::Field(item) => page.field_alone(item),
    }
    escape::lines(&page.out).into_owned()
}

/// The text so far.
struct Page<'a> {
    out: String,
    annotations: &'a dyn Annotations,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn lines(&mut self, lines: &[String]) {
        for line in lines {
            self.line(line);
        }
    }

    /// The first line of a page, and the item's comment.
    fn head(&mut self, kind: &str, name: &str, file: &str, doc: &str, deprecated: bool) {
        self.line(&format!("{kind} {name} ({file}){}", mark(deprecated)));
        if !doc.trim().is_empty() {
            self.line("");
            paragraphs(&mut self.out, 0, doc);
        }
    }

    /// The first release that has it.
    fn since(&mut self, indent: usize, release: Option<&str>) {
        if let Some(release) = release {
            paragraphs(&mut self.out, indent, &format!("Since: {release}"));
        }
    }

    fn rpc(&mut self, schema: &'static Schema, rpc: &'static Rpc) {
        self.head("rpc", &rpc.path(), rpc.file, rpc.doc, rpc.deprecated);
        self.since(0, self.annotations.rpc_since(rpc));
        let (request, response) = signature(rpc);
        for (title, side, message, of) in [
            ("Request", request, rpc.request, Some(rpc)),
            ("Response", response, rpc.response, None),
        ] {
            self.line(&format!("\n{title}: {side}"));
            if !message.doc.trim().is_empty() {
                paragraphs(&mut self.out, 2, message.doc);
                self.line("");
            }
            self.fields(message, of);
            if let Some(rpc) = of {
                self.parameters(rpc);
            }
        }
        self.types(&[rpc.request, rpc.response]);
        self.line("\nExamples:");
        if rpc.client_streaming {
            paragraphs(
                &mut self.out,
                2,
                "The command gives the first message; each further line of standard input is one \
                 more, as JSON.",
            );
        }
        for example in examples(schema, rpc, self.annotations) {
            let lines = self.annotations.lines(&example);
            if !lines.is_empty() {
                self.line(&format!("  # {}", example.title()));
            }
            for line in lines {
                self.line(&format!("  {line}"));
            }
        }
    }

    /// What a command takes beside the fields.
    fn parameters(&mut self, rpc: &'static Rpc) {
        let parameters = self.annotations.parameters(rpc);
        if parameters.is_empty() {
            return;
        }
        self.line("\nAlso takes, as setters or in a document:");
        for parameter in parameters {
            self.line(&format!("  {}={}", parameter.name, parameter.value));
            paragraphs(&mut self.out, 6, parameter.doc);
        }
    }

    fn service(&mut self, service: &Service) {
        let Service {
            full_name,
            file,
            doc,
            deprecated,
            ..
        } = *service;
        self.head("service", full_name, file, doc, deprecated);
        self.line("\nRPCs:");
        self.lines(&rpc_lines(service));
    }

    fn message(&mut self, schema: &'static Schema, message: &'static Message) {
        let Message {
            full_name,
            file,
            doc,
            deprecated,
            ..
        } = *message;
        self.head("message", full_name, file, doc, deprecated);
        self.since(0, self.annotations.message_since(message));
        self.line("\nFields:");
        self.fields(message, None);
        self.types(&[message]);
        let (requests, responses) = uses(schema, message);
        for (title, rpcs) in [("Request of:", requests), ("Response of:", responses)] {
            if !rpcs.is_empty() {
                self.line(&format!("\n{title}"));
                let names: Vec<_> = rpcs.iter().map(|rpc| rpc.name).collect();
                paragraphs(&mut self.out, 2, &names.join(", "));
            }
        }
    }

    /// A field, and what its type is made of.
    fn field_alone(&mut self, item: FieldItem) {
        let FieldItem {
            rpc,
            message,
            index,
        } = item;
        let Some(field) = message.fields.get(index) else {
            return;
        };
        let (full_name, file) = (message.full_name, message.file);
        self.line(&format!("field {full_name}.{} ({file})\n", field.name));
        let rows: Vec<_> = message.fields.iter().map(row).collect();
        let one = rows.get(index).cloned().unwrap_or_default();
        let mut lines = vec![String::new(); index];
        lines.extend(columns(2, &[one]));
        self.field(message, rpc, index, &lines);
        if let Type::Message(inner) = field.ty {
            self.line(&format!("\nFields of {}:", inner.full_name));
            if !inner.doc.trim().is_empty() {
                paragraphs(&mut self.out, 2, inner.doc);
                self.line("");
            }
            self.fields(inner, None);
            self.types(&[inner]);
        }
    }

    fn enumeration(&mut self, enumeration: &Enum) {
        let Enum {
            full_name,
            file,
            doc,
            deprecated,
            ..
        } = *enumeration;
        self.head("enum", full_name, file, doc, deprecated);
        self.line("\nValues:");
        self.values(2, enumeration);
    }

    fn values(&mut self, indent: usize, enumeration: &Enum) {
        for value in enumeration.values {
            let (name, number) = (value.name, value.number);
            let mark = mark(value.deprecated);
            self.line(&format!("{:indent$}{name} = {number}{mark}", ""));
            paragraphs(&mut self.out, indent + 4, value.doc);
        }
    }

    /// A message's fields, the members of a oneof together under its name.
    fn fields(&mut self, message: &'static Message, rpc: Option<&'static Rpc>) {
        if message.fields.is_empty() {
            self.line("  (no fields)");
            return;
        }
        let rows: Vec<_> = message.fields.iter().map(row).collect();
        let lines = columns(2, &rows);
        let mut told: Vec<usize> = Vec::new();
        for (index, field) in message.fields.iter().enumerate() {
            match field
                .oneof
                .and_then(|oneof| Some((oneof, message.oneofs.get(oneof)?)))
            {
                None => self.field(message, rpc, index, &lines),
                Some((oneof, _)) if told.contains(&oneof) => {}
                Some((oneof, described)) => {
                    told.push(oneof);
                    self.line(&format!("  oneof {}: at most one of", described.name));
                    paragraphs(&mut self.out, 6, described.doc);
                    for (member, field) in message.fields.iter().enumerate() {
                        if field.oneof == Some(oneof) {
                            self.field(message, rpc, member, &lines);
                        }
                    }
                }
            }
        }
    }

    fn field(
        &mut self,
        message: &'static Message,
        rpc: Option<&'static Rpc>,
        index: usize,
        lines: &[String],
    ) {
        let (Some(field), Some(line)) = (message.fields.get(index), lines.get(index)) else {
            return;
        };
        let indent = if field.oneof.is_some() { 8 } else { 6 };
        self.line(line);
        paragraphs(&mut self.out, indent, field.doc);
        if let Some(automatic) = self.annotations.automatic(rpc, message, index) {
            paragraphs(&mut self.out, indent, &format!("Automatic: {automatic}"));
        }
        let aliases = self.annotations.aliases(message, index);
        if !aliases.is_empty() {
            paragraphs(
                &mut self.out,
                indent,
                &format!("Alias: {}", aliases.join(", ")),
            );
        }
        self.since(indent, self.annotations.field_since(message, index));
        if let Type::Enum(enumeration) = field.ty {
            self.values(indent, enumeration);
        }
    }

    /// Where to read on: the types of the messages' fields.
    fn types(&mut self, messages: &[&'static Message]) {
        let mut names: Vec<&str> = Vec::new();
        for field in messages.iter().flat_map(|message| message.fields) {
            if let Type::Message(inner) = field.ty {
                names.push(inner.full_name);
            }
        }
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            self.line("\nTypes:");
            for name in names {
                let line = self.annotations.describe_line(name);
                self.line(&format!("  {line}"));
            }
        }
    }
}

/// What follows the name of something that should not be used any more.
fn mark(deprecated: bool) -> &'static str {
    match deprecated {
        true => ", deprecated",
        false => "",
    }
}

fn row(field: &Field) -> Vec<String> {
    let margin = if field.oneof.is_some() { "  " } else { "" };
    let mut notes = Vec::new();
    if field.json_name != field.name {
        notes.push(format!("json: {}", field.json_name));
    }
    if let Some(default) = field.options.default {
        notes.push(match field.ty {
            Type::Scalar(Scalar::String | Scalar::Bytes) => format!("default: {default:?}"),
            _ => format!("default: {default}"),
        });
    }
    if field.options.deprecated {
        notes.push("deprecated".to_owned());
    }
    vec![
        format!("{margin}{}", field.name),
        field.declared_type(),
        field.number.to_string(),
        notes.join(", "),
    ]
}
