//! Names and numbers that are reserved or in use, and numbers out of range.

use super::{right, wrong};

#[test]
fn names() {
    wrong(&[
        (
            "message A {\n  reserved \"a\";\n  int32 a = 1;\n}",
            "4:9: field \"a\" has a name that is reserved",
        ),
        (
            "message A {\n  int32 a = 1;\n  reserved \"b\", \"a\";\n}",
            "3:9: field \"a\" has a name that is reserved",
        ),
        (
            "message A { reserved \"a\"; oneof x { int32 a = 1; } }",
            "2:43: field \"a\" has a name that is reserved",
        ),
        (
            "message A { reserved \"a\"; map<int32, int32> a = 1; }",
            "2:45: field \"a\" has a name that is reserved",
        ),
        (
            "message B { message A { reserved \"a\"; int32 a = 1; } }",
            "2:45: field \"a\" has a name that is reserved",
        ),
        (
            "message A { reserved \"a\" 'b'; int32 ab = 1; }",
            "2:37: field \"ab\" has a name that is reserved",
        ),
        (
            "message A { reserved \"a\", \"a\"; }",
            "2:27: \"a\" is reserved twice",
        ),
        (
            "message A { reserved \"a\"; reserved \"a\"; }",
            "2:36: \"a\" is reserved twice",
        ),
        (
            "enum E {\n  reserved \"B\";\n  A = 0;\n  B = 1;\n}",
            "5:3: value \"B\" has a name that is reserved",
        ),
        (
            "message M { enum E { reserved \"A\"; A = 0; } }",
            "2:36: value \"A\" has a name that is reserved",
        ),
        (
            "enum E { A = 0; reserved \"B\", \"B\"; }",
            "2:31: \"B\" is reserved twice",
        ),
    ]);
}

#[test]
fn names_that_do_not_begin_with_a_letter() {
    let taken = "has a name that is reserved";
    wrong(&[
        (
            "message A { reserved \"x\", \"_a\", '-'; int32 _a = 1; }",
            &format!("2:44: field \"_a\" {taken}"),
        ),
        (
            "message B { message A { reserved \"_\"; reserved \"_\"; } }",
            "2:48: \"_\" is reserved twice",
        ),
        (
            "enum E {\n  A = 0; /* ä */ reserved \"_b\";\n  _b = 1;\n}",
            &format!("4:3: value \"_b\" {taken}"),
        ),
        (
            "message A { message B { enum E { _b = 0; reserved \"_b\"; } } }",
            &format!("2:34: value \"_b\" {taken}"),
        ),
        ("message A { reserved \"\"; }", "2:22: invalid identifier"),
    ]);
    right(&[
        "message A { reserved \"_a\", \"_b\", \"a b\", '1', \"xx\"; int32 x = 1; }",
        "enum E { reserved \"_a\", \"_b\"; A = 0; }",
    ]);
}

#[test]
fn numbers() {
    wrong(&[
        (
            "message A {\n  reserved 2 to 5;\n  int32 a = 5;\n}",
            "4:13: field number '5' conflicts with reserved range '2 to 5'",
        ),
        (
            "message A { int32 a = 600; reserved 2 to max; }",
            "2:23: field number '600' conflicts with reserved range '2 to 536870911'",
        ),
        (
            "enum E {\n  reserved 2;\n  A = 0;\n  B = 2;\n}",
            "5:3: enum number '2' conflicts with reserved range '2 to 2'",
        ),
        (
            "enum E { reserved -5 to -2; A = 0; B = -2; }",
            "2:36: enum number '-2' conflicts with reserved range '-5 to -2'",
        ),
    ]);
}

#[test]
fn ranges() {
    wrong(&[
        (
            "message A { reserved 2 to 5, 5; }",
            "2:30: reserved number 5 overlaps with range 2 to 5, reserved before",
        ),
        (
            "message A { reserved 2; reserved 2; }",
            "2:34: reserved number 2 overlaps with number 2, reserved before",
        ),
        (
            "message B { message A {\n  reserved 3 to 9;\n  reserved 2 to 5;\n} }",
            "4:12: reserved range 2 to 5 overlaps with range 3 to 9, reserved before",
        ),
        (
            "message A { reserved 10 to max, 536870911; }",
            "2:33: reserved number 536870911 overlaps with range 10 to 536870911, reserved before",
        ),
        (
            "message A { reserved 5 to 2; }",
            "2:22: reserved range 5 to 2 ends before it begins",
        ),
        (
            "enum E { reserved -5 to 5, 5 to max; A = 0; }",
            "2:28: reserved range 5 to 2147483647 overlaps with range -5 to 5, reserved before",
        ),
        (
            "enum E { reserved 5 to 2; A = 0; }",
            "2:19: reserved range 5 to 2 ends before it begins",
        ),
        (
            "message A { reserved 0; }",
            "2:22: message numbers must be between 1 and 536870911",
        ),
        (
            "message A { reserved a; }",
            "2:22: expected a positive integer or string, but found 'a'",
        ),
        (
            "message A { reserved 1, \"a\"; }",
            "2:25: expected an integer, but found '\"a\"'",
        ),
    ]);
}

#[test]
fn numbers_that_no_field_can_have() {
    let range = "message numbers must be between 1 and 536870911";
    for number in ["0", "-1", "536870912", "2147483648"] {
        wrong(&[(
            &format!("message A {{ int32 a = {number}; }}"),
            &format!("2:23: {range}"),
        )]);
    }
    for (number, value) in [("19000", 19_000), ("19999", 19_999), ("0x4a39", 19_001)] {
        wrong(&[(
            &format!("message A {{ oneof x {{ int32 a = {number}; }} }}"),
            &format!(
                "2:33: field number {value} is one of 19000 to 19999, which protobuf keeps for itself"
            ),
        )]);
    }
    wrong(&[
        (
            "message A { int32 a = 99999999999999999999; }",
            "2:23: integer is too large",
        ),
        (
            "message A { int32 a = 1.0; }",
            "2:23: expected an integer, but found '1.0'",
        ),
        (
            "message A { int32 a = 1; oneof x { int32 b = 1; } }",
            "2:46: field number '1' is already used",
        ),
        (
            "message A { int32 a = 1; map<int32, int32> b = 1; }",
            "2:48: field number '1' is already used",
        ),
        (
            "enum E { A = 0; B = 2147483648; }",
            "2:21: enum numbers must be between -2147483648 and 2147483647",
        ),
    ]);
}
