//! Imports: missing, misspelt, in a cycle, or many.

use std::fs;
use std::os::unix::fs::symlink;

use super::{error, error_in, folder, generate};

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
            ("b.proto", &importing("a.proto")),
        ]),
        "b.proto:3:1: the imports form a cycle: a.proto -> b.proto -> a.proto"
    );
    assert_eq!(
        error(&[
            ("a.proto", &importing("x/\u{e4} b.proto")),
            ("x/\u{e4} b.proto", &importing("x/y/c.proto")),
            ("x/y/c.proto", &importing("a.proto")),
        ]),
        "x/y/c.proto:3:1: the imports form a cycle: a.proto -> x/\u{e4} b.proto -> x/y/c.proto -> a.proto"
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
fn cycles_by_way_of_symbolic_links() {
    let importing = |name: &str| format!("syntax = \"proto3\";\nimport \"{name}\";\n");
    // A link to the folder itself: the file is a root.
    let itself = folder(&[
        ("a.proto", &importing("x/b.proto")),
        ("b.proto", &importing("x/a.proto")),
    ]);
    symlink(itself.path(), itself.path().join("x")).unwrap();
    assert_eq!(
        generate(itself.path()).unwrap_err().to_string(),
        "b.proto:2:1: the imports form a cycle: a.proto -> b.proto -> a.proto"
    );
    // A link within a folder: each path is a file, until one comes again.
    let deeper = folder(&[
        ("a.proto", &importing("x/b.proto")),
        ("x/b.proto", &importing("x/y/b.proto")),
    ]);
    symlink(deeper.path().join("x"), deeper.path().join("x/y")).unwrap();
    assert_eq!(
        generate(deeper.path()).unwrap_err().to_string(),
        "x/y/b.proto:2:1: the imports form a cycle: x/y/b.proto -> x/y/b.proto"
    );
    // A link to nothing is no file.
    let broken = folder(&[("a.proto", &importing("b.proto"))]);
    symlink("nowhere.proto", broken.path().join("b.proto")).unwrap();
    assert_eq!(
        generate(broken.path()).unwrap_err().to_string(),
        "a.proto:2:1: import \"b.proto\" is not found"
    );
}

#[test]
fn paths_that_are_not_relative_to_the_folder() {
    for path in [
        "./b.proto",
        "../b.proto",
        "x/../b.proto",
        "x//b.proto",
        "/b.proto",
        "",
    ] {
        assert_eq!(
            error(&[
                (
                    "a.proto",
                    &format!("syntax = \"proto3\";\nimport \"{path}\";\n")
                ),
                ("b.proto", "syntax = \"proto3\";\n"),
            ]),
            format!(
                "a.proto:2:8: import path \"{path}\" must be relative to the folder of the protos, without \".\", \"..\", \"//\" or \"\\\""
            )
        );
    }
}

#[test]
fn only_public_imports_are_passed_on() {
    let file = |text: &str| format!("syntax = \"proto3\";\n{text}");
    assert_eq!(
        error(&[
            (
                "a.proto",
                &file("import \"x/b.proto\";\nmessage A { D d = 1; }\n")
            ),
            ("x/b.proto", &file("import public \"x/c.proto\";\n")),
            ("x/c.proto", &file("import \"x/d.proto\";\n")),
            ("x/d.proto", &file("message D {}\n")),
        ]),
        "a.proto:3:13: name 'D' is not defined"
    );
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
