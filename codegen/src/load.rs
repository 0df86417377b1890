//! Proto files to checked descriptors, by `protox`, which nothing but this and the
//! checks knows. Imports are followed here, not by protox, so that a cycle is reported at the import
//! line that closes it and no chain of imports is too long for the stack.

mod places;
mod source;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use protobuf::Message as _;
use protobuf::descriptor::{FileDescriptorProto, FileDescriptorSet};
use protox::file::{File, FileResolver as _, GoogleFileResolver};
use protox::prost_reflect::DescriptorError;
use protox::prost_reflect::prost_types::FileDescriptorProto as Parsed;

use crate::adapt::{Public, adapt, restore};
use crate::checks::{self, Known, Mistake};
use crate::depth::{MAX_DEPTH, too_deep};
use crate::error::{Error, Place};
use crate::guard::caught;
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
            (Some(text), Some(location)) => places::span(file.name(), text, &location.span),
            _ => Place::file(file.name()),
        }
    }
}

/// Reads all roots of a folder and what they import.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, Error> {
    let mut loader = Loader {
        sources,
        google: GoogleFileResolver::new(),
        known: Known::default(),
        texts: BTreeMap::new(),
        public: Public::new(),
    };
    for root in sources.roots() {
        loader.load(root)?;
    }
    let bytes = loader.known.pool.encode_to_vec();
    let mut set = FileDescriptorSet::parse_from_bytes(&bytes)
        .map_err(|cause| Error::Structs(cause.to_string()))?;
    restore(&mut set.file, &loader.known.proto3);
    Ok(Loaded {
        files: set.file,
        roots: sources.roots().map(|root| root.name).collect(),
        texts: loader.texts,
    })
}

struct Loader<'a> {
    sources: &'a Sources,
    google: GoogleFileResolver,
    known: Known,
    texts: BTreeMap<String, String>,
    /// Has an entry for each file that is done.
    public: Public,
}

/// A file whose imports are being followed.
struct Pending {
    file: File,
    /// What the file declares, as it was written.
    descriptor: Parsed,
    next: usize,
    /// The files that its imports turned out to be.
    imports: Vec<String>,
}

impl Loader<'_> {
    fn load(&mut self, root: Source) -> Result<(), Error> {
        if self.public.contains_key(&root.name) {
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
            let here = places::import(&pending.file, index);
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
            if !self.public.contains_key(&name) {
                stack.push(match found {
                    Found::Source(source) => self.parse(source)?,
                    Found::BuiltIn(file) => {
                        let descriptor = file.file_descriptor_proto().clone();
                        Pending::new(*file, descriptor)
                    }
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
        let (file, descriptor) = match caught(|| source::parse(&name, &text)) {
            Some(parsed) => parsed.map_err(|error| places::syntax(&name, &text, &error))?,
            None => {
                return Err(Error::at(
                    places::unreadable(&name, &text),
                    "the parser cannot read this",
                ));
            }
        };
        self.texts.insert(name, text);
        Ok(Pending::new(file, descriptor))
    }

    fn add(&mut self, pending: Pending) -> Result<(), Error> {
        let Pending {
            descriptor,
            imports,
            ..
        } = pending;
        let file = &descriptor;
        let on_disk = self.texts.contains_key(file.name());
        if let Some(mistake) = checks::written(file).filter(|_| on_disk) {
            return Err(self.mistake(file, mistake));
        }
        let mut adapted = file.clone();
        adapt(&mut adapted, &imports, &mut self.public);
        if file.syntax() == "proto3" {
            self.known.proto3.insert(file.name().to_owned());
        }
        match caught(|| self.known.pool.add_file_descriptor_proto(adapted)) {
            Some(added) => added.map_err(|error| self.check(file, &error))?,
            None => {
                return Err(Error::at(
                    Place::file(file.name()),
                    "the parser cannot check this file",
                ));
            }
        }
        match checks::resolved(file, &self.known) {
            Some(mistake) if on_disk => Err(self.mistake(file, mistake)),
            _ => Ok(()),
        }
    }

    fn mistake(&self, file: &Parsed, mistake: Mistake) -> Error {
        let place = places::around(self.texts.get(file.name()), file, &mistake.path);
        Error::at(place, mistake.what)
    }

    /// A mistake that protox found in the meaning of a file. Where it cannot
    /// tell the place, that of the item around it is taken.
    fn check(&self, file: &Parsed, error: &DescriptorError) -> Error {
        let text = self.texts.get(file.name());
        let place = match (text, error.line(), error.column()) {
            (Some(text), Some(line), Some(column)) => Place::span(file.name(), text, line, column),
            _ => places::around(text, file, error.path().unwrap_or_default()),
        };
        let what = match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Error::at(place, what)
    }
}

impl Pending {
    fn new(file: File, descriptor: Parsed) -> Self {
        Pending {
            file,
            descriptor,
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
