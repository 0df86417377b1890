//! Proto files to checked descriptors: the only file that knows `protox`. Imports
//! are followed here, not by protox, so that a cycle is reported at the import
//! line that closes it and no chain of imports is too long for the stack.

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic as _;
use protobuf::Message as _;
use protobuf::descriptor::{FileDescriptorProto, FileDescriptorSet};
use protox::file::{File, FileResolver as _, GoogleFileResolver};
use protox::prost_reflect::prost_types::SourceCodeInfo;
use protox::prost_reflect::{DescriptorError, DescriptorPool};

use crate::checks;
use crate::depth::{MAX_DEPTH, too_deep};
use crate::error::{Error, Place};
use crate::guard::caught;
use crate::letter_case::{Disguise, disguise, reveal};
use crate::sources::{Source, Sources, fingerprint, shortenings};

/// All files of a folder, checked.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Each file after those that it imports; imports stand under the names that
    /// the files have here.
    pub files: Vec<FileDescriptorProto>,
    /// The files directly in the folder.
    pub roots: BTreeSet<String>,
    /// The texts of the files that were on disk.
    pub texts: BTreeMap<String, String>,
}

impl Loaded {
    /// A hash over everything that was read from disk.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.texts.iter().map(|(name, text)| (&**name, &**text)))
    }

    /// Where a descriptor stands: `path` as in `SourceCodeInfo`.
    pub fn place(&self, file: &FileDescriptorProto, path: &[i32]) -> Place {
        let locations = &file.source_code_info.get_or_default().location;
        let text = self.texts.get(file.name());
        match (
            text,
            locations.iter().find(|location| location.path == path),
        ) {
            (Some(text), Some(location)) => span(file.name(), text, &location.span),
            _ => Place::file(file.name()),
        }
    }
}

/// Reads all roots of a folder and what they import.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, Error> {
    let mut loader = Loader {
        sources,
        google: GoogleFileResolver::new(),
        pool: DescriptorPool::new(),
        texts: BTreeMap::new(),
        done: BTreeSet::new(),
        disguises: Vec::new(),
    };
    for root in sources.roots() {
        loader.load(root)?;
    }
    let bytes = loader.pool.encode_to_vec();
    let mut set = FileDescriptorSet::parse_from_bytes(&bytes)
        .map_err(|cause| Error::Structs(cause.to_string()))?;
    reveal(&mut set.file, loader.disguises);
    Ok(Loaded {
        files: set.file,
        roots: sources.roots().map(|root| root.name).collect(),
        texts: loader.texts,
    })
}

struct Loader<'a> {
    sources: &'a Sources,
    google: GoogleFileResolver,
    pool: DescriptorPool,
    texts: BTreeMap<String, String>,
    done: BTreeSet<String>,
    disguises: Vec<Disguise>,
}

/// A file whose imports are being followed.
struct Pending {
    file: File,
    next: usize,
    /// The files that its imports turned out to be.
    imports: Vec<String>,
}

impl Loader<'_> {
    fn load(&mut self, root: Source) -> Result<(), Error> {
        if self.done.contains(&root.name) {
            return Ok(());
        }
        let mut stack = vec![self.parse(root)?];
        while let Some(pending) = stack.last_mut() {
            let index = pending.next;
            let Some(import) = pending.file.file_descriptor_proto().dependency.get(index) else {
                if let Some(pending) = stack.pop() {
                    self.add(pending)?;
                }
                continue;
            };
            let import = import.clone();
            pending.next += 1;
            let here = import_place(&pending.file, index);
            let earlier = pending
                .file
                .file_descriptor_proto()
                .dependency
                .iter()
                .take(index);
            if earlier.into_iter().any(|other| *other == import) {
                let what = format!("\"{import}\" is imported twice");
                return Err(Error::at(here, what));
            }
            let Some(found) = self.resolve(&import)? else {
                let what = format!("import \"{import}\" is not found");
                return Err(Error::at(here, what));
            };
            let name = found.name().to_owned();
            pending.imports.push(name.clone());
            if let Some(start) = stack.iter().position(|open| open.file.name() == name) {
                let mut cycle: Vec<&str> = stack
                    .iter()
                    .skip(start)
                    .map(|open| open.file.name())
                    .collect();
                cycle.push(&name);
                let what = format!("the imports form a cycle: {}", cycle.join(" -> "));
                return Err(Error::at(here, what));
            }
            if !self.done.contains(&name) {
                stack.push(match found {
                    Found::Source(source) => self.parse(source)?,
                    Found::BuiltIn(file) => Pending::new(*file),
                });
            }
        }
        Ok(())
    }

    fn resolve(&self, import: &str) -> Result<Option<Found>, Error> {
        for path in shortenings(import) {
            if let Some(source) = self.sources.find(path)? {
                return Ok(Some(Found::Source(source)));
            }
            if let Ok(file) = self.google.open_file(path) {
                return Ok(Some(Found::BuiltIn(Box::new(file))));
            }
        }
        Ok(None)
    }

    fn parse(&mut self, source: Source) -> Result<Pending, Error> {
        let Source { name, text } = source;
        if let Some(offset) = too_deep(&text) {
            let what = format!("brackets are nested more than {MAX_DEPTH} deep");
            return Err(Error::at(Place::offset(&name, &text, offset), what));
        }
        let file = match caught(|| File::from_source(&name, &text)) {
            Some(parsed) => parsed.map_err(|error| syntax(&name, &text, &error))?,
            None => {
                return Err(Error::at(
                    unreadable(&name, &text),
                    "the parser cannot read this",
                ));
            }
        };
        self.texts.insert(name, text);
        Ok(Pending::new(file))
    }

    fn add(&mut self, pending: Pending) -> Result<(), Error> {
        let Pending { file, imports, .. } = pending;
        let name = file.name().to_owned();
        let mut descriptor = file.file_descriptor_proto().clone();
        // Two import paths may have turned out to be one file.
        let unique: Vec<String> = imports
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let renumber = |indices: &[i32]| -> Vec<i32> {
            let old = indices
                .iter()
                .filter_map(|index| imports.get(usize::try_from(*index).ok()?));
            let new = old.filter_map(|name| i32::try_from(unique.binary_search(name).ok()?).ok());
            new.collect::<BTreeSet<_>>().into_iter().collect()
        };
        descriptor.public_dependency = renumber(&descriptor.public_dependency);
        descriptor.weak_dependency = renumber(&descriptor.weak_dependency);
        descriptor.dependency = unique;
        let info = descriptor.source_code_info.clone().unwrap_or_default();
        if let Some(mistake) = checks::check(&descriptor) {
            return Err(Error::at(
                self.around(&name, &info, &mistake.path),
                mistake.what,
            ));
        }
        self.disguises.extend(disguise(&mut descriptor));
        match caught(|| self.pool.add_file_descriptor_proto(descriptor)) {
            Some(added) => added.map_err(|error| self.check(&name, &info, &error))?,
            None => {
                return Err(Error::at(
                    Place::file(&name),
                    "the parser cannot check this file",
                ));
            }
        }
        self.done.insert(name);
        Ok(())
    }

    /// A mistake that protox found in the meaning of a file. Where it cannot
    /// tell the place, that of the item around it is taken.
    fn check(&self, name: &str, info: &SourceCodeInfo, error: &DescriptorError) -> Error {
        let file = error.file().unwrap_or(name);
        let place = match (self.texts.get(file), error.line(), error.column()) {
            (Some(text), Some(line), Some(column)) => Place::span(file, text, line, column),
            _ => self.around(file, info, error.path().unwrap_or_default()),
        };
        Error::at(place, error.to_string())
    }

    /// The place of the innermost item around a path that has one.
    fn around(&self, file: &str, info: &SourceCodeInfo, path: &[i32]) -> Place {
        let around = info
            .location
            .iter()
            .filter(|around| path.starts_with(&around.path));
        let innermost = around.max_by_key(|around| around.path.len());
        match (self.texts.get(file), innermost) {
            (Some(text), Some(around)) => span(file, text, &around.span),
            _ => Place::file(file),
        }
    }
}

impl Pending {
    fn new(file: File) -> Self {
        Pending {
            file,
            next: 0,
            imports: Vec::new(),
        }
    }
}

/// What an import path stands for.
enum Found {
    Source(Source),
    BuiltIn(Box<File>),
}

impl Found {
    fn name(&self) -> &str {
        match self {
            Found::Source(source) => &source.name,
            Found::BuiltIn(file) => file.name(),
        }
    }
}

/// A mistake in a file's syntax. An error without a label is about the file's end.
fn syntax(name: &str, text: &str, error: &protox::Error) -> Error {
    let label = error.labels().and_then(|labels| labels.last());
    let offset = label.map_or(text.trim_end().len(), |label| label.offset());
    Error::at(Place::offset(name, text, offset), error.to_string())
}

/// Where protox panics: the end of the shortest beginning of the text on which it
/// does so.
fn unreadable(name: &str, text: &str) -> Place {
    let ends: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
    let reads = |end: &usize| {
        let beginning = text.get(..*end).unwrap_or(text);
        caught(|| File::from_source(name, beginning).is_ok()).is_some()
    };
    let end = ends.partition_point(reads);
    let last = end.checked_sub(1).and_then(|last| ends.get(last)).copied();
    Place::offset(name, text, last.unwrap_or(0))
}

fn import_place(file: &File, index: usize) -> Place {
    let (name, text) = (file.name(), file.source().unwrap_or_default());
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let locations = info.map_or(&[][..], |info| &info.location);
    let imports = |path: &[i32]| matches!(path, [3, found] if usize::try_from(*found) == Ok(index));
    match locations.iter().find(|location| imports(&location.path)) {
        Some(location) => span(name, text, &location.span),
        None => Place::file(name),
    }
}

fn span(file: &str, text: &str, span: &[i32]) -> Place {
    let number = |index: usize| {
        span.get(index)
            .and_then(|number| usize::try_from(*number).ok())
    };
    match (number(0), number(1)) {
        (Some(line), Some(column)) => Place::span(file, text, line, column),
        _ => Place::file(file),
    }
}
