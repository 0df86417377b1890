//! The model to Rust text: one file with the table's statics and, per message,
//! the way to its fields. The text compiles in any crate that has agent-schema and
//! protobuf. The same model always gives the same text.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::error::Error;
use crate::model::{Enum, Field, Label, Message, Model, Rpc, Service, Type};
use crate::rename::Access;

const HEAD: &str = "// @generated from proto files by agent-codegen. Do not edit.\n\n";

/// The table's text.
pub(crate) fn table(model: &Model, source: &str, changes: &str) -> Result<String, Error> {
    let modules = model.modules.iter().map(|module| {
        let module = ident(module);
        quote! { pub mod #module; }
    });
    let schema = schema(model, source, changes);
    let services = model.services.iter().map(service);
    let messages = model.messages.iter().map(|message| {
        let (table, reflect) = (message_table(message), reflect(message));
        quote! { #table #reflect }
    });
    let enums = model.enums.iter().map(enumeration);
    let tokens = quote! {
        #[allow(unused_imports, reason = "small protos do not need them all")]
        use ::agent_schema::{
            Enum, EnumValue, Field, FieldOptions, Label, Message, Oneof, Reflect, Rpc, Scalar, Schema,
            Service, Slot, Type, Value, ValueMut, oneof_clear, oneof_get, oneof_get_mut,
        };

        #[allow(
            missing_docs,
            unused_qualifications,
            clippy::allow_attributes_without_reason,
            clippy::panic,
            reason = "the struct generator's style"
        )]
        pub mod messages {
            #(#modules)*
        }

        #schema
        #(#services)*
        #(#messages)*
        #(#enums)*
    };
    text(tokens)
}

/// Code as the text of a file.
pub(crate) fn text(tokens: TokenStream) -> Result<String, Error> {
    let file = syn::parse2(tokens).map_err(|cause| Error::Code(cause.to_string()))?;
    Ok(format!("{HEAD}{}", spread(&prettyplease::unparse(&file))))
}

/// Puts an empty line after each item.
fn spread(text: &str) -> String {
    let mut spread = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        spread.push_str(line);
        spread.push('\n');
        if matches!(line, "}" | "};") && lines.peek().is_some() {
            spread.push('\n');
        }
    }
    spread
}

fn schema(model: &Model, source: &str, changes: &str) -> TokenStream {
    let services = model.services.iter().map(|service| ident(&service.ident));
    let messages = model.messages.iter().map(|message| ident(&message.ident));
    let enums = model
        .enums
        .iter()
        .map(|enumeration| ident(&enumeration.ident));
    let (files, hash) = (&model.files, &model.hash);
    quote! {
        /// Everything that this build knows.
        pub static SCHEMA: Schema = Schema {
            services: &[#(&#services),*],
            messages: &[#(&#messages),*],
            enums: &[#(&#enums),*],
            files: &[#(#files),*],
            source: #source,
            hash: #hash,
            changes: #changes,
        };
    }
}

fn service(service: &Service) -> TokenStream {
    let Service {
        full_name,
        file,
        doc,
        deprecated,
        ..
    } = service;
    let ident = ident(&service.ident);
    let rpcs = service.rpcs.iter().map(|item| rpc(item, service));
    quote! {
        static #ident: Service = Service {
            full_name: #full_name,
            file: #file,
            doc: #doc,
            deprecated: #deprecated,
            rpcs: &[#(#rpcs),*],
        };
    }
}

fn rpc(rpc: &Rpc, service: &Service) -> TokenStream {
    let Rpc {
        name,
        doc,
        deprecated,
        client_streaming,
        server_streaming,
        ..
    } = rpc;
    let Service {
        full_name, file, ..
    } = service;
    let (request, response) = (ident(&rpc.request.ident), ident(&rpc.response.ident));
    quote! {
        Rpc {
            service: #full_name,
            file: #file,
            name: #name,
            doc: #doc,
            deprecated: #deprecated,
            request: &#request,
            response: &#response,
            client_streaming: #client_streaming,
            server_streaming: #server_streaming,
        }
    }
}

fn message_table(message: &Message) -> TokenStream {
    let Message {
        full_name,
        file,
        doc,
        deprecated,
        ..
    } = message;
    let (ident, path) = (ident(&message.ident), path(&message.path));
    let fields = message.fields.iter().map(field);
    let oneofs = message.oneofs.iter().map(|oneof| {
        let (name, doc) = (&oneof.name, &oneof.doc);
        quote! { Oneof { name: #name, doc: #doc } }
    });
    quote! {
        static #ident: Message = Message {
            full_name: #full_name,
            file: #file,
            doc: #doc,
            deprecated: #deprecated,
            fields: &[#(#fields),*],
            oneofs: &[#(#oneofs),*],
            new: || Box::new(#path::new()),
        };
    }
}

fn field(field: &Field) -> TokenStream {
    let Field {
        name,
        json_name,
        doc,
        deprecated,
        required,
        default,
        ..
    } = field;
    let number = number(field.number);
    let label = match field.label {
        Label::Singular => quote! { Singular },
        Label::Optional => quote! { Optional },
        Label::Repeated => quote! { Repeated },
        Label::Map(key) => {
            let key = ident(key);
            quote! { Map(Scalar::#key) }
        }
    };
    let ty = match &field.ty {
        Type::Scalar(scalar) => {
            let scalar = ident(scalar);
            quote! { Scalar(Scalar::#scalar) }
        }
        Type::Enum(name) => {
            let name = ident(name);
            quote! { Enum(&#name) }
        }
        Type::Message(name) => {
            let name = ident(name);
            quote! { Message(&#name) }
        }
    };
    let oneof = match field.oneof.map(index) {
        Some(index) => quote! { Some(#index) },
        None => quote! { None },
    };
    let default = match default {
        Some(text) => quote! { Some(#text) },
        None => quote! { None },
    };
    let options = match field {
        Field {
            deprecated: false,
            required: false,
            default: None,
            ..
        } => quote! { FieldOptions::NONE },
        _ => quote! {
            FieldOptions { deprecated: #deprecated, required: #required, default: #default }
        },
    };
    quote! {
        Field {
            name: #name,
            json_name: #json_name,
            number: #number,
            label: Label::#label,
            ty: Type::#ty,
            oneof: #oneof,
            doc: #doc,
            options: #options,
        }
    }
}

fn enumeration(enumeration: &Enum) -> TokenStream {
    let Enum {
        full_name,
        file,
        doc,
        deprecated,
        ..
    } = enumeration;
    let ident = ident(&enumeration.ident);
    let values = enumeration.values.iter().map(|value| {
        let (name, number, doc) = (&value.name, number(value.number), &value.doc);
        let deprecated = value.deprecated;
        quote! {
            EnumValue { name: #name, number: #number, doc: #doc, deprecated: #deprecated }
        }
    });
    quote! {
        static #ident: Enum = Enum {
            full_name: #full_name,
            file: #file,
            doc: #doc,
            deprecated: #deprecated,
            values: &[#(#values),*],
        };
    }
}

/// The implementation of `Reflect` for one message: a field's index to its place
/// in the struct, and no other logic.
fn reflect(message: &Message) -> TokenStream {
    let (table, path) = (ident(&message.ident), path(&message.path));
    let places = message.fields.iter().enumerate();
    let places: Vec<Place> = places
        .map(|(number, field)| place(number, &field.access))
        .collect();
    let parameter = match places[..] {
        [] => quote! { _index },
        _ => quote! { index },
    };
    let get = choose(&places, |place| &place.get);
    let get_mut = choose(&places, |place| &place.get_mut);
    let clear = match &places[..] {
        [] => TokenStream::new(),
        [Place { index, clear, .. }] => quote! { if index == #index { #clear } },
        places => {
            let arms = places
                .iter()
                .map(|Place { index, clear, .. }| quote! { #index => #clear, });
            quote! { match index { #(#arms)* _ => {} } }
        }
    };
    quote! {
        impl Reflect for #path {
            fn descriptor(&self) -> &'static Message {
                &#table
            }
            fn get(&self, #parameter: usize) -> Option<Value<'_>> {
                #get
            }
            fn get_mut(&mut self, #parameter: usize) -> Option<ValueMut<'_>> {
                #get_mut
            }
            fn clear(&mut self, #parameter: usize) {
                #clear
            }
        }
    }
}

/// One field's index, and the expressions that reach it.
struct Place {
    index: Literal,
    get: TokenStream,
    get_mut: TokenStream,
    clear: TokenStream,
}

fn place(number: usize, access: &Access) -> Place {
    let index = index(number);
    match access {
        Access::Field(field) => {
            let field = ident(field);
            Place {
                index,
                get: quote! { Slot::get(&self.#field) },
                get_mut: quote! { Some(Slot::get_mut(&mut self.#field)) },
                clear: quote! { Slot::clear(&mut self.#field) },
            }
        }
        Access::Oneof { field, variant } => {
            let (field, variant) = (ident(field), path(variant));
            Place {
                index,
                get: quote! { oneof_get!(self.#field, #variant) },
                get_mut: quote! { oneof_get_mut!(self.#field, #variant) },
                clear: quote! { oneof_clear!(self.#field, #variant) },
            }
        }
    }
}

/// A choice by index; `None` for an index that no field has.
fn choose(places: &[Place], expression: fn(&Place) -> &TokenStream) -> TokenStream {
    if places.is_empty() {
        return quote! { None };
    }
    let arms = places.iter().map(|place| {
        let (index, expression) = (&place.index, expression(place));
        quote! { #index => #expression, }
    });
    quote! { match index { #(#arms)* _ => None } }
}

pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A path from the module that holds all files' modules.
pub(crate) fn path(path: &str) -> TokenStream {
    let parts = path.split("::").map(ident);
    quote! { messages #(:: #parts)* }
}

/// A number without the suffix of its type.
fn number(number: i32) -> Literal {
    Literal::i32_unsuffixed(number)
}

fn index(index: usize) -> Literal {
    Literal::usize_unsuffixed(index)
}
