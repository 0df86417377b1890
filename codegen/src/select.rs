//! Which types become part of the build: all of the roots and of other proto3
//! files; of imported proto2 files (which mostly declare options) those that
//! something else needs. A type at a file's top level counts with all that is
//! nested in it.

use std::collections::{BTreeMap, BTreeSet};

use protobuf::descriptor::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::descriptors::top_level;
use crate::load::Loaded;

/// The chosen types at the top level of their files, as `.package.Name`.
#[derive(Debug)]
pub(crate) struct Selected {
    names: BTreeSet<String>,
}

impl Selected {
    /// Follows all references from what is needed anyway.
    pub(crate) fn new(loaded: &Loaded) -> Self {
        let index = Index::new(loaded);
        let mut names = BTreeSet::new();
        let mut open = needed(loaded);
        while let Some(name) = open.pop() {
            let Some((top, message)) = index.types.get(&name) else {
                continue;
            };
            if names.insert(top.clone()) {
                open.extend(message.iter().flat_map(|message| references(message)));
            }
        }
        Selected { names }
    }

    /// Whether a file's message is part of the build.
    pub(crate) fn message(&self, file: &FileDescriptorProto, message: &DescriptorProto) -> bool {
        self.names.contains(&top_level(file, message.name()))
    }

    /// Whether a file's enum is part of the build.
    pub(crate) fn enumeration(
        &self,
        file: &FileDescriptorProto,
        enumeration: &EnumDescriptorProto,
    ) -> bool {
        self.names.contains(&top_level(file, enumeration.name()))
    }
}

fn needed(loaded: &Loaded) -> Vec<String> {
    let mut names = Vec::new();
    for file in &loaded.files {
        if file.syntax() == "proto3" || loaded.roots.contains(file.name()) {
            names.extend(
                file.message_type
                    .iter()
                    .map(|message| top_level(file, message.name())),
            );
            names.extend(
                file.enum_type
                    .iter()
                    .map(|enumeration| top_level(file, enumeration.name())),
            );
        }
        for rpc in file.service.iter().flat_map(|service| &service.method) {
            names.extend([rpc.input_type().to_owned(), rpc.output_type().to_owned()]);
        }
    }
    names
}

/// Each type by its name: the top-level type it is in, and if that is a message,
/// which.
#[derive(Default)]
struct Index<'a> {
    types: BTreeMap<String, (String, Option<&'a DescriptorProto>)>,
}

impl<'a> Index<'a> {
    fn new(loaded: &'a Loaded) -> Self {
        let mut index = Index::default();
        for file in &loaded.files {
            for message in &file.message_type {
                let name = top_level(file, message.name());
                index.add(&name, &name, message, message);
            }
            for enumeration in &file.enum_type {
                let name = top_level(file, enumeration.name());
                index.types.insert(name.clone(), (name, None));
            }
        }
        index
    }

    fn add(
        &mut self,
        name: &str,
        top: &str,
        message: &DescriptorProto,
        whole: &'a DescriptorProto,
    ) {
        self.types
            .insert(name.to_owned(), (top.to_owned(), Some(whole)));
        for enumeration in &message.enum_type {
            let name = format!("{name}.{}", enumeration.name());
            self.types.insert(name, (top.to_owned(), Some(whole)));
        }
        for nested in &message.nested_type {
            self.add(&format!("{name}.{}", nested.name()), top, nested, whole);
        }
    }
}

fn references(message: &DescriptorProto) -> Vec<String> {
    let fields = message
        .field
        .iter()
        .map(|field| field.type_name().to_owned());
    let nested = message.nested_type.iter().flat_map(references);
    fields
        .chain(nested)
        .filter(|name| !name.is_empty())
        .collect()
}
