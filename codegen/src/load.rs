//! Proto files to descriptors, by `protox`: it refuses what is wrong and keeps
//! the comments. Imports are followed here, so that each is found by the rules
//! of [`crate::sources`], and a cycle is told at the import line that closes it.

use std::collections::{BTreeMap, BTreeSet};

use miette::Diagnostic as _;
use protobuf::Message as _;
use protobuf::descriptor::{FileDescriptorProto, FileDescriptorSet};
use protox::file::{File, FileResolver as _, GoogleFileResolver};
use protox::prost_reflect::prost_types::FileDescriptorProto as Parsed;
use protox::prost_reflect::{DescriptorError, DescriptorPool};

use crate::depth::{MAX_DEPTH, too_deep};
use crate::descriptors::to_i32;
use crate::error::{Error, Place};
use crate::sources::{Source, Sources, fingerprint};

/// Field numbers of `descriptor.proto`, which make up a path to an item.
const FILE_IMPORT: i32 = 3;

/// All files of a folder, checked.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// Each file after those that it imports. What a file imports stands under
    /// the names that the files have here, public imports of imports included.
    pub files: Vec<FileDescriptorProto>,
    /// The files directly in the folder.
    pub roots: BTreeSet<String>,
    /// The texts of the files that were on disk.
    pub texts: BTreeMap<String, String>,
}

impl Loaded {
    /// A hash over everything that was read from disk.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(self.texts.iter().map(|(name, text)| (&**name, &**text)))
    }

    /// Where a descriptor, or what surrounds it, stands: `path` as in
    /// `SourceCodeInfo`.
    pub(crate) fn place(&self, file: &FileDescriptorProto, path: &[i32]) -> Place {
        let locations = &file.source_code_info.get_or_default().location;
        let spans = locations.iter().map(|at| (&at.path[..], &at.span[..]));
        innermost(file.name(), self.texts.get(file.name()), spans, path)
    }
}

/// Reads all files directly in a folder, and what they import.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, Error> {
    let mut loader = Loader {
        sources,
        google: GoogleFileResolver::new(),
        pool: DescriptorPool::new(),
        texts: BTreeMap::new(),
        visible: BTreeMap::new(),
        proto3: BTreeSet::new(),
    };
    for root in sources.roots() {
        loader.load(root)?;
    }
    let bytes = loader.pool.encode_to_vec();
    let mut set = FileDescriptorSet::parse_from_bytes(&bytes)
        .map_err(|cause| Error::Structs(cause.to_string()))?;
    for file in &mut set.file {
        if loader.proto3.contains(file.name()) {
            file.set_syntax("proto3".to_owned());
        }
    }
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
    /// For each file that is done: the files whose types whoever imports it
    /// sees, which are itself and its public imports, to any depth.
    visible: BTreeMap<String, BTreeSet<String>>,
    /// The names of the files that are proto3, whatever the pool was told.
    proto3: BTreeSet<String>,
}

/// A file whose imports are being followed.
struct Open {
    file: Parsed,
    /// The files that the imports so far turned out to be.
    imports: Vec<String>,
}

impl Loader<'_> {
    /// Loads a file and what it imports: a stack instead of recursion, so that no
    /// chain of imports is too long.
    fn load(&mut self, root: Source) -> Result<(), Error> {
        if self.visible.contains_key(&root.name) {
            return Ok(());
        }
        let mut stack = vec![self.parse(root)?];
        while let Some(top) = stack.last_mut() {
            let index = top.imports.len();
            let Some(import) = top.file.dependency.get(index).cloned() else {
                if let Some(done) = stack.pop() {
                    self.add(done)?;
                }
                continue;
            };
            let place = self.place(&top.file, &[FILE_IMPORT, to_i32(index)]);
            let source = self.sources.import(&import, &top.file.dependency)?;
            let name = source
                .as_ref()
                .map_or(&import, |source| &source.name)
                .clone();
            if top
                .file
                .dependency
                .iter()
                .take(index)
                .any(|other| *other == import)
            {
                return Err(Error::at(place, format!("\"{import}\" is imported twice")));
            }
            top.imports.push(name.clone());
            if let Some(start) = stack.iter().position(|open| open.file.name() == name) {
                let open = stack.iter().skip(start).map(|open| open.file.name());
                let cycle: Vec<&str> = open.chain([&name[..]]).collect();
                let what = format!("the imports form a cycle: {}", cycle.join(" -> "));
                return Err(Error::at(place, what));
            }
            if !self.visible.contains_key(&name) {
                stack.push(match (source, self.google.open_file(&name)) {
                    (Some(source), _) => self.parse(source)?,
                    (None, Ok(file)) => Open::new(file),
                    (None, Err(_)) => {
                        let what = format!(
                            "import \"{import}\" is not found; \
                             AGENT_CTL_PROTO_PATH names more folders to import from"
                        );
                        return Err(Error::at(place, what));
                    }
                });
            }
        }
        Ok(())
    }

    fn parse(&mut self, source: Source) -> Result<Open, Error> {
        let Source { name, text } = source;
        if let Some(offset) = too_deep(&text) {
            let what = format!("brackets are nested more than {MAX_DEPTH} deep");
            return Err(Error::at(Place::offset(&name, &text, offset), what));
        }
        let file = File::from_source(&name, &text).map_err(|error| syntax(&name, &text, &error))?;
        self.texts.insert(name, text);
        Ok(Open::new(file))
    }

    /// Adds a file, whose imports have been added, to the pool.
    fn add(&mut self, open: Open) -> Result<(), Error> {
        let Open { mut file, imports } = open;
        if file.syntax() == "proto3" {
            self.proto3.insert(file.name().to_owned());
        }
        // In proto3 the pool would refuse fields whose names differ in case or
        // underscores only, which are legal. It treats the two syntaxes alike
        // otherwise, but for the first value of an enum (see `model`).
        file.syntax = Some("proto2".to_owned());
        // It does not see public imports of public imports, so each file imports
        // all that it can see; and two import paths may be one file.
        let of = |name: &String| self.visible.get(name).cloned().unwrap_or_default();
        let public = file.public_dependency.iter();
        let public = public.filter_map(|index| imports.get(usize::try_from(*index).ok()?));
        let mut shown: BTreeSet<String> = public.flat_map(of).collect();
        shown.insert(file.name().to_owned());
        file.dependency = imports
            .iter()
            .flat_map(of)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        file.public_dependency.clear();
        file.weak_dependency.clear();
        let name = file.name().to_owned();
        self.pool
            .add_file_descriptor_proto(file.clone())
            .map_err(|error| self.meaning(&file, &error))?;
        self.visible.insert(name, shown);
        Ok(())
    }

    fn place(&self, file: &Parsed, path: &[i32]) -> Place {
        let info = file.source_code_info.as_ref();
        let locations = info.map_or(&[][..], |info| &info.location);
        let spans = locations.iter().map(|at| (&at.path[..], &at.span[..]));
        innermost(file.name(), self.texts.get(file.name()), spans, path)
    }

    /// A mistake in the meaning of a file. Where protox cannot tell the place,
    /// that of the item around it is taken.
    fn meaning(&self, file: &Parsed, error: &DescriptorError) -> Error {
        let place = self.place(file, error.path().unwrap_or_default());
        let what = match std::error::Error::source(error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Error::at(place, with_help(what, error))
    }
}

impl Open {
    fn new(file: File) -> Self {
        Open {
            file: file.into(),
            imports: Vec::new(),
        }
    }
}

/// A mistake in a file's syntax. An error without a label is about the file's end.
fn syntax(name: &str, text: &str, error: &protox::Error) -> Error {
    let label = error.labels().and_then(|labels| labels.last());
    let offset = label.map_or(text.trim_end().len(), |label| label.offset());
    let what = with_help(error.to_string(), error);
    Error::at(Place::offset(name, text, offset), what)
}

/// What is wrong, and what protox says would be right.
fn with_help(what: String, error: &dyn miette::Diagnostic) -> String {
    match error.help() {
        Some(help) => format!("{what}; {help}"),
        None => what,
    }
}

/// The place of the innermost item around a path that has one; the file as a
/// whole if it was not on disk. `spans` are the items of `SourceCodeInfo`.
fn innermost<'a>(
    file: &str,
    text: Option<&String>,
    spans: impl Iterator<Item = (&'a [i32], &'a [i32])>,
    path: &[i32],
) -> Place {
    let around = spans.filter(|(around, _)| path.starts_with(around));
    let span = around
        .max_by_key(|(around, _)| around.len())
        .map(|(_, span)| span);
    match (text, span) {
        (Some(text), Some(&[line, column, ..])) => {
            let number = |number: i32| usize::try_from(number).unwrap_or(0);
            Place::span(file, text, number(line), number(column))
        }
        _ => Place::file(file),
    }
}
