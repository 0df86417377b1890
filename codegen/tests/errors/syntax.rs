//! What is not proto syntax at all.

use super::{error, error_in, wrong};

#[test]
fn bad_syntax() {
    assert_eq!(
        error_in("message A {\n  string name 1;\n}\n"),
        "a.proto:3:15: expected '=', but found '1'"
    );
    // Columns count characters, and a tab is one.
    assert_eq!(
        error_in("message A { /* ä☃ */\tstring name 1;\n}\n"),
        "a.proto:2:34: expected '=', but found '1'"
    );
    assert_eq!(
        error_in("message A {\n"),
        "a.proto:2:12: expected a message field, oneof, reserved range, enum, message, option or '}', but reached end of file"
    );
    assert_eq!(
        error_in("message A { string a = \"b; }"),
        "a.proto:2:29: expected string terminator, but reached end of file"
    );
    assert_eq!(
        error_in("/* never closed"),
        "a.proto:2:16: expected comment terminator, but reached end of file"
    );
    assert_eq!(
        error(&[("a.proto", "syntax = \"proto4\";")]),
        "a.proto:1:10: unknown syntax 'proto4'"
    );
    // Makes the parser panic, where it checks itself.
    let octal = error_in("message A {\n  int32 a = 018;\n}\n");
    assert!(octal.starts_with("a.proto:3:1"), "{octal}");
    assert_eq!(
        error_in("package a;\npackage b;\n"),
        "a.proto:3:1: multiple package names specified"
    );
}

#[test]
fn the_first_line() {
    let without = "message A { int32 a = 1; }\n";
    assert_eq!(
        error(&[("a.proto", without)]),
        "a.proto:1:13: fields must have a label with proto2 syntax (expected one of 'optional', 'repeated' or 'required'); the file has no line syntax = \"proto3\" and so is proto2"
    );
    assert_eq!(
        error(&[("a.proto", "message A {}\nsyntax = \"proto3\";\n")]),
        "a.proto:2:1: syntax = \"...\" must stand once, before anything else"
    );
    wrong(&[(
        "syntax = \"proto3\";",
        "2:1: syntax = \"...\" must stand once, before anything else",
    )]);
}

#[test]
fn oneofs_and_maps_and_services() {
    wrong(&[
        (
            "message A { oneof x {} }",
            "2:13: a oneof must have at least one field",
        ),
        (
            "message A { oneof x { optional int32 a = 1; } }",
            "2:23: oneof fields cannot have labels",
        ),
        (
            "message A { oneof x { repeated int32 a = 1; } }",
            "2:23: oneof fields cannot have labels",
        ),
        (
            "message A { oneof x { map<int32, int32> a = 1; } }",
            "2:23: map fields are not allowed in a oneof",
        ),
        (
            "message A { repeated map<int32, int32> a = 1; }",
            "2:13: map fields cannot have labels",
        ),
        (
            "message A { map<bytes, int32> a = 1; }",
            "2:17: a map field key type must be an integer, boolean or string",
        ),
        (
            "message A { map<A, int32> a = 1; }",
            "2:17: a map field key type must be an integer, boolean or string",
        ),
        (
            "message A { map<int32, map<int32, int32>> a = 1; }",
            "2:27: expected '.' or '>', but found '<'",
        ),
        (
            "service S { rpc R() returns (); }",
            "2:19: expected 'stream' or a type name, but found ')'",
        ),
        (
            "message A {} service S { rpc R(A); }",
            "2:34: expected 'returns', but found ';'",
        ),
        ("enum E {}", "2:1: enums must have at least one value"),
    ]);
}
