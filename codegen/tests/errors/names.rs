//! Names that are declared twice, or stand for nothing or for something else.

use super::{error, error_in, wrong};

#[test]
fn bad_meaning() {
    assert_eq!(
        error_in("message A {\n  Missing a = 1;\n}\n"),
        "a.proto:3:3: name 'Missing' is not defined"
    );
    assert_eq!(
        error_in("message A {\n  int32 a = 1;\n  int32 b = 1;\n}\n"),
        "a.proto:4:13: field number '1' is already used"
    );
    assert_eq!(
        error_in("message A {}\nmessage A {}\n"),
        "a.proto:3:9: name 'A' is defined twice"
    );
    assert_eq!(
        error_in("message A {}\nservice S {\n  rpc Get(A) returns (B);\n}\n"),
        "a.proto:4:23: name 'B' is not defined"
    );
    assert_eq!(
        error_in("enum E {\n  reserved 2;\n  A = 0;\n  B = 2;\n}\n"),
        "a.proto:5:3: enum number '2' conflicts with reserved range '2 to 2'"
    );
    assert_eq!(
        error_in("enum E { A = 1; }"),
        "a.proto:2:14: the first value of an enum must be 0 in proto3"
    );
    assert_eq!(
        error_in("message A { map<float, int32> a = 1; }"),
        "a.proto:2:17: a map field key type must be an integer, boolean or string"
    );
    assert_eq!(
        error_in("message A { int32 a_b = 1; int32 aB = 2; }"),
        "a.proto:2:34: fields \"a_b\" and \"aB\" have the same JSON name \"aB\""
    );
}

#[test]
fn a_field_that_is_declared_twice() {
    assert_eq!(
        error_in("message A {\n  string foo = 1;\n  string foo = 2;\n}\n"),
        "a.proto:4:10: field \"foo\" is declared twice"
    );
    // Different JSON names do not make it another field.
    assert_eq!(
        error_in(
            "message B { message A {\n  string foo = 1 [json_name = \"a\"];\n  oneof x { string foo = 2 [json_name = \"b\"]; }\n} }\n"
        ),
        "a.proto:4:20: field \"foo\" is declared twice"
    );
}

#[test]
fn a_message_that_two_files_declare() {
    let one = "syntax = \"proto3\";\nmessage A {}\n";
    assert_eq!(
        error(&[("a.proto", one), ("b.proto", one)]),
        "b.proto:2:9: name 'A' is already defined in file 'a.proto'"
    );
}

#[test]
fn names_that_are_declared_twice() {
    wrong(&[
        (
            "message A { message b {} int32 b = 1; }",
            "2:21: name 'A.b' is defined twice",
        ),
        (
            "message A { oneof x { int32 x = 1; } }",
            "2:29: name 'A.x' is defined twice",
        ),
        (
            "enum E { A = 0; }\nenum F { A = 0; }",
            "3:10: name 'A' is defined twice",
        ),
        (
            "service S {}\nservice S {}",
            "3:9: name 'S' is defined twice",
        ),
        (
            "message A {}\nservice S {\n  rpc R(A) returns (A);\n  rpc R(A) returns (A);\n}",
            "5:7: name 'S.R' is defined twice",
        ),
        (
            "enum E { A = 0; B = 0; }",
            "2:21: enum number '0' has already been used",
        ),
    ]);
}

#[test]
fn json_names() {
    wrong(&[
        (
            "message A { int32 a = 1 [json_name = \"x\"]; int32 b = 2 [json_name = \"x\"]; }",
            "2:50: fields \"a\" and \"b\" have the same JSON name \"x\"",
        ),
        (
            "message A { int32 a = 1 [json_name = \"b\"]; int32 b = 2; }",
            "2:50: fields \"a\" and \"b\" have the same JSON name \"b\"",
        ),
        (
            "message A { int32 b = 2; int32 a = 1 [json_name = \"b\"]; }",
            "2:32: fields \"b\" and \"a\" have the same JSON name \"b\"",
        ),
        (
            "message A { int32 a_1 = 1; oneof x { int32 a1 = 2; } }",
            "2:44: fields \"a_1\" and \"a1\" have the same JSON name \"a1\"",
        ),
        (
            "message A { int32 a = 1 [json_name = \"x\", json_name = \"y\"]; }",
            "2:43: field \"a\" is given a second JSON name",
        ),
        (
            "message A { int32 a = 1 [json_name = \"[x]\"]; }",
            "2:38: JSON name \"[x]\" is in brackets, which are for extensions",
        ),
        (
            "message A { int32 a = 1 [json_name = \"a\\0\"]; }",
            "2:38: the JSON name of field \"a\" holds a NUL",
        ),
        (
            "message A { int32 a = 1 [json_name = x]; }",
            "2:38: expected value to be a string, but found 'x'",
        ),
    ]);
}

#[test]
fn entries_of_maps() {
    let taken = "the entries of map \"foo\" would be called \"FooEntry\", which something else is";
    wrong(&[
        (
            "message A { map<int32, int32> foo = 1; message FooEntry {} }",
            &format!("2:31: {taken}"),
        ),
        (
            "message A { int32 FooEntry = 2; map<int32, int32> foo = 1; }",
            &format!("2:51: {taken}"),
        ),
        (
            "message A { enum E { FooEntry = 0; } map<int32, int32> foo = 1; }",
            &format!("2:56: {taken}"),
        ),
        (
            "message A { oneof FooEntry { int32 a = 2; } map<int32, int32> foo = 1; }",
            &format!("2:63: {taken}"),
        ),
        (
            "message A { map<int32, int32> Foo = 2; map<int32, int32> foo = 1; }",
            &format!("2:58: {taken}"),
        ),
        (
            "message A { map<int32, int32> foo = 1; FooEntry b = 2; }",
            "2:40: \"A.FooEntry\" is what a map consists of, and no type of other fields",
        ),
        (
            "message A { map<int32, int32> foo = 1; map<int32, FooEntry> b = 2; }",
            "2:40: \"A.FooEntry\" is what a map consists of, and no type of other fields",
        ),
        (
            "message A { map<int32, int32> a = 1; }\nservice S { rpc R(A) returns (A.AEntry); }",
            "3:31: \"A.AEntry\" is what a map consists of: it cannot be sent by itself",
        ),
        (
            "message A { map<int32, int32> foo = 1; message B { map<int32, Missing> b = 2; } }",
            "2:52: name 'Missing' is not defined",
        ),
    ]);
}

#[test]
fn names_that_stand_for_something_else() {
    wrong(&[
        (
            "service S { rpc R(int32) returns (S); }",
            "2:19: \"int32\" is no message: an RPC takes and returns messages",
        ),
        (
            "enum E { A = 0; } service S { rpc R(E) returns (E); }",
            "2:37: 'E' is not a message type",
        ),
        (
            "service S {} message A { S s = 1; }",
            "2:26: 'S' is not a message or enum type",
        ),
        (
            "package p; message A { p s = 1; }",
            "2:24: 'p' is not a message or enum type",
        ),
        (
            "message F { message B {} } message A { message F {} F.B b = 1; }",
            "2:53: 'F.B' resolves to 'A.F.B', which is not defined",
        ),
    ]);
}
