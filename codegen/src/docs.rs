//! Doc comments of a proto file, by the place they belong to, without their
//! comment marks. Comments set apart by a blank line belong to nothing.

use std::collections::HashMap;

use protobuf::descriptor::FileDescriptorProto;

/// The doc comments of one file.
#[derive(Debug)]
pub(crate) struct Docs<'a> {
    comments: HashMap<&'a [i32], &'a str>,
}

impl<'a> Docs<'a> {
    /// Picks each item's comment: the one before it, else the one after it.
    pub fn new(file: &'a FileDescriptorProto) -> Self {
        let mut comments = HashMap::new();
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
    pub fn at(&self, path: &[i32]) -> String {
        self.comments
            .get(path)
            .map(|comment| clean(comment))
            .unwrap_or_default()
    }
}

/// Drops the indentation that all lines share, and blank lines around the text.
fn clean(comment: &str) -> String {
    let lines = || comment.lines().map(str::trim_end);
    let indent = |line: &str| line.len() - line.trim_start().len();
    // The first line stands right after the comment mark, the others need not
    // line up with it.
    let shared = |lines: &mut dyn Iterator<Item = &str>| {
        lines
            .filter(|line| !line.is_empty())
            .map(indent)
            .min()
            .unwrap_or(0)
    };
    let first = shared(&mut lines().take(1));
    let others = shared(&mut lines().skip(1));
    let cut = |(number, line): (usize, &'_ str)| -> String {
        let indent = if number == 0 { first } else { others };
        line.get(indent..).unwrap_or_default().to_owned()
    };
    let text: Vec<String> = lines().enumerate().map(cut).collect();
    text.join("\n").trim_matches('\n').to_owned()
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
    }
}
