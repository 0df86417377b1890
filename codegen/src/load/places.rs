//! Where mistakes are: from what protox, descriptors and texts tell to a line and
//! a column.

use miette::Diagnostic as _;
use protox::file::File;
use protox::prost_reflect::prost_types::FileDescriptorProto;

use super::wording;
use crate::checks::map_field;
use crate::error::{Error, Place};
use crate::guard::caught;

/// A mistake in a file's syntax. An error without a label is about the file's end.
pub(super) fn syntax(name: &str, text: &str, error: &protox::Error) -> Error {
    let label = error.labels().and_then(|labels| labels.last());
    let offset = label.map_or(text.trim_end().len(), |label| label.offset());
    let what = wording::syntax(text, offset, error);
    Error::at(Place::offset(name, text, offset), what)
}

/// Where protox panics: the end of the shortest beginning of the text on which it
/// does so.
pub(super) fn unreadable(name: &str, text: &str) -> Place {
    let ends: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
    let reads = |end: &usize| {
        let beginning = text.get(..*end).unwrap_or(text);
        caught(|| File::from_source(name, beginning).is_ok()).is_some()
    };
    let end = ends.partition_point(reads);
    let last = end.checked_sub(1).and_then(|last| ends.get(last)).copied();
    Place::offset(name, text, last.unwrap_or(0))
}

/// The place of the innermost item around a path that has one. `text` is that of
/// the file, if it was on disk.
pub(super) fn around(text: Option<&String>, file: &FileDescriptorProto, path: &[i32]) -> Place {
    let field = map_field(file, path);
    let path = field.as_deref().unwrap_or(path);
    let info = file.source_code_info.as_ref();
    let locations = info.map_or(&[][..], |info| &info.location);
    let around = locations
        .iter()
        .filter(|around| path.starts_with(&around.path));
    let innermost = around.max_by_key(|around| around.path.len());
    match (text, innermost) {
        (Some(text), Some(around)) => span(file.name(), text, &around.span),
        _ => Place::file(file.name()),
    }
}

/// The place of a file's import.
pub(super) fn import(file: &File, index: usize) -> Place {
    let (name, text) = (file.name(), file.source().unwrap_or_default());
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.map_or(&[][..], |info| &info.location);
    let imports = |path: &[i32]| matches!(path, [3, found] if usize::try_from(*found) == Ok(index));
    match locations.iter().find(|location| imports(&location.path)) {
        Some(location) => span(name, text, &location.span),
        None => Place::file(name),
    }
}

/// The place of a span as in `SourceCodeInfo`.
pub(super) fn span(file: &str, text: &str, span: &[i32]) -> Place {
    let number = |index: usize| {
        span.get(index)
            .and_then(|number| usize::try_from(*number).ok())
    };
    match (number(0), number(1)) {
        (Some(line), Some(column)) => Place::span(file, text, line, column),
        _ => Place::file(file),
    }
}
