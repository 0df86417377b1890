//! The model to Rust text: one file with the table's statics and, per message,
//! the way to its fields. Paths go through `crate::schema`, so the text compiles
//! wherever there is such a module. The same model always gives the same text.

mod describe;
mod reflect;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote;

use crate::error::Error;
use crate::model::Model;

const HEAD: &str = "// @generated from proto files by agent-codegen. Do not edit.\n\n";

/// The table's text.
pub(crate) fn table(model: &Model, source: &str) -> Result<String, Error> {
    let modules = model.modules.iter().map(|module| {
        let module = ident(module);
        quote! { pub mod #module; }
    });
    let schema = describe::schema(model, source);
    let services = model.services.iter().map(describe::service);
    let messages = model.messages.iter().map(|message| {
        let (table, access) = (describe::message(message), reflect::message(message));
        quote! { #table #access }
    });
    let enums = model.enums.iter().map(describe::enumeration);
    let tokens = quote! {
        #[allow(unused_imports, reason = "small protos do not need them all")]
        use crate::schema::{
            Enum, EnumValue, Field, Label, Message, Oneof, Reflect, Rpc, Scalar, Schema, Service,
            Slot, Type, Value, ValueMut,
        };

        #[allow(
            missing_docs,
            unused_qualifications,
            clippy::allow_attributes_without_reason,
            clippy::panic,
            reason = "the struct generator's style"
        )]
        mod messages {
            #(#modules)*
        }

        #schema
        #(#services)*
        #(#messages)*
        #(#enums)*
    };
    let file = syn::parse2(tokens).map_err(|cause| Error::Table(cause.to_string()))?;
    let text = prettyplease::unparse(&file);
    Ok(format!("{HEAD}{}", spread(&text)))
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

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A path from the module that holds all files' modules.
fn path(path: &str) -> TokenStream {
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
