//! What the fuzzers begin with and what they have found, once more.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use properties::{TARGETS, Target};

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz")
        .join(kind)
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = match folder.read_dir() {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => Vec::new(),
    };
    entries.sort();
    entries
}

/// The name of each input on its way, so that a failure names it.
fn replay(target: &Target) -> usize {
    let inputs = ["corpus", "found"].map(|kind| entries(&folder(kind).join(target.name)));
    for path in inputs.iter().flatten() {
        println!("{}", path.display());
        (target.run)(&fs::read(path).unwrap());
    }
    inputs[0].len()
}

macro_rules! replayed {
    ($($target:ident),*) => {
        $(
            #[test]
            fn $target() {
                let name = stringify!($target);
                let target = TARGETS.iter().find(|target| target.name == name).unwrap();
                assert!(replay(target) > 5, "no inputs for {name}");
            }
        )*

        const REPLAYED: &[&str] = &[$(stringify!($target)),*];
    };
}

replayed!(
    address, command, document, faults, frames, oci, policy, print, proto, setter
);

#[test]
fn every_target_has_its_fuzzer_and_no_folder_is_left_over() {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(REPLAYED, names);
    let stems = |folder: PathBuf| -> Vec<String> {
        let entries = entries(&folder).into_iter();
        let stems = entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
        stems.collect()
    };
    assert_eq!(stems(folder("fuzz_targets")), names);
    assert_eq!(stems(folder("corpus")), names);
    assert!(
        stems(folder("found"))
            .iter()
            .all(|name| names.contains(&&**name))
    );
}
