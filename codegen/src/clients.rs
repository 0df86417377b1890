//! The typed clients: for each service a struct with one method an RPC. What a
//! call does is written once, in agent-typed.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::{ident, path, text};
use crate::error::Error;
use crate::model::{Model, Rpc, Service};
use crate::naming::{Scope, Space, assign, method_ident, type_ident};

/// Names that the clients' code uses; a service of such a name is another one.
const TAKEN: [&str; 7] = [
    "Response",
    "CallError",
    "Caller",
    "Into",
    "Messages",
    "Result",
    "Sender",
];

/// The clients' text, to be included beside the table.
pub(crate) fn clients(model: &Model) -> Result<String, Error> {
    let name = |service: &Service| {
        let name = service.full_name.rsplit('.').next().unwrap_or_default();
        type_ident(name)
    };
    let names = assigned(model.services.iter().map(name), &TAKEN);
    let clients = model.services.iter().zip(names);
    let clients = clients.map(|(service, name)| client(service, &name));
    text(quote! {
        /// A client for each service, with one method an RPC.
        #[allow(
            dead_code,
            non_camel_case_types,
            non_snake_case,
            unused_imports,
            reason = "proto files may have names of any kind, and services without RPCs or streams"
        )]
        pub mod clients {
            use super::messages;
            use ::agent_typed::{Response, CallError, Caller, Messages, Sender};
            #(#clients)*
        }
    })
}

/// The names, those of them changed that are taken or illegal.
fn assigned(names: impl Iterator<Item = String>, taken: &[&str]) -> Vec<String> {
    let mut scope = Scope::default();
    let mut claim = |name: &str| scope.claim(vec![(Space::Type, name.to_owned())]);
    for name in taken {
        claim(name);
    }
    assign(&names.collect::<Vec<_>>(), |_, name| claim(name))
}

fn client(service: &Service, name: &str) -> TokenStream {
    let Service { full_name, doc, .. } = service;
    let name = ident(name);
    let about = comment(doc, &format!("The calls of `{full_name}`."));
    let names = assigned(
        service.rpcs.iter().map(|rpc| method_ident(&rpc.name)),
        &["new"],
    );
    let methods = service.rpcs.iter().zip(names);
    let methods = methods.map(|(rpc, name)| method(service, rpc, &name));
    quote! {
        #about
        #[derive(Debug)]
        pub struct #name<'c>(Caller<'c>);

        impl<'c> #name<'c> {
            /// Makes calls over a connection.
            pub fn new(caller: impl Into<Caller<'c>>) -> Self {
                #name(caller.into())
            }
            #(#methods)*
        }
    }
}

fn method(service: &Service, rpc: &Rpc, method: &str) -> TokenStream {
    let (service, name) = (&service.full_name, &rpc.name);
    let method = ident(method);
    let (request, response) = (path(&rpc.request.path), path(&rpc.response.path));
    let doc = comment(&rpc.doc, &format!("Calls `{name}`."));
    let (returned, call) = match (rpc.client_streaming, rpc.server_streaming) {
        (false, false) => (quote! { #response }, quote! { call }),
        (false, true) => (quote! { Messages<'_, #response> }, quote! { download }),
        (true, false) => {
            let returned = quote! { (Sender<#request>, Response<'_, #response>) };
            (returned, quote! { upload })
        }
        (true, true) => {
            let returned = quote! { (Sender<#request>, Messages<'_, #response>) };
            (returned, quote! { exchange })
        }
    };
    quote! {
        #doc
        pub fn #method(&mut self, request: &#request) -> Result<#returned, CallError> {
            self.0.#call(#service, #name, request)
        }
    }
}

/// The doc comment of an item, or what to say without one.
fn comment(doc: &str, without: &str) -> TokenStream {
    let text = if doc.is_empty() { without } else { doc };
    let lines = text.lines().map(|line| match line {
        "" => String::new(),
        line => format!(" {line}"),
    });
    quote! { #(#[doc = #lines])* }
}
