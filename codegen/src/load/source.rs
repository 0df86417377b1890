//! One file's text to its descriptor. Of the names that `reserved` has, the parser
//! takes those only that begin with a letter; `protoc` takes all. So the others go
//! through it as names of the same length, and have their own again afterwards.

use std::collections::BTreeMap;

use miette::Diagnostic as _;
use protox::file::File;
use protox::prost_reflect::prost_types::FileDescriptorProto;

use crate::checks::reserved_names;

/// How many names a file can have exchanged: the parser runs once for each.
const MAX_NAMES: usize = 100;

/// A parsed file, and its descriptor with the names as they were written.
pub(super) fn parse(name: &str, text: &str) -> Result<(File, FileDescriptorProto), protox::Error> {
    let mut text = text.to_owned();
    let mut names = BTreeMap::new();
    loop {
        let error = match File::from_source(name, &text) {
            Ok(file) => {
                let mut descriptor = file.file_descriptor_proto().clone();
                restore(&mut descriptor, &text, &names);
                return Ok((file, descriptor));
            }
            Err(error) => error,
        };
        let refused = refused(&text, &error).filter(|_| names.len() < MAX_NAMES);
        let Some((start, name)) = refused.map(|(start, name)| (start, name.to_owned())) else {
            return Err(error);
        };
        text.replace_range(start..start + name.len(), &"x".repeat(name.len()));
        names.insert(start, name);
    }
}

/// The name that an error is about, if another can stand in for it, and its offset.
fn refused<'a>(text: &'a str, error: &protox::Error) -> Option<(usize, &'a str)> {
    if error.to_string() != "invalid identifier" {
        return None;
    }
    let quote = error.labels()?.next()?.offset();
    let mark = text.get(quote..)?.chars().next()?;
    let start = quote + 1;
    let rest = text.get(start..).filter(|_| matches!(mark, '"' | '\''))?;
    let name = rest.split(mark).next()?;
    let plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic() && byte != b'\\';
    (!name.is_empty() && name.bytes().all(plain)).then_some((start, name))
}

/// Puts the names back where their text is.
fn restore(file: &mut FileDescriptorProto, text: &str, names: &BTreeMap<usize, String>) {
    if names.is_empty() {
        return;
    }
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let starts: Vec<usize> = starts.collect();
    let info = file.source_code_info.clone().unwrap_or_default();
    for location in info.location {
        let &[line, column, ..] = &location.span[..] else {
            continue;
        };
        let (line, column) = (usize::try_from(line), usize::try_from(column));
        let start = line.ok().and_then(|line| starts.get(line));
        let quote = start.zip(column.ok()).map(|(start, column)| start + column);
        let name = quote.and_then(|quote| names.get(&(quote + 1)));
        if let Some((name, list)) = name.zip(reserved_names(file, &location.path)) {
            let index = location.path.last().copied().unwrap_or_default();
            let place = usize::try_from(index).ok();
            if let Some(place) = place.and_then(|index| list.get_mut(index)) {
                place.clone_from(name);
            }
        }
    }
}
