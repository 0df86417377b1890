//! Fixtures with random edits: each is built or refused, and none makes the
//! generator panic. `HOSTILE_ROUNDS` asks for more of them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// A xorshift generator: the same edits on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// The proto files below a folder, by their names relative to it.
fn protos(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        if next.is_dir() {
            open.extend(next.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else if next.extension().is_some_and(|suffix| suffix == "proto") {
            let name = next.strip_prefix(folder).unwrap().to_owned();
            files.push((name, fs::read_to_string(&next).unwrap()));
        }
    }
    files.sort();
    files
}

/// Words, signs and spaces of a text, one by one.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.chars() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if word(c) && last.chars().all(word) => last.push(c),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

fn edit(text: &str, random: &mut Random) -> String {
    let mut tokens = tokens(text);
    for _ in 0..=random.below(3) {
        let (at, other) = (random.below(tokens.len()), random.below(tokens.len()));
        match random.below(5) {
            0 => drop(tokens.remove(at)),
            1 => tokens.insert(at, tokens[other].clone()),
            2 => tokens[at] = tokens[other].clone(),
            3 => tokens.swap(at, other),
            // Two names become one, everywhere.
            _ => {
                let (from, to) = (tokens[at].clone(), tokens[other].clone());
                if from.starts_with(char::is_alphabetic) && to.starts_with(char::is_alphabetic) {
                    tokens
                        .iter_mut()
                        .filter(|token| **token == from)
                        .for_each(|t| t.clone_from(&to));
                }
            }
        }
    }
    tokens.concat()
}

#[test]
fn no_edit_of_a_fixture_makes_the_generator_panic() {
    let rounds = std::env::var("HOSTILE_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut built, mut refused) = (0, 0);
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut fixtures: Vec<PathBuf> = fixtures
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    fixtures.sort();
    for fixture in fixtures {
        let files = protos(&fixture);
        for _ in 0..rounds.unwrap_or(20) {
            let folder = tempfile::tempdir().unwrap();
            let edited = random.below(files.len());
            for (index, (name, text)) in files.iter().enumerate() {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let text = if index == edited {
                    edit(text, &mut random)
                } else {
                    text.clone()
                };
                fs::write(path, text).unwrap();
            }
            let out = tempfile::tempdir().unwrap();
            match agent_codegen::generate(folder.path(), &[], "protos", out.path()) {
                Ok(()) => built += 1,
                Err(error @ agent_codegen::Error::Proto { .. }) => {
                    let place = error.to_string();
                    assert!(place.contains(".proto:"), "{place}");
                    refused += 1;
                }
                Err(error) => panic!("{}: {error}", fixture.display()),
            }
        }
    }
    assert!(
        built > 20 && refused > 20,
        "{built} built, {refused} refused: no good edits"
    );
}
