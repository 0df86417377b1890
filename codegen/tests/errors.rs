//! A mistake in a proto file is told as `file:line:col: what`, exactly, and
//! nothing panics, whatever the files hold.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn generate(folder: &Path) -> Result<(), agent_codegen::Error> {
    let out = tempfile::tempdir().unwrap();
    agent_codegen::generate(folder, "protos", out.path())
}

/// What is wrong with a folder of these files.
fn error(files: &[(&str, &str)]) -> String {
    generate(folder(files).path()).unwrap_err().to_string()
}

/// What is wrong with a file of these lines after the first one.
fn error_in(lines: &str) -> String {
    error(&[("a.proto", &format!("syntax = \"proto3\";\n{lines}"))])
}

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
        "a.proto:2:14: the first value for proto3 enums must be 0"
    );
    assert_eq!(
        error_in("message A { map<float, int32> a = 1; }"),
        "a.proto:2:17: a map field key type must be an integer, boolean or string"
    );
    assert_eq!(
        error_in("message A { int32 a_b = 1; int32 aB = 2; }"),
        "a.proto:2:34: a field with JSON name 'aB' is already defined"
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
fn missing_imports() {
    assert_eq!(
        error_in("import \"b.proto\";\n"),
        "a.proto:2:1: import \"b.proto\" is not found"
    );
    assert_eq!(
        error(&[
            (
                "a.proto",
                "syntax = \"proto3\";\nimport \"deep/b.proto\";\n"
            ),
            (
                "deep/b.proto",
                "syntax = \"proto3\";\n\n  import public \"long/path/c.proto\";\n"
            ),
        ]),
        "deep/b.proto:3:3: import \"long/path/c.proto\" is not found"
    );
    assert_eq!(
        error_in(
            "import \"google/protobuf/empty.proto\";\nimport \"google/protobuf/empty.proto\";\n"
        ),
        "a.proto:3:1: \"google/protobuf/empty.proto\" is imported twice"
    );
}

#[test]
fn cycles_of_imports_end_at_the_line_that_closes_them() {
    let importing = |name: &str| format!("syntax = \"proto3\";\n// Comment.\nimport \"{name}\";\n");
    assert_eq!(
        error(&[("a.proto", &importing("a.proto"))]),
        "a.proto:3:1: the imports form a cycle: a.proto -> a.proto"
    );
    assert_eq!(
        error(&[
            ("a.proto", &importing("b.proto")),
            ("b.proto", &importing("x/c.proto")),
            ("x/c.proto", &importing("b.proto")),
        ]),
        "x/c.proto:3:1: the imports form a cycle: b.proto -> x/c.proto -> b.proto"
    );
}

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
fn folders_without_protos() {
    let empty = folder(&[("deeper/a.proto", ""), ("notes.txt", "")]);
    let error = generate(empty.path()).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("\"{}\" holds no .proto file", empty.path().display())
    );
    let missing = empty.path().join("missing");
    let error = generate(&missing).unwrap_err().to_string();
    let expected = format!(
        "cannot read \"{}\": No such file or directory",
        missing.display()
    );
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn text_that_is_not_utf8() {
    let error = |bytes: &[u8]| {
        let folder = folder(&[]);
        fs::write(folder.path().join("a.proto"), bytes).unwrap();
        generate(folder.path()).unwrap_err().to_string()
    };
    assert_eq!(error(&[0xff, 0xfe]), "a.proto:1:1: the text is not UTF-8");
    assert_eq!(
        error(b"\xef\xbb\xbfsyntax = \"proto3\";\n// \xc3\xa4 \xff\n"),
        "a.proto:2:6: the text is not UTF-8"
    );
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    let good = "\u{feff}syntax = \"proto3\";\nmessage A {}\n";
    generate(folder(&[("a.proto", good)]).path()).unwrap();
    assert_eq!(
        error(&[("a.proto", "\u{feff}syntax = \"proto4\";")]),
        "a.proto:1:10: unknown syntax 'proto4'"
    );
}

#[test]
fn a_relative_folder_is_shown_with_what_it_is_relative_to() {
    let error = generate(Path::new("no-such-folder"))
        .unwrap_err()
        .to_string();
    let resolved = std::env::current_dir().unwrap().join("no-such-folder");
    let expected = format!("cannot read \"{}\": No such file", resolved.display());
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn nesting_that_would_exhaust_the_stack() {
    let nested = |depth: usize| "message A { ".repeat(depth) + &"}".repeat(depth);
    generate(folder(&[("a.proto", &format!("syntax = \"proto3\"; {}", nested(60)))]).path())
        .unwrap();
    let too_deep = error_in(&nested(100_000));
    assert_eq!(
        too_deep,
        "a.proto:2:1211: brackets are nested more than 100 deep"
    );
    let options = format!("option (x) = {};", "{ a ".repeat(100_000));
    assert_eq!(
        error_in(&options),
        "a.proto:2:414: brackets are nested more than 100 deep"
    );
    // Those in comments and strings do not count.
    let quoted = format!(
        "// {0}\n/* {0} */ message A {{ string a = 1 [json_name = \"{0}\"]; }}",
        "{".repeat(200)
    );
    generate(folder(&[("a.proto", &format!("syntax = \"proto3\";\n{quoted}"))]).path()).unwrap();
}

#[test]
fn long_chains_of_imports_are_no_problem() {
    let folder = folder(&[]);
    for number in 0..2000 {
        let text = format!(
            "syntax = \"proto3\";\nimport \"x/f{}.proto\";\n",
            number + 1
        );
        let name = if number == 0 {
            "a.proto".to_owned()
        } else {
            format!("x/f{number}.proto")
        };
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let error = generate(folder.path()).unwrap_err().to_string();
    assert_eq!(
        error,
        "x/f1999.proto:2:1: import \"x/f2000.proto\" is not found"
    );
    fs::write(
        folder.path().join("x/f2000.proto"),
        "syntax = \"proto3\";\nmessage A {}\n",
    )
    .unwrap();
    generate(folder.path()).unwrap();
}
