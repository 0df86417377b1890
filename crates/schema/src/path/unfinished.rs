//! A path that is still being typed: where its last part begins, and how far
//! that part has come. Whether such fields exist is not asked here.

use super::{json_string, key_end};

/// The last part of a path that ends at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished<'a> {
    /// Where the part begins, in bytes; a dot stands before it unless it is the first.
    pub start: usize,
    /// The field's name as far as it is typed.
    pub name: &'a str,
    /// What follows the name, if it has come that far.
    pub brackets: Brackets<'a>,
}

/// The brackets after a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brackets<'a> {
    /// None yet.
    None,
    /// An index or key that is still being typed.
    Open(&'a str),
    /// Closed ones, and nothing after them.
    Closed,
}

/// Finds the last part of the path that all of `text` is. `None` when the text
/// cannot become a path.
pub fn unfinished(text: &str) -> Option<Unfinished<'_>> {
    let mut start = 0;
    loop {
        let rest = text.get(start..)?;
        let end = rest.find(['.', '[', ']', '=']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end)?;
        let found = |brackets| {
            Some(Unfinished {
                start,
                name,
                brackets,
            })
        };
        if after.is_empty() {
            return found(Brackets::None);
        }
        if name.is_empty() {
            return None;
        }
        let mut at = end;
        if let Some(inner) = after.strip_prefix('[') {
            match key_end(after) {
                Some(length) => at += length,
                // A quoted key that is closed lacks its bracket only.
                None if inner.starts_with('"') && json_string(inner).is_none() => return None,
                None => return found(Brackets::Open(inner)),
            }
        }
        match rest.get(at..)?.chars().next() {
            None => return found(Brackets::Closed),
            Some('.') => start += at + 1,
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_is_found() {
        for (text, start, name, brackets) in [
            ("", 0, "", Brackets::None),
            ("sto", 0, "sto", Brackets::None),
            ("OCI.Pro", 4, "Pro", Brackets::None),
            ("a.b.", 4, "", Brackets::None),
            ("storages[", 0, "storages", Brackets::Open("")),
            ("storages[1", 0, "storages", Brackets::Open("1")),
            ("storages[1]", 0, "storages", Brackets::Closed),
            ("storages[1].dr", 12, "dr", Brackets::None),
            ("m[a.b].c", 7, "c", Brackets::None),
            (r#"m["a]\".b"].c"#, 12, "c", Brackets::None),
            ("m[a.b", 0, "m", Brackets::Open("a.b")),
            (r#"m["a""#, 0, "m", Brackets::Open(r#""a""#)),
        ] {
            let expected = Unfinished {
                start,
                name,
                brackets,
            };
            assert_eq!(unfinished(text), Some(expected), "{text}");
        }
        for text in [".a", "a..b", "a]", "a=b", "a[0]b", "[0]", r#"m["a"#] {
            assert_eq!(unfinished(text), None, "{text}");
        }
    }
}
