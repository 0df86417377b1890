//! All rules for Rust identifiers: how the struct generator makes them from the
//! names in descriptors, which of them are legal, and what a name is changed to
//! when they are not, or are taken.

use std::collections::BTreeSet;

use protobuf_parse::{camel_case, snake_case};

/// Names that the struct generator ends with a `_`, as they are or were meant
/// to be words of Rust.
const ESCAPED: &[&str] = include!("words.in");

/// Words of Rust that it does not know.
const ILLEGAL: &[&str] = &["gen", "try"];

/// Methods that generated code calls on a message by their bare names; a method
/// of the same name for a oneof's member would be called instead.
pub(crate) const METHODS: &[&str] = &[
    "as_value",
    "as_value_mut",
    "cached_size",
    "compute_size",
    "is_initialized",
    "new",
];

/// Where identifiers must differ from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    /// Types and modules of one module.
    Type,
    /// Fields of one struct.
    Field,
    /// Methods of one struct.
    Method,
    /// Variants of one enum; a oneof's has its index.
    Variant(i32),
    /// Names of one message's fields as descriptors have them.
    Descriptor,
}

/// The identifiers in use within one module or one struct.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    taken: BTreeSet<(Space, String)>,
}

impl Scope {
    /// Takes all of `identifiers`, or none if one of them is illegal, taken, or
    /// twice among them.
    pub(crate) fn claim(&mut self, identifiers: Vec<(Space, String)>) -> bool {
        let number = identifiers.len();
        let new: BTreeSet<(Space, String)> = identifiers.into_iter().collect();
        let legal = new.iter().all(|(_, name)| is_legal(name));
        let free = legal && new.len() == number && new.is_disjoint(&self.taken);
        if free {
            self.taken.extend(new);
        }
        free
    }
}

/// A name for each of `names`: its own if `claim` accepts that, else a variation
/// of it. Names that can stay are settled first, so that none of them has to
/// give way to a variation. `claim` must accept all but finitely many names.
pub(crate) fn assign(names: &[String], mut claim: impl FnMut(usize, &str) -> bool) -> Vec<String> {
    let mut stays = Vec::new();
    for (index, name) in names.iter().enumerate() {
        stays.push(claim(index, name));
    }
    let settle = |(index, (name, stays)): (usize, (&String, bool))| {
        let mut others = variations(name);
        let other = if stays {
            None
        } else {
            others.find(|other| claim(index, other))
        };
        other.unwrap_or_else(|| name.clone())
    };
    names.iter().zip(stays).enumerate().map(settle).collect()
}

/// `name_`, `name_2`, `name_3`, ...; before a name that begins with a digit or
/// `_`, which case conversions can leave nothing of, an `x`.
pub(crate) fn variations(name: &str) -> impl Iterator<Item = String> {
    let lead = name.chars().next().filter(char::is_ascii_alphabetic);
    let stem = if lead.is_some() {
        name.to_owned()
    } else {
        format!("x{name}")
    };
    let plain = format!("{stem}_");
    std::iter::once(plain).chain((2_u32..).map(move |number| format!("{stem}_{number}")))
}

/// The identifier of a field or of an enum's variant.
pub(crate) fn ident(name: &str) -> String {
    match ESCAPED.contains(&name) {
        true => format!("{name}_"),
        false => name.to_owned(),
    }
}

/// The identifier of a message's struct, an enum or a oneof's enum.
pub(crate) fn type_ident(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    ident(&first.into_iter().chain(chars).collect::<String>())
}

/// The identifier of the module of what is nested in a message.
pub(crate) fn module_ident(name: &str) -> String {
    ident(&snake_case(name))
}

/// The identifier of a oneof's variant.
pub(crate) fn variant_ident(name: &str) -> String {
    ident(&camel_case(name))
}

/// The methods that the struct generator makes for a oneof's member.
pub(crate) fn member_methods(name: &str) -> impl Iterator<Item = String> {
    let prefixes = ["clear", "has", "mut", "set", "take"];
    let prefixed = prefixes.map(|prefix| format!("{prefix}_{name}"));
    std::iter::once(ident(name)).chain(prefixed)
}

/// The identifier of a typed client's method, by its RPC's name: words of Rust's
/// and `_` before each word, of which a run of capitals is one (`GetIPTables`).
pub(crate) fn method_ident(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut method = String::new();
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        let after = chars.get(index + 1);
        let ends_word = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let ends_capitals = before.is_some_and(char::is_ascii_uppercase)
            && after.is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (ends_word || ends_capitals) {
            method.push('_');
        }
        method.push(c.to_ascii_lowercase());
    }
    ident(&method)
}

/// The name of the module for a proto file, from its whole path or its last part.
pub(crate) fn file_module(path: &str) -> String {
    let path = path.strip_suffix(".proto").unwrap_or(path);
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    path.chars().map(legal).collect()
}

/// The name of a type's static in the table.
pub(crate) fn static_ident(full_name: &str) -> String {
    let words: Vec<String> = full_name.split('.').map(snake_case).collect();
    words.join("_").to_ascii_uppercase()
}

fn is_legal(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    first && rest && name != "_" && !ESCAPED.contains(&name) && !ILLEGAL.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(names: &[&str], identifier: fn(&str) -> String) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut scope = Scope::default();
        assign(&names, |_, name| {
            scope.claim(vec![(Space::Field, identifier(name))])
        })
    }

    #[test]
    fn words_of_rust_get_an_underscore() {
        for (name, expected) in [
            ("type", "type_"),
            ("self", "self_"),
            ("Self", "Self_"),
            ("_", "__"),
            ("types", "types"),
        ] {
            assert_eq!(ident(name), expected);
            assert!(is_legal(expected));
        }
        assert_eq!(type_ident("self"), "Self_");
        assert_eq!(type_ident("type"), "Type");
        assert_eq!(module_ident("Type"), "type_");
        assert_eq!(
            module_ident("CreateContainerRequest"),
            "create_container_request"
        );
        assert_eq!(variant_ident("fs_group"), "FsGroup");
        assert_eq!(variant_ident("self"), "Self_");
    }

    #[test]
    fn methods_are_in_snake_case() {
        for (name, expected) in [
            ("CreateContainer", "create_container"),
            ("GetOOMEvent", "get_oom_event"),
            ("GetIPTables", "get_ip_tables"),
            ("AddARPNeighbors", "add_arp_neighbors"),
            ("ReadStdout", "read_stdout"),
            ("Get2Things", "get2_things"),
            ("check", "check"),
            ("Do_It", "do_it"),
            ("Type", "type_"),
            ("SELF", "self_"),
        ] {
            assert_eq!(method_ident(name), expected);
        }
    }

    #[test]
    fn words_that_the_struct_generator_does_not_know_are_changed() {
        assert_eq!(assigned(&["gen", "try", "a"], ident), ["gen_", "try_", "a"]);
    }

    #[test]
    fn a_name_that_can_stay_stays() {
        assert_eq!(assigned(&["foo", "Foo"], type_ident), ["foo", "Foo_"]);
        assert_eq!(
            assigned(&["foo", "Foo", "Foo_"], type_ident),
            ["foo", "Foo_2", "Foo_"]
        );
        assert_eq!(assigned(&["type", "type_"], ident), ["type", "type__"]);
    }

    #[test]
    fn variants_that_case_conversion_makes_illegal_or_equal() {
        assert_eq!(
            assigned(&["a_b", "aB", "a__b"], variant_ident),
            ["a_b", "aB_2", "a__b_3"]
        );
        assert_eq!(
            assigned(&["_1", "_", "__"], variant_ident),
            ["x_1_", "x__", "x___2"]
        );
    }

    #[test]
    fn names_in_different_spaces_do_not_meet() {
        let mut scope = Scope::default();
        let name = |space| (space, "a".to_owned());
        assert!(scope.claim(vec![name(Space::Field)]));
        assert!(!scope.claim(vec![name(Space::Type), name(Space::Field)]));
        assert!(
            scope.claim(vec![name(Space::Type)]),
            "a refused claim takes nothing"
        );
        let twice = vec![name(Space::Descriptor), name(Space::Descriptor)];
        assert!(!scope.claim(twice));
        assert!(scope.claim(vec![name(Space::Variant(0))]));
        assert!(scope.claim(vec![name(Space::Variant(1))]));
    }

    #[test]
    fn modules_and_statics() {
        assert_eq!(file_module("agent.proto"), "agent");
        assert_eq!(file_module("a-b/c.d.proto"), "a_b_c_d");
        assert_eq!(static_ident("grpc.AgentService"), "GRPC_AGENT_SERVICE");
        assert_eq!(static_ident("a.Outer.Inner"), "A_OUTER_INNER");
    }
}
