//! Holds the project's proto files to the agent's wire interface: the same rows as
//! `kata-agent-4.1.tsv`, in the same order, and a doc comment on every declaration. It reads
//! the files with protox alone.

mod declarations;
mod rows;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use protox::prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};

const TABLE: &str = include_str!("kata-agent-4.1.tsv");

/// How many differing rows a failure shows.
const SHOWN: usize = 12;

#[test]
fn protos_declare_the_rows_of_the_table() -> Result<(), Box<dyn Error>> {
    let expected: Vec<&str> = TABLE.lines().skip(1).collect();
    let mut names: Vec<&str> = expected
        .iter()
        .filter_map(|row| row.split('\t').next())
        .collect();
    names.dedup();

    let set = compile(&names)?;
    let mut actual = Vec::new();
    for name in &names {
        actual.extend(rows::of_file(file(&set, name)?));
    }

    assert!(expected.len() > 400, "the table is cut short");
    assert!(
        expected == actual,
        "the proto files differ from the table\n{}",
        difference(&expected, &actual)
    );
    Ok(())
}

#[test]
fn protos_folder_holds_the_files_of_the_table_alone() -> Result<(), Box<dyn Error>> {
    let expected: BTreeSet<String> = TABLE
        .lines()
        .skip(1)
        .filter_map(|row| row.split('\t').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(root_files()?, expected);
    Ok(())
}

#[test]
fn every_declaration_has_a_doc_comment() -> Result<(), Box<dyn Error>> {
    let roots = root_files()?;
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let set = compile(&roots)?;
    assert!(
        set.file
            .iter()
            .any(|file| file.name() == "google/protobuf/empty.proto")
    );

    let mut bare = Vec::new();
    for file in &set.file {
        let comments = declarations::comments(file);
        for (name, path) in declarations::of_file(file) {
            let words = comments
                .get(path.as_slice())
                .map_or(0, |text| text.split_whitespace().count());
            if words < 3 {
                bare.push(format!("{}: {name}", file.name()));
            }
        }
    }
    assert!(
        bare.is_empty(),
        "{} declarations have no doc comment of three words or more, the first are\n  {}",
        bare.len(),
        bare.iter()
            .take(SHOWN)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n  ")
    );
    Ok(())
}

fn protos() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../protos")
}

/// The names of the proto files directly in the folder.
fn root_files() -> Result<BTreeSet<String>, Box<dyn Error>> {
    let mut names = BTreeSet::new();
    for entry in protos().read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".proto") {
            names.insert(name);
        }
    }
    Ok(names)
}

fn compile(names: &[&str]) -> Result<FileDescriptorSet, protox::Error> {
    let mut compiler = protox::Compiler::new([protos()])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(names)?;
    Ok(compiler.file_descriptor_set())
}

fn file<'a>(set: &'a FileDescriptorSet, name: &str) -> Result<&'a FileDescriptorProto, String> {
    set.file
        .iter()
        .find(|file| file.name() == name)
        .ok_or_else(|| format!("no file \"{name}\""))
}

/// Where the rows part, and the rows that only one side has.
fn difference(expected: &[&str], actual: &[String]) -> String {
    let mut text = String::new();
    let same = expected
        .iter()
        .zip(actual)
        .take_while(|(left, right)| left == right)
        .count();
    let end = "(no more rows)";
    let _ = writeln!(text, "first difference, in line {} of the table:", same + 2);
    let _ = writeln!(text, "  table:  {}", expected.get(same).unwrap_or(&end));
    let _ = writeln!(
        text,
        "  protos: {}",
        actual.get(same).map_or(end, String::as_str)
    );

    let left: BTreeSet<&str> = expected.iter().copied().collect();
    let right: BTreeSet<&str> = actual.iter().map(String::as_str).collect();
    for (title, rows) in [("table", &left - &right), ("protos", &right - &left)] {
        let _ = writeln!(text, "{} rows only in the {title}", rows.len());
        for row in rows.iter().take(SHOWN) {
            let _ = writeln!(text, "  {row}");
        }
    }
    text
}
