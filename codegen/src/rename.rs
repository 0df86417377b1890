//! Descriptors as the struct generator gets them. The wire form knows numbers
//! only, so the structs' names are ours to choose: every file becomes a package
//! of its own with a name that no other file has, and what would be illegal or
//! equal in Rust is renamed ([`crate::naming`] says how). Options, extensions,
//! services and comments are left out.

mod strip;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use protobuf::descriptor::FileDescriptorProto;

use crate::load::Loaded;
use crate::naming::{Scope, Space, file_module, ident, variations};
use crate::select::Selected;
use types::Renamer;

/// What the structs are called.
#[derive(Debug, Default)]
pub(crate) struct Renamed {
    /// Input of the struct generator.
    pub files: Vec<FileDescriptorProto>,
    /// The module of each file in `files`.
    pub modules: Vec<String>,
    /// Rust names by proto name (`.package.Outer.Inner`).
    pub types: BTreeMap<String, RustType>,
}

/// Rust names of a message or an enum.
#[derive(Debug)]
pub(crate) struct RustType {
    /// Path from the module that holds all files' modules.
    pub path: String,
    /// A message's fields, in the order of declaration.
    pub fields: Vec<Access>,
}

/// Where a field's value is in its struct.
#[derive(Debug)]
pub(crate) enum Access {
    /// In a field of its own.
    Field(String),
    /// In a variant of an enum within an `Option`.
    Oneof {
        /// The struct's field.
        field: String,
        /// Path of the variant, from where [`RustType::path`] begins.
        variant: String,
    },
}

/// Chooses all names.
pub(crate) fn rename(loaded: &Loaded, selected: &Selected) -> Renamed {
    let mut files: Vec<FileDescriptorProto> = Vec::new();
    for file in &loaded.files {
        let messages = file
            .message_type
            .iter()
            .filter(|message| selected.message(file, message));
        let enums = file
            .enum_type
            .iter()
            .filter(|item| selected.enumeration(file, item));
        let mut kept = FileDescriptorProto::new();
        kept.name.clone_from(&file.name);
        kept.package.clone_from(&file.package);
        kept.syntax.clone_from(&file.syntax);
        kept.message_type = messages.cloned().collect();
        kept.enum_type = enums.cloned().collect();
        if !kept.message_type.is_empty() || !kept.enum_type.is_empty() {
            files.push(kept);
        }
    }
    // Roots choose their module's name first.
    files.sort_by_key(|file| !loaded.roots.contains(file.name()));

    let modules = file_modules(&files);
    let mut renamer = Renamer::default();
    for (file, module) in files.iter_mut().zip(&modules) {
        renamer.file(file, module);
    }
    for (file, module) in files.iter_mut().zip(&modules) {
        let mut references = BTreeSet::new();
        for message in &mut file.message_type {
            renamer.refer(message, &mut references);
        }
        references.remove(module);
        file.dependency = references
            .iter()
            .map(|module| format!("{module}.proto"))
            .collect();
    }
    let Renamer { types, .. } = renamer;
    Renamed {
        files,
        modules,
        types,
    }
}

/// A module for each file: its base name, its whole path where that is taken.
fn file_modules(files: &[FileDescriptorProto]) -> Vec<String> {
    let mut scope = Scope::default();
    let mut modules = Vec::new();
    for file in files {
        let path = file_module(file.name());
        let base = file_module(file.name().rsplit('/').next().unwrap_or_default());
        let mut names = [base, path.clone()].into_iter().chain(variations(&path));
        // Modules are files too, and not every file system tells cases apart.
        let free = |name: &String| {
            ident(name) == *name && scope.claim(vec![(Space::Type, name.to_ascii_lowercase())])
        };
        modules.extend(names.find(free));
    }
    modules
}
