//! Options that are unknown, or set to what they cannot be, or where they cannot be.

use super::wrong;

#[test]
fn options_of_protobuf() {
    wrong(&[
        ("option foo = 1;", "2:1: option field 'foo' is not defined"),
        (
            "message A { option foo = 1; }",
            "2:13: option field 'foo' is not defined",
        ),
        (
            "message A { oneof x { option foo = 1; int32 a = 1; } }",
            "2:23: option field 'foo' is not defined",
        ),
        (
            "enum E { A = 0 [foo = 1]; }",
            "2:17: option field 'foo' is not defined",
        ),
        (
            "service S { option foo = 1; }",
            "2:13: option field 'foo' is not defined",
        ),
        (
            "option java_package = 1;",
            "2:1: expected a value of type 'string' for option 'java_package', but found '1'",
        ),
        (
            "option java_package = \"a\";\noption java_package = \"b\";",
            "3:1: option field 'java_package' has already been set",
        ),
        (
            "message A {\n  option map_entry = true;\n}",
            "3:3: \"map_entry\" is not for proto files to set: write map<key, value>",
        ),
        (
            "option uninterpreted_option = {};",
            "2:1: \"uninterpreted_option\" is not for proto files to set",
        ),
    ]);
}

#[test]
fn options_for_fields_of_other_types() {
    let packed = "option \"packed\" is for repeated numbers, booleans and enums only";
    for field in [
        "int32 a",
        "repeated string a",
        "repeated bytes a",
        "repeated A a",
        "map<int32, int32> a",
    ] {
        let column = 19 + field.len();
        wrong(&[(
            &format!("message A {{ {field} = 1 [packed = true]; }}"),
            &format!("2:{column}: {packed}"),
        )]);
    }
    wrong(&[
        (
            "message A { oneof x { E a = 1 [packed = true]; } } enum E { Z = 0; }",
            &format!("2:32: {packed}"),
        ),
        (
            "message A { int32 a = 1 [deprecated = true, lazy = true]; }",
            "2:45: option \"lazy\" is for messages only",
        ),
        (
            "message A { int32 a = 1 [unverified_lazy = true]; }",
            "2:26: option \"unverified_lazy\" is for messages only",
        ),
        (
            "message A { int32 a = 1 [jstype = JS_STRING]; }",
            "2:26: option \"jstype\" is for 64-bit integers only",
        ),
    ]);
}

#[test]
fn aliases_of_enum_values() {
    wrong(&[
        (
            "enum E {\n  option allow_alias = true;\n  A = 0;\n  B = 1;\n}",
            "3:3: no values share a number: \"allow_alias\" has no effect",
        ),
        (
            "enum E { A = 0; option allow_alias = false; }",
            "2:17: \"allow_alias\" is false by itself: the option has no effect",
        ),
        (
            "enum E { option allow_alias = false; A = 0; B = 0; }",
            "2:49: enum number '0' has already been used",
        ),
    ]);
}

#[test]
fn extensions_of_options() {
    let after_import = |lines: &str, expected: &str| {
        let lines = format!("import \"google/protobuf/descriptor.proto\";\n{lines}");
        wrong(&[(&lines, expected)]);
    };
    after_import(
        "extend google.protobuf.FieldOptions { int32 a = 5; }",
        "3:49: message 'google.protobuf.FieldOptions' does not define '5' as an extension number",
    );
    after_import(
        "extend google.protobuf.FieldOptions {\n  int32 a = 50000;\n  int32 b = 50000;\n}",
        "5:13: extension number 50000 of \"google.protobuf.FieldOptions\" is already that of \"a\"",
    );
    after_import(
        "extend google.protobuf.FieldOptions { int32 a = 50000 [json_name = \"b\"]; }",
        "3:68: extension \"a\" cannot have a JSON name",
    );
    after_import(
        "message O { int32 Value = 1; int32 value = 2; }\nextend google.protobuf.FieldOptions { O o = 50000; }\nmessage A { int32 a = 1 [(o) = { VALUE: 1 }]; }",
        "5:26: invalid value of type 'O' for option '(o)': field 'VALUE' not found for message 'O'",
    );
    after_import(
        "extend google.protobuf.FieldOptions { int32 o = 50000; }\nmessage A { int32 a = 1 [(o) = 3000000000]; }",
        "4:26: expected a value of type 'int32' for option '(o)', but found '3000000000'",
    );
    after_import(
        "extend google.protobuf.MessageOptions { int32 o = 50000; }\nmessage A { int32 a = 1 [(o) = 1]; }",
        "4:26: expected an extension to type 'google.protobuf.FieldOptions', but 'o' extends 'google.protobuf.MessageOptions'",
    );
}
