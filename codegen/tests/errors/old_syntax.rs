//! What other syntaxes have and proto3 has not.

use super::{error, folder, generate, wrong};

#[test]
fn groups_are_refused_where_they_would_be_needed() {
    let old = "syntax = \"proto2\";\nmessage Old {\n  optional group Part = 1 {}\n}\n";
    let import = "syntax = \"proto3\";\nimport \"x/old.proto\";\n";
    let use_it = format!("{import}message A {{ Old old = 1; }}\n");
    assert_eq!(
        error(&[("a.proto", &use_it), ("x/old.proto", old)]),
        "x/old.proto:3:3: groups are not supported"
    );
    let unused = format!("{import}message A {{}}\n");
    generate(folder(&[("a.proto", &unused), ("x/old.proto", old)]).path()).unwrap();
}

#[test]
fn what_only_proto2_has() {
    wrong(&[
        (
            "message A { required int32 a = 1; }",
            "2:13: required fields are not allowed in proto3 syntax",
        ),
        (
            "message A { repeated group B = 1 {} }",
            "2:13: groups are not allowed in proto3 syntax",
        ),
        (
            "message A { oneof x { group B = 1 {} } }",
            "2:23: groups are not allowed in proto3 syntax",
        ),
        (
            "message A { optional int32 a = 1 [default = 3]; }",
            "2:35: default values are not allowed in proto3",
        ),
        (
            "message A {\n  extensions 100 to 200, 300;\n}",
            "3:14: extension ranges are not allowed in proto3",
        ),
        (
            "message B { message A {\n  extensions 100 to max;\n} }",
            "3:14: extension ranges are not allowed in proto3",
        ),
        (
            "message A {\n  option message_set_wire_format = true;\n}",
            "3:3: message sets are not allowed in proto3",
        ),
    ]);
}

#[test]
fn extensions_of_anything_but_options() {
    let old = "syntax = \"proto2\";\nmessage Old { extensions 100 to max; }\n";
    let extend = "syntax = \"proto3\";\nimport \"x/old.proto\";\nextend Old { int32 a = 100; }\n";
    assert_eq!(
        error(&[("a.proto", extend), ("x/old.proto", old)]),
        "a.proto:3:8: \"Old\" cannot be extended: proto3 allows that for the options in google/protobuf/descriptor.proto only"
    );
    wrong(&[(
        "message A {}\nextend A { int32 a = 100; }",
        "3:22: message 'A' does not define '100' as an extension number",
    )]);
}

#[test]
fn enums_of_proto2_are_closed() {
    let old = "syntax = \"proto2\";\nenum Old { ONE = 1; }\n";
    let what =
        "enum \"Old\" is of \"x/old.proto\", which is proto2: a field of proto3 cannot have it";
    for (field, column) in [
        ("Old a", 13),
        ("repeated Old a", 22),
        ("map<int32, Old> a", 13),
    ] {
        let text = format!(
            "syntax = \"proto3\";\nimport \"x/old.proto\";\nmessage A {{ {field} = 1; }}\n"
        );
        assert_eq!(
            error(&[("a.proto", &text), ("x/old.proto", old)]),
            format!("a.proto:3:{column}: {what}")
        );
    }
}

#[test]
fn editions() {
    let what =
        "editions are not supported: only files that begin with syntax = \"proto3\" or \"proto2\"";
    assert_eq!(
        error(&[(
            "a.proto",
            "// Comment.\nedition = \"2023\";\nmessage A {}\n"
        )]),
        format!("a.proto:2:1: {what}")
    );
    let features = "features are for editions, which this file is not of";
    wrong(&[
        (
            "option features.field_presence = EXPLICIT;",
            &format!("2:1: {features}"),
        ),
        (
            "message A { int32 a = 1 [features.field_presence = EXPLICIT]; }",
            &format!("2:26: {features}"),
        ),
    ]);
}
