//! Files by the beginning of their path, as a word of a command spells it.

use std::fs;
use std::path::Path;

use super::{Candidate, Found};
use agent_text::escape::is_unprintable;

/// The files and folders whose path begins with `typed`, which may have
/// backslashes in it. Names that could not be typed are left out.
pub(super) fn complete(typed: &str) -> Found {
    let none = (typed.len(), Vec::new());
    if typed.contains(['\'', '"']) {
        return none;
    }
    let last = typed.rfind('/').map_or(0, |slash| slash + 1);
    let (Some(folder), Some(begin)) = (typed.get(..last), typed.get(last..)) else {
        return none;
    };
    let (folder, begin) = (unescaped(folder), unescaped(begin));
    let Some(entries) = entries(&folder, &begin) else {
        return none;
    };
    let candidate = |(name, is_folder): (String, bool)| {
        let name = escaped(&name);
        match is_folder {
            true => Candidate::open(format!("{name}/"), "folder"),
            false => Candidate::last(name, "file"),
        }
    };
    (last, entries.into_iter().map(candidate).collect())
}

/// The names in a folder that begin with `begin`, sorted, each with whether it
/// is a folder; `None` where the folder cannot be read. Hidden ones only where
/// the dot is there.
pub fn entries(folder: &str, begin: &str) -> Option<Vec<(String, bool)>> {
    let place = if folder.is_empty() { "." } else { folder };
    let mut names: Vec<String> = fs::read_dir(place)
        .ok()?
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let hidden = name.starts_with('.') && !begin.starts_with('.');
            let wanted = !hidden && name.starts_with(begin) && !name.chars().any(is_unprintable);
            wanted.then_some(name)
        })
        .collect();
    names.sort_unstable();
    // A link to a folder leads on as a folder does.
    let is_folder = |name: &str| {
        let file = fs::metadata(Path::new(place).join(name));
        file.is_ok_and(|file| file.is_dir())
    };
    let entries = names.into_iter().map(|name| {
        let is_folder = is_folder(&name);
        (name, is_folder)
    });
    Some(entries.collect())
}

/// The text that backslashes spell.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

/// A name as a word of a command spells it.
fn escaped(name: &str) -> String {
    let mut word = String::new();
    for character in name.chars() {
        if character.is_whitespace() || matches!(character, '\'' | '"' | '\\') {
            word.push('\\');
        }
        word.push(character);
    }
    word
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a b", "ab", ".hidden", "x'y", "bell\u{7}"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("among")).unwrap();
        let root = format!("{}/", folder.path().display());
        let found = |typed: &str| {
            let (offset, found) = complete(&format!("{root}{typed}"));
            assert_eq!(offset, root.len());
            let texts = found.into_iter().map(|it| (it.text, it.continues));
            texts.collect::<Vec<_>>()
        };
        let row = |text: &str, continues| (text.to_owned(), continues);
        assert_eq!(
            found("a"),
            [row("a\\ b", false), row("ab", false), row("among/", true)]
        );
        assert_eq!(found("a\\ "), [row("a\\ b", false)]);
        assert_eq!(found("."), [row(".hidden", false)]);
        assert_eq!(found("x"), [row("x\\'y", false)]);
        assert_eq!(found("").len(), 4);
        assert_eq!(complete("/no/such/folder/x"), (17, Vec::new()));
    }
}
