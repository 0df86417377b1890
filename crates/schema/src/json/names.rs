//! What fields and members of oneofs are called in the structs of rust-protobuf.

use crate::descriptor::{Field, Message};

/// Names that the struct generator ends with a `_`: the generator's own list.
const WORDS: &[&str] = include!("../../../../codegen/src/words.in");

/// What a struct's field is called.
pub(super) fn ident(name: &str) -> String {
    match WORDS.contains(&name) {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

/// What a member of a oneof is called: words without `_`, each with a capital.
pub(super) fn variant(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    ident(&words.collect::<String>())
}

/// The proto's name for one that ends with a `_` because it is a word of Rust.
pub(super) fn proto_name(name: &str) -> Option<&str> {
    name.strip_suffix('_').filter(|word| WORDS.contains(word))
}

/// The oneof that `name` is the struct's field of, unless a field is called so.
pub(super) fn oneof(message: &Message, name: &str) -> Option<usize> {
    let mut oneofs = message.oneofs.iter();
    let index = oneofs.position(|oneof| ident(oneof.name) == name)?;
    let mut fields = message.fields.iter();
    let is_field = fields.any(|field| field.name == name || field.json_name == name);
    (!is_field).then_some(index)
}

/// The member of a oneof by its name in Rust.
pub(super) fn member(message: &Message, oneof: usize, name: &str) -> Option<usize> {
    let is_it = |field: &Field| field.oneof == Some(oneof) && variant(field.name) == name;
    message.fields.iter().position(is_it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::EITHER;

    #[test]
    fn names_are_those_of_rust() {
        assert_eq!(
            [ident("type"), ident("Type"), ident("_")],
            ["type_", "Type", "__"]
        );
        assert_eq!(variant("f_int32"), "FInt32");
        assert_eq!(variant("errnoret"), "Errnoret");
        assert_eq!(variant("self"), "Self_");
        assert_eq!(proto_name("type_"), Some("type"));
        assert_eq!(proto_name("trailing_"), None);
        assert_eq!(oneof(&EITHER, "choice"), Some(0));
        assert_eq!(member(&EITHER, 0, "Words"), Some(1));
        assert_eq!(member(&EITHER, 0, "Other"), None);
    }
}
