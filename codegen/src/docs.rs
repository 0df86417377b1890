//! Doc comments of a proto file, by the place they belong to, without their
//! comment marks. Comments set apart by a blank line belong to nothing.

use std::collections::BTreeMap;

use protobuf::descriptor::source_code_info::Location;
use protobuf::descriptor::{FileDescriptorProto, SourceCodeInfo};

/// The doc comments of one file.
#[derive(Debug)]
pub(crate) struct Docs<'a> {
    comments: BTreeMap<&'a [i32], &'a str>,
}

impl<'a> Docs<'a> {
    /// Picks each item's comment: the one before it, else the one after it.
    pub(crate) fn new(file: &'a FileDescriptorProto) -> Self {
        let mut comments = BTreeMap::new();
        let locations = file.source_code_info.as_ref();
        for location in locations.map_or(&[][..], |info| &info.location) {
            let both = [location.leading_comments(), location.trailing_comments()];
            if let Some(comment) = both.into_iter().find(|comment| !comment.trim().is_empty()) {
                comments.entry(&location.path[..]).or_insert(comment);
            }
        }
        Docs { comments }
    }

    /// The comment at a path as in `SourceCodeInfo`, or an empty text.
    pub(crate) fn at(&self, path: &[i32]) -> String {
        self.comments
            .get(path)
            .map(|comment| clean(comment))
            .unwrap_or_default()
    }
}

/// The doc comments of a file for the struct generator, which makes Rust's of them.
/// Those with code in them are left out: `cargo test` would run it.
pub(crate) fn comments(file: &FileDescriptorProto) -> SourceCodeInfo {
    let docs = Docs::new(file);
    let mut info = SourceCodeInfo::new();
    for path in docs.comments.keys() {
        let doc = docs.at(path);
        if !doc.contains("```") {
            let mut location = Location::new();
            location.path = path.to_vec();
            location.set_leading_comments(doc);
            info.location.push(location);
        }
    }
    info
}

/// Drops the indentation that all lines share, blank lines around the text, and
/// what is left of the longer marks `///` and `/**`.
fn clean(comment: &str) -> String {
    let mut lines: Vec<&str> = comment.lines().map(str::trim_end).collect();
    let blank_or = |mark: char| move |line: &&str| line.is_empty() || line.starts_with(mark);
    if lines.iter().all(blank_or('/')) {
        lines
            .iter_mut()
            .for_each(|line| *line = line.strip_prefix('/').unwrap_or(line));
    }
    // The first line stands right after the mark; the others need not line up
    // with it.
    if let Some((first, others)) = lines.split_first_mut() {
        *first = first.trim_start_matches('*').trim_start();
        let indent = |line: &&str| line.len() - line.trim_start().len();
        let shared = others
            .iter()
            .filter(|line| !line.is_empty())
            .map(indent)
            .min();
        for line in others {
            *line = line.get(shared.unwrap_or(0)..).unwrap_or_default();
        }
    }
    lines.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_comment_loses_its_marks_but_not_its_shape() {
        assert_eq!(clean(" one\n two\n"), "one\ntwo");
        assert_eq!(clean("\n one\n\n   two  \n"), "one\n\n  two");
        assert_eq!(clean(" one\n   two\n   three\n"), "one\ntwo\nthree");
        assert_eq!(clean(" \n\n"), "");
        assert_eq!(clean("/ one\n/\n/ two\n/   three"), "one\n\ntwo\n  three");
        assert_eq!(clean("* one\n two "), "one\ntwo");
        assert_eq!(clean(" a/b\n/ c"), "a/b\n/ c");
    }
}
