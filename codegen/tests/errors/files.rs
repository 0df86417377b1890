//! Folders and files as such: missing, not text, too deep.

use std::fs;
use std::path::Path;

use super::{error, error_in, folder, generate};

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
fn names_of_files_with_spaces_and_letters_beyond_ascii() {
    let bad = "syntax = \"proto3\";\nmessage ;\n";
    for name in ["a b.proto", "\u{e4}\u{2603}.proto", "a'b,c.proto"] {
        assert_eq!(
            error(&[(name, bad)]),
            format!("{name}:2:9: expected an identifier, but found ';'")
        );
    }
}
