//! What is legal is taken, be it ever so unusual.

use super::right;

#[test]
fn names_much_like_others() {
    right(&[
        "message A { int32 value = 1; int32 Value = 2; message Value_2 {} }",
        "message A { int32 value = 1; int32 Value = 2; enum E { Value_2 = 0; } }",
        "message A { int32 value = 1; int32 Value = 2; oneof Value_2 { int32 a = 3; } }",
        "message A { int32 value = 1; int32 VALUE = 2; int32 v_alue = 3; reserved \"Value\"; }",
        "message A { optional int32 x = 1; optional int32 X = 2; oneof _x { int32 _Y = 3; } }",
        "message A { int32 _x = 1; optional int32 x = 2; oneof X_x { int32 a = 3; } }",
        "message FooEntry {} message A { map<int32, .FooEntry> foo = 1; .FooEntry b = 2; }",
        "message A { int32 a = 1 [json_name = \"b\"]; int32 b = 2 [json_name = \"a\"]; }",
    ]);
}

#[test]
fn options_that_have_no_effect() {
    right(&[
        "message A { repeated string a = 1 [packed = false]; int32 b = 2 [lazy = false]; }",
        "message A { string a = 1 [jstype = JS_NORMAL]; repeated int64 b = 2 [jstype = JS_NUMBER]; }",
        "message A { option message_set_wire_format = false; }",
        "enum E { option allow_alias = true; A = 0; B = 1; C = 1; }",
    ]);
}

#[test]
fn reserved_ranges_that_touch() {
    right(&[
        "message A { reserved 1, 2, 3, 4 to 6, 8 to max; reserved \"b\", \"A\"; int32 a = 7; }",
        "enum E { reserved -2147483648 to -1, 1 to max; A = 0; }",
        "message A { reserved \"foo\"; message B { int32 foo = 1; } }",
        "message A { reserved 19000 to 19999; int32 a = 18999; int32 b = 20000; }",
    ]);
}

#[test]
fn extensions_of_options() {
    let import = "import \"google/protobuf/descriptor.proto\";\n";
    for kind in [
        "File",
        "Message",
        "Field",
        "Oneof",
        "Enum",
        "EnumValue",
        "Service",
        "Method",
        "ExtensionRange",
    ] {
        right(&[&format!(
            "{import}extend google.protobuf.{kind}Options {{ repeated string a = 50000; }}"
        )]);
    }
    right(&[
        &format!(
            "{import}extend google.protobuf.FieldOptions {{ O o = 50000; }}\nmessage O {{ int32 value = 1; int32 Value = 2; O o = 3; O O = 4; }}\nmessage A {{ int32 a = 1 [(o).O.Value = 1, (o).o = {{ Value: 2 }}]; }}"
        ),
        &format!("package google.protobuf;\n{import}extend FieldOptions {{ int32 a = 50000; }}"),
    ]);
}

/// `protoc` refuses these for the sake of languages that make one name of two.
#[test]
fn names_that_are_alike_in_other_languages_only() {
    right(&[
        "enum E { red = 0; RED = 1; E_RED = 2; }",
        "message A { int32 a_b = 1; int32 aB = 2 [json_name = \"c\"]; }",
        "message R {} service S { rpc R(R) returns (R); }",
    ]);
}
