//! The implementation of `Reflect` for one message: a field's index to its place
//! in the struct, and no other logic.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{ident, index, path};
use crate::model::Message;
use crate::rename::Access;

pub(super) fn message(message: &Message) -> TokenStream {
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
                get: quote! { crate::oneof_get!(self.#field, #variant) },
                get_mut: quote! { crate::oneof_get_mut!(self.#field, #variant) },
                clear: quote! { crate::oneof_clear!(self.#field, #variant) },
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
