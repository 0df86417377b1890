//! A mistake in a proto file is told as `file:line:col: what`, exactly, and
//! nothing panics, whatever the files hold. What protox refuses in its own words
//! is here once for each way in which its place is found.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

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

fn generate_with(folder: &Path, imports: &[PathBuf]) -> Result<(), agent_codegen::Error> {
    let out = tempfile::tempdir().unwrap();
    agent_codegen::generate(folder, imports, "protos", out.path())
}

fn generate(folder: &Path) -> Result<(), agent_codegen::Error> {
    generate_with(folder, &[])
}

/// What is wrong with a folder of these files.
fn error(files: &[(&str, &str)]) -> String {
    generate(folder(files).path()).unwrap_err().to_string()
}

/// A proto3 file of some lines after the first one.
fn proto3(lines: &str) -> String {
    format!("syntax = \"proto3\";\n{lines}")
}

/// Compares what is wrong with files of some lines after the first one.
fn wrong(rows: &[(&str, &str)]) {
    for (lines, expected) in rows {
        let error = error(&[("a.proto", &proto3(lines))]);
        assert_eq!(error, format!("a.proto:{expected}"), "{lines}");
    }
}

/// Builds files of some lines after the first one.
fn right(rows: &[&str]) {
    for lines in rows {
        let text = proto3(&format!("{lines}\nservice Right {{}}"));
        let built = generate(folder(&[("a.proto", &text)]).path());
        assert!(built.is_ok(), "{lines}: {}", built.unwrap_err());
    }
}

#[test]
fn syntax() {
    wrong(&[
        (
            "message A {\n  string name 1;\n}",
            "3:15: expected '=', but found '1'",
        ),
        // Columns count characters, and a tab is one.
        (
            "message A { /* ä☃ */\tstring name 1;\n}",
            "2:34: expected '=', but found '1'",
        ),
        (
            "message A {\n",
            "2:12: expected a message field, oneof, reserved range, enum, message, option or '}', \
             but reached end of file",
        ),
        (
            "/* never closed",
            "2:16: expected comment terminator, but reached end of file",
        ),
        (
            "message A { oneof x {} }",
            "2:13: a oneof must have at least one field",
        ),
        (
            "message A { map<float, int32> a = 1; }",
            "2:17: a map field key type must be an integer, boolean or string",
        ),
        (
            "message A { required int32 a = 1; }",
            "2:13: required fields are not allowed in proto3 syntax",
        ),
        (
            "message A {\n  int32 a = 018;\n}",
            "3:15: expected ';' or '[', but found '8'",
        ),
    ]);
    for path in [
        "./b.proto",
        "../b.proto",
        "x/../b.proto",
        "x//b.proto",
        "/b.proto",
        "",
    ] {
        wrong(&[(
            &format!("import \"{path}\";"),
            "2:8: invalid group name; imports may not contain backslashes, \
             repeated forward slashes, '.' or '..' components",
        )]);
    }
    assert_eq!(
        error(&[("a.proto", "syntax = \"proto4\";")]),
        "a.proto:1:10: unknown syntax 'proto4'; possible values are 'proto2' and 'proto3'"
    );
}

#[test]
fn meaning() {
    wrong(&[
        (
            "message A {\n  Missing a = 1;\n}",
            "3:3: name 'Missing' is not defined",
        ),
        (
            "message A {}\nservice S {\n  rpc Get(A) returns (B);\n}",
            "4:23: name 'B' is not defined",
        ),
        (
            "message A {\n  int32 a = 1;\n  int32 b = 1;\n}",
            "4:13: field number '1' is already used",
        ),
        (
            "message A { int32 a = 1; oneof x { int32 a = 2; } }",
            "2:42: name 'A.a' is defined twice",
        ),
        (
            "message A { int32 a = 1 [json_name = \"x\"]; int32 b = 2 [json_name = \"x\"]; }",
            "2:50: a field with JSON name 'x' is already defined",
        ),
        (
            "message A { int32 a = 19000; }",
            "2:23: invalid field number '19000'; field numbers 19000 to 19999 are reserved",
        ),
        (
            "enum E { reserved -5 to -2; A = 0; B = -2; }",
            "2:36: enum number '-2' conflicts with reserved range '-5 to -2'",
        ),
        (
            "service S { rpc R(int32) returns (S); }",
            "2:19: name 'int32' is not defined",
        ),
        (
            "option java_package = 1;",
            "2:1: expected a value of type 'string' for option 'java_package', but found '1'",
        ),
        // What nobody wrote has the place of what is around it.
        (
            "message A {\n  message B { map<int32, Missing> b = 2; }\n}",
            "3:3: name 'Missing' is not defined",
        ),
        (
            "message A {\n  int32 FooEntry = 2; map<int32, int32> foo = 1;\n}",
            "2:1: name 'A.FooEntry' is defined twice",
        ),
    ]);
    let import = "import \"google/protobuf/descriptor.proto\";\n";
    let option = "message O { int32 value = 1; }\n\
                  extend google.protobuf.FieldOptions { O o = 50000; }\n\
                  message A { int32 a = 1 [(o) = { VALUE: 1 }]; }";
    wrong(&[(
        &format!("{import}{option}"),
        "5:26: invalid value of type 'O' for option '(o)': \
         field 'VALUE' not found for message 'O'",
    )]);
    let one = proto3("message A {}\n");
    assert_eq!(
        error(&[("a.proto", &one), ("b.proto", &one)]),
        "b.proto:2:9: name 'A' is already defined in file 'a.proto'"
    );
}

#[test]
fn what_no_table_can_say() {
    let entry = "\"A.FooEntry\" is an entry of a map, which only the map itself can use";
    let by_hand = "\"map_entry\" is not for proto files to set: write map<key, value>";
    wrong(&[
        (
            "enum E { A = 1; }",
            "2:14: the first value of an enum must be 0 in proto3",
        ),
        (
            "message M { enum E { A = 1; } }",
            "2:26: the first value of an enum must be 0 in proto3",
        ),
        (
            "message A { map<int32, int32> foo = 1; FooEntry b = 2; }",
            &format!("2:40: {entry}"),
        ),
        (
            "message A { map<int32, int32> foo = 1; map<int32, FooEntry> b = 2; }",
            &format!("2:40: {entry}"),
        ),
        (
            "message A { map<int32, int32> foo = 1; }\nmessage B { repeated A.FooEntry b = 1; }",
            &format!("3:22: {entry}"),
        ),
        (
            "message A { map<int32, int32> foo = 1; }\nservice S { rpc R(A) returns (A.FooEntry); }",
            &format!("3:31: {entry}"),
        ),
        (
            "message A {\n  option map_entry = true;\n}",
            &format!("2:1: {by_hand}"),
        ),
        (
            "message B { message A { option map_entry = true; } int32 a = 1; }",
            &format!("2:13: {by_hand}"),
        ),
    ]);
    let old = "syntax = \"proto2\";\nmessage Old {\n  optional group Part = 1 {}\n}\n";
    let text = |lines: &str| proto3(&format!("import \"x/old.proto\";\nservice S {{}}\n{lines}"));
    assert_eq!(
        error(&[
            ("a.proto", &text("message A { Old a = 1; }")),
            ("x/old.proto", old)
        ]),
        "x/old.proto:3:3: groups are not supported"
    );
    generate(folder(&[("a.proto", &text("")), ("x/old.proto", old)]).path()).unwrap();
}

#[test]
fn what_is_legal_or_does_no_harm_is_built() {
    right(&[
        "message A { int32 value = 1; int32 VALUE = 2; int32 v_alue = 3; reserved \"Value\"; }",
        "message FooEntry {} message A { map<int32, .FooEntry> foo = 1; .FooEntry b = 2; }",
        "message A { int32 a = 1 [json_name = \"b\"]; int32 b = 2 [json_name = \"a\"]; }",
        "message A { int32 a_b = 1; int32 aB = 2 [json_name = \"c\"]; }",
        "message R {} service S { rpc R(R) returns (R); }",
        "enum E { option allow_alias = true; A = 0; B = 1; C = 1; }",
        "message A { repeated string a = 1 [packed = true]; int32 b = 2 [packed = true]; }",
        "message A { int32 a = 1 [lazy = true, jstype = JS_STRING]; reserved 2 to 5, 5; }",
    ]);
}

#[test]
fn folders_without_services() {
    let message = proto3("message A {}\n");
    let service = proto3("service S {}\n");
    let below = "; \"x/y/b.proto\" below it declares one, but only files directly in a folder are \
                 built: name the folder of that file";
    for (files, what, below) in [
        (
            vec![("notes.txt", "")],
            "holds no .proto file with a service",
            "",
        ),
        (
            vec![("x/y/b.proto", &service[..]), ("x/a.proto", &message)],
            "holds no .proto file with a service",
            below,
        ),
        (vec![("a.proto", &message)], "", ""),
        (
            vec![("a.proto", &message), ("x/y/b.proto", &service)],
            "",
            below,
        ),
    ] {
        let folder = folder(&files);
        let path = folder.path().display();
        let expected = match what {
            "" => format!("no .proto file in \"{path}\" declares a service{below}"),
            what => format!("\"{path}\" {what}{below}"),
        };
        assert_eq!(generate(folder.path()).unwrap_err().to_string(), expected);
    }
    // A service that is imported counts.
    let import = proto3("import \"x/b.proto\";\n");
    generate(folder(&[("a.proto", &import), ("x/b.proto", &service)]).path()).unwrap();
}

#[test]
fn folders_that_are_not_there() {
    let relative = generate(Path::new("no-such-folder"))
        .unwrap_err()
        .to_string();
    let resolved = std::env::current_dir().unwrap().join("no-such-folder");
    let expected = format!("cannot read \"{}\": No such file", resolved.display());
    assert!(relative.starts_with(&expected), "{relative}");

    let good = folder(&[("a.proto", &proto3("service S {}\n"))]);
    let missing = good.path().join("missing");
    let error = generate_with(good.path(), std::slice::from_ref(&missing)).unwrap_err();
    let expected = format!("cannot read \"{}\": No such file", missing.display());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn texts_and_names_of_files() {
    let error_of = |bytes: &[u8]| {
        let folder = folder(&[]);
        fs::write(folder.path().join("a.proto"), bytes).unwrap();
        generate(folder.path()).unwrap_err().to_string()
    };
    assert_eq!(error_of(&[0xff]), "a.proto:1:1: the text is not UTF-8");
    // A byte order mark is not part of the text.
    assert_eq!(
        error_of(b"\xef\xbb\xbfsyntax = \"proto3\";\n// \xc3\xa4 \xff\n"),
        "a.proto:2:6: the text is not UTF-8"
    );
    let good = "\u{feff}syntax = \"proto3\";\nservice S {}\n";
    generate(folder(&[("a.proto", good)]).path()).unwrap();
    for name in ["a b.proto", "\u{e4}\u{2603}.proto", "a'b,c.proto"] {
        assert_eq!(
            error(&[(name, &proto3("message ;\n"))]),
            format!("{name}:2:9: expected an identifier, but found ';'")
        );
    }
}

#[test]
fn nesting_that_would_exhaust_the_stack() {
    let messages = "message A { ".repeat(100_000);
    let options = format!("option (x) = {};", "{ a ".repeat(100_000));
    let too_deep = "brackets are nested more than 100 deep";
    wrong(&[
        (&messages, &format!("2:1211: {too_deep}")),
        (&options, &format!("2:414: {too_deep}")),
    ]);
}

#[test]
fn imports_that_are_not_found() {
    let not_found = |path: &str| {
        format!(
            "import \"{path}\" is not found; \
             AGENT_CTL_PROTO_PATH names more folders to import from"
        )
    };
    wrong(&[
        (
            "import \"b.proto\";",
            &format!("2:1: {}", not_found("b.proto")),
        ),
        (
            "import \"google/protobuf/empty.proto\";\nimport \"google/protobuf/empty.proto\";",
            "3:1: \"google/protobuf/empty.proto\" is imported twice",
        ),
    ]);
    let deep = [
        ("a.proto", &proto3("import \"deep/b.proto\";\n")[..]),
        (
            "deep/b.proto",
            &proto3("\n  import public \"long/c.proto\";\n"),
        ),
    ];
    let place = "deep/b.proto:3:3: ";
    assert_eq!(
        error(&deep),
        format!("{place}{}", not_found("long/c.proto"))
    );
    // A file of the same name is another one.
    let other = [
        (
            "a.proto",
            &proto3("import \"github.com/acme/v2/types.proto\";\n")[..],
        ),
        ("types.proto", &proto3("message Id {}\n")),
    ];
    let what = not_found("github.com/acme/v2/types.proto");
    assert_eq!(error(&other), format!("a.proto:2:1: {what}"));
    // A link to nothing is not a file.
    let broken = folder(&[("a.proto", &proto3("import \"b.proto\";\n"))]);
    symlink("nowhere.proto", broken.path().join("b.proto")).unwrap();
    let error = generate(broken.path()).unwrap_err().to_string();
    assert_eq!(error, format!("a.proto:2:1: {}", not_found("b.proto")));
}

#[test]
fn cycles_of_imports_end_at_the_line_that_closes_them() {
    let importing = |name: &str| proto3(&format!("// Comment.\nimport \"{name}\";\n"));
    for (files, expected) in [
        (
            vec![("a.proto", "a.proto")],
            "a.proto:3:1: the imports form a cycle: a.proto -> a.proto",
        ),
        (
            vec![
                ("a.proto", "x/\u{e4} b.proto"),
                ("x/\u{e4} b.proto", "x/y/c.proto"),
                ("x/y/c.proto", "a.proto"),
            ],
            "x/y/c.proto:3:1: the imports form a cycle: \
             a.proto -> x/\u{e4} b.proto -> x/y/c.proto -> a.proto",
        ),
        (
            vec![
                ("a.proto", "b.proto"),
                ("b.proto", "x/c.proto"),
                ("x/c.proto", "b.proto"),
            ],
            "x/c.proto:3:1: the imports form a cycle: b.proto -> x/c.proto -> b.proto",
        ),
    ] {
        let files = files
            .iter()
            .map(|(name, import)| (*name, importing(import)));
        let files: Vec<(&str, String)> = files.collect();
        let files = files.iter().map(|(name, text)| (*name, &text[..]));
        assert_eq!(error(&files.collect::<Vec<_>>()), expected);
    }
    // A link to the folder itself: the file is a root.
    let itself = folder(&[
        ("a.proto", &importing("x/b.proto")),
        ("b.proto", &importing("x/a.proto")),
    ]);
    symlink(itself.path(), itself.path().join("x")).unwrap();
    assert_eq!(
        generate(itself.path()).unwrap_err().to_string(),
        "b.proto:3:1: the imports form a cycle: a.proto -> b.proto -> a.proto"
    );
}

#[test]
fn only_public_imports_are_passed_on() {
    let files = |inner: &str| {
        folder(&[
            (
                "a.proto",
                &proto3("import \"x/b.proto\";\nmessage A { D d = 1; }\nservice S {}\n"),
            ),
            ("x/b.proto", &proto3("import public \"x/c.proto\";\n")),
            (
                "x/c.proto",
                &proto3(&format!("import {inner}\"x/d.proto\";\n")),
            ),
            ("x/d.proto", &proto3("message D {}\n")),
        ])
    };
    generate(files("public ").path()).unwrap();
    assert_eq!(
        generate(files("").path()).unwrap_err().to_string(),
        "a.proto:3:13: name 'D' is not defined; \
         'D' is defined in 'x/d.proto', which is not imported by 'a.proto'"
    );
}

#[test]
fn long_chains_of_imports_are_no_problem() {
    let folder = folder(&[("x/f2000.proto", &proto3("service S {}\n"))]);
    for number in 0..2000 {
        let name = match number {
            0 => "a.proto".to_owned(),
            number => format!("x/f{number}.proto"),
        };
        let text = proto3(&format!("import \"x/f{}.proto\";\n", number + 1));
        fs::write(folder.path().join(name), text).unwrap();
    }
    generate(folder.path()).unwrap();
}
