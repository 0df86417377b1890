//! The static descriptions: `Schema`, `Service`, `Message` and `Enum` items.

use proc_macro2::TokenStream;
use quote::quote;

use super::{ident, index, number, path};
use crate::model::{Enum, Field, Label, Message, Model, Rpc, Service, Type};

pub(super) fn schema(model: &Model, source: &str) -> TokenStream {
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
        };
    }
}

pub(super) fn service(service: &Service) -> TokenStream {
    let Service {
        full_name,
        file,
        doc,
        ..
    } = service;
    let ident = ident(&service.ident);
    let rpcs = service.rpcs.iter().map(|item| rpc(item, service));
    quote! {
        static #ident: Service = Service {
            full_name: #full_name,
            file: #file,
            doc: #doc,
            rpcs: &[#(#rpcs),*],
        };
    }
}

fn rpc(rpc: &Rpc, service: &Service) -> TokenStream {
    let Rpc {
        name,
        doc,
        client_streaming,
        server_streaming,
        ..
    } = rpc;
    let Service {
        full_name, file, ..
    } = service;
    let (request, response) = (ident(&rpc.request), ident(&rpc.response));
    quote! {
        Rpc {
            service: #full_name,
            file: #file,
            name: #name,
            doc: #doc,
            request: &#request,
            response: &#response,
            client_streaming: #client_streaming,
            server_streaming: #server_streaming,
        }
    }
}

pub(super) fn message(message: &Message) -> TokenStream {
    let Message {
        full_name,
        file,
        doc,
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
    quote! {
        Field {
            name: #name,
            json_name: #json_name,
            number: #number,
            label: Label::#label,
            ty: Type::#ty,
            oneof: #oneof,
            doc: #doc,
        }
    }
}

pub(super) fn enumeration(enumeration: &Enum) -> TokenStream {
    let Enum {
        full_name,
        file,
        doc,
        ..
    } = enumeration;
    let ident = ident(&enumeration.ident);
    let values = enumeration.values.iter().map(|value| {
        let (name, number, doc) = (&value.name, number(value.number), &value.doc);
        quote! { EnumValue { name: #name, number: #number, doc: #doc } }
    });
    quote! {
        static #ident: Enum = Enum {
            full_name: #full_name,
            file: #file,
            doc: #doc,
            values: &[#(#values),*],
        };
    }
}
