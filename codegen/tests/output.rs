//! What is written where: the same files give the same text, and only what
//! changed is written again.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Each file below the output folder with its time of writing.
fn written(out: &Path) -> BTreeMap<String, SystemTime> {
    let mut files = BTreeMap::new();
    for folder in ["", "messages"] {
        for entry in out.join(folder).read_dir().unwrap() {
            let entry = entry.unwrap();
            let data = entry.metadata().unwrap();
            if data.is_file() {
                let name = Path::new(folder).join(entry.file_name());
                files.insert(name.to_str().unwrap().to_owned(), data.modified().unwrap());
            }
        }
    }
    files
}

fn hash(out: &Path) -> String {
    let table = fs::read_to_string(out.join("table.rs")).unwrap();
    let line = table
        .lines()
        .find(|line| line.trim().starts_with("hash: "))
        .unwrap();
    line.trim().to_owned()
}

#[test]
fn only_what_changed_is_written_again() {
    let (protos, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (protos, out) = (protos.path(), out.path());
    let write = |name: &str, text: &str| fs::write(protos.join(name), text).unwrap();
    let generate = || agent_codegen::generate(protos, &[], "protos", out).unwrap();

    write(
        "a.proto",
        "syntax = \"proto3\";\nmessage A {}\nservice S {}\n",
    );
    write("b.proto", "syntax = \"proto3\";\nmessage B {}\n");
    generate();
    let first = written(out);
    let names: Vec<&str> = first.keys().map(|name| &name[..]).collect();
    assert_eq!(
        names,
        ["clients.rs", "messages/a.rs", "messages/b.rs", "table.rs"]
    );
    let first_hash = hash(out);

    generate();
    assert_eq!(written(out), first);

    // A comment that belongs to nothing is in the hash only.
    write("b.proto", "syntax = \"proto3\";\nmessage B {}\n\n// Bye.\n");
    generate();
    let second = written(out);
    assert_ne!(hash(out), first_hash);
    assert_eq!(second["messages/b.rs"], first["messages/b.rs"]);

    fs::remove_file(protos.join("b.proto")).unwrap();
    generate();
    let third = written(out);
    let names: Vec<&str> = third.keys().map(|name| &name[..]).collect();
    assert_eq!(names, ["clients.rs", "messages/a.rs", "table.rs"]);
    assert_eq!(third["messages/a.rs"], first["messages/a.rs"]);
}

#[test]
fn the_output_tells_nothing_of_this_machine() {
    let (protos, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = "syntax = \"proto3\";\nimport \"google/protobuf/empty.proto\";\nmessage A {}\nservice S {}\n";
    fs::write(protos.path().join("a.proto"), text).unwrap();
    agent_codegen::generate(protos.path(), &[], "protos", out.path()).unwrap();
    for name in written(out.path()).keys() {
        let text = fs::read_to_string(out.path().join(name)).unwrap();
        for folder in [protos.path(), out.path()] {
            assert!(!text.contains(folder.to_str().unwrap()), "{name}");
        }
    }
    let table = fs::read_to_string(out.path().join("table.rs")).unwrap();
    // What comes with the reader is not a file of the folder.
    assert!(table.contains("files: &[\"a.proto\"],"));
    assert!(table.contains("full_name: \"google.protobuf.Empty\""));
}

#[test]
fn structs_have_the_comments_of_their_messages_unless_there_is_code_in_them() {
    let (protos, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let text = "syntax = \"proto3\";\n\n// One.\nmessage A {\n  // Two.\n  int32 a = 1;\n  \
                // ```\n  // code\n  // ```\n  int32 b = 2;\n}\nservice S {}\n";
    fs::write(protos.path().join("a.proto"), text).unwrap();
    agent_codegen::generate(protos.path(), &[], "protos", out.path()).unwrap();
    let structs = fs::read_to_string(out.path().join("messages/a.rs")).unwrap();
    assert!(structs.contains("/// One.\n") && structs.contains("/// Two.\n"));
    assert!(!structs.contains("```"));
}
