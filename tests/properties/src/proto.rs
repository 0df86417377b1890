//! Proto files: loaded, or refused at a place in one of them. A line
//! `=== NAME` begins another file.

use std::fs;
use std::path::Path;

use agent_codegen::{Error, descriptor_set};
use protobuf::Message as _;
use protobuf::descriptor::FileDescriptorSet;

use crate::check::error_text;

/// What the line before a file begins with.
const MARK: &str = "=== ";
/// The file before the first such line.
const FIRST: &str = "first.proto";

pub(crate) fn run(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut name = FIRST.to_owned();
    let mut content = Vec::new();
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(MARK.as_bytes()) {
            Some(next) => {
                write(folder.path(), &name, &content);
                content.clear();
                name = file_name(next);
            }
            None => content.extend_from_slice(line),
        }
    }
    write(folder.path(), &name, &content);
    match descriptor_set(folder.path()) {
        Ok(set) => {
            let set = FileDescriptorSet::parse_from_bytes(&set).expect("a set of descriptors");
            assert!(!set.file.is_empty());
        }
        Err(error @ (Error::Proto { .. } | Error::NoFiles { .. })) => {
            let text = error_text(&error);
            if let Error::Proto { place, .. } = error {
                check_place(folder.path(), &place, &text);
            }
        }
        Err(error) => panic!("{error}"),
    }
}

/// A file that is named is there, and so are the line and the column.
fn check_place(folder: &Path, place: &agent_codegen::Place, text: &str) {
    let Some((line, column)) = place.position else {
        return;
    };
    // The files of `google/protobuf` come with the parser.
    let Ok(content) = fs::read(folder.join(&place.file)) else {
        return;
    };
    let content = String::from_utf8_lossy(&content);
    let found = content.split('\n').nth(line - 1);
    let found = found.unwrap_or_else(|| panic!("{text}: no such line"));
    assert!(
        column <= found.chars().count() + 1,
        "{text}: no such column"
    );
}

/// A name below the folder, whatever the bytes.
fn file_name(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || b"._/".contains(byte);
    let name: String = bytes
        .iter()
        .filter(|byte| plain(byte))
        .map(|byte| char::from(*byte))
        .take(60)
        .collect();
    let parts = name
        .split('/')
        .filter(|part| part.bytes().any(|byte| byte != b'.'));
    let name = parts.collect::<Vec<_>>().join("/");
    if name.is_empty() {
        FIRST.to_owned()
    } else {
        name
    }
}

fn write(folder: &Path, name: &str, content: &[u8]) {
    let path = folder.join(name);
    let parent = path.parent().unwrap_or(folder);
    // A file may be where a folder is to be; then the later one is left out.
    if fs::create_dir_all(parent).is_ok() && !path.is_dir() {
        fs::write(path, content).expect("a file in a temporary folder");
    }
}
