//! One folder of protos per feature, and the table that is made from it, byte
//! for byte. `UPDATE_GOLDEN=1` writes the tables down. That they compile and
//! work is tested in `tests/compile`.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use std::fs;
use std::path::Path;

#[test]
fn every_fixture_gives_its_table() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(fixtures).unwrap() {
        let folder = entry.unwrap().path();
        let out = tempfile::tempdir().unwrap();
        if let Err(error) = agent_codegen::generate(&folder, "protos", out.path()) {
            wrong.push(format!("{}: {error}", folder.display()));
            continue;
        }
        let table = fs::read_to_string(out.path().join("table.rs")).unwrap();
        let golden = folder.join("table.rs");
        if update {
            fs::write(&golden, &table).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != table {
            wrong.push(format!("{}: not what is generated now", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
