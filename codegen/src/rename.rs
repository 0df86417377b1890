//! Descriptors as the struct generator gets them. The wire form knows numbers
//! only, so the structs' names are ours to choose: every file becomes a package
//! of its own with a name that no other file has, and what would be illegal or
//! equal in Rust is renamed ([`crate::naming`] says how). Options, extensions and
//! services are left out.

use std::collections::{BTreeMap, BTreeSet};

use protobuf::MessageField;
use protobuf::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, MessageOptions,
    field_descriptor_proto::{Label, Type},
};

use crate::descriptors::{is_map_entry, member_of, package, real_oneofs};
use crate::docs;
use crate::load::Loaded;
use crate::naming::{
    METHODS, Scope, Space, assign, file_module, ident, member_methods, module_ident, type_ident,
    variant_ident, variations,
};
use crate::select::Selected;

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
#[derive(Debug, Clone)]
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
        // Comments go by the index of what they are about.
        if kept.message_type.len() == file.message_type.len()
            && kept.enum_type.len() == file.enum_type.len()
        {
            kept.source_code_info = MessageField::some(docs::comments(file));
        }
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

/// New names for the messages and enums of one file after the other, and for
/// all that is in them.
#[derive(Default)]
struct Renamer {
    types: BTreeMap<String, RustType>,
    /// Old names to new ones, as descriptors refer to types, and the module.
    names: BTreeMap<String, (String, String)>,
}

impl Renamer {
    fn file(&mut self, file: &mut FileDescriptorProto, module: &str) {
        let here = Here {
            old: package(file),
            new: format!(".{module}"),
            path: module.to_owned(),
            module: module.to_owned(),
        };
        file.set_name(format!("{module}.proto"));
        file.set_package(module.to_owned());
        let mut scope = Scope::default();
        self.types(
            &mut file.message_type,
            &mut file.enum_type,
            &mut scope,
            &here,
        );
    }

    /// Renames the types of one module, and everything in them.
    fn types(
        &mut self,
        messages: &mut [DescriptorProto],
        enums: &mut [EnumDescriptorProto],
        scope: &mut Scope,
        here: &Here,
    ) {
        // A map's entry has no struct, and keeps its name.
        let entries = messages.iter().filter(|message| is_map_entry(message));
        for name in entries
            .map(|entry| type_ident(entry.name()))
            .collect::<Vec<_>>()
        {
            scope.claim(vec![(Space::Type, name)]);
        }
        let has_module: Vec<bool> = messages.iter().map(has_module).collect();
        let names: Vec<String> = messages
            .iter()
            .map(|message| message.name().to_owned())
            .chain(
                enums
                    .iter()
                    .map(|enumeration| enumeration.name().to_owned()),
            )
            .collect();
        let entry: Vec<bool> = messages.iter().map(is_map_entry).collect();
        let is = |flags: &[bool], index: usize| flags.get(index).copied().unwrap_or(false);
        let settled = assign(&names, |index, name| {
            let mut identifiers = vec![(Space::Type, type_ident(name))];
            if is(&has_module, index) {
                identifiers.push((Space::Type, module_ident(name)));
            }
            is(&entry, index) || scope.claim(identifiers)
        });
        let (message_names, enum_names) = settled.split_at(messages.len());
        for (message, name) in messages.iter_mut().zip(message_names) {
            let inner = here.within(message.name(), name);
            message.set_name(name.clone());
            self.message(
                message,
                &inner,
                format!("{}::{}", here.path, type_ident(name)),
            );
        }
        for (enumeration, name) in enums.iter_mut().zip(enum_names) {
            let inner = here.within(enumeration.name(), name);
            enumeration.set_name(name.clone());
            enumeration_values(enumeration);
            self.settle(&inner);
            let ty = RustType {
                path: format!("{}::{}", here.path, type_ident(name)),
                fields: Vec::new(),
            };
            self.types.insert(inner.old, ty);
        }
    }

    fn message(&mut self, message: &mut DescriptorProto, here: &Here, path: String) {
        let mut scope = Scope::default();
        scope.claim(vec![(Space::Field, "special_fields".to_owned())]);
        scope.claim(
            METHODS
                .iter()
                .map(|name| (Space::Method, (*name).to_owned()))
                .collect(),
        );
        let real = real_oneofs(message);
        let members = message.field.iter().map(member_of);
        let members: Vec<Option<i32>> = members.collect();
        let fields = message.field.iter().map(|field| field.name().to_owned());
        let oneofs = message
            .oneof_decl
            .iter()
            .take(real)
            .map(|oneof| oneof.name().to_owned());
        let names: Vec<String> = fields.chain(oneofs).collect();
        let settled = assign(&names, |index, name| {
            let field = (Space::Field, ident(name));
            let descriptor = (Space::Descriptor, format!("f{name}"));
            let methods = || member_methods(name).map(|method| (Space::Method, method));
            scope.claim(match members.get(index) {
                None => vec![field, (Space::Type, type_ident(name))],
                Some(None) => vec![field, descriptor],
                Some(Some(oneof)) => {
                    let variant = (Space::Variant(*oneof), variant_ident(name));
                    methods().chain([descriptor, variant]).collect()
                }
            })
        });
        let (fields, oneofs) = settled.split_at(message.field.len());
        let access = |(field, member): (&String, &Option<i32>)| {
            let oneof = member.and_then(|index| oneofs.get(usize::try_from(index).ok()?));
            match oneof {
                None => Access::Field(ident(field)),
                Some(oneof) => Access::Oneof {
                    field: ident(oneof),
                    variant: format!(
                        "{}::{}::{}",
                        here.path,
                        type_ident(oneof),
                        variant_ident(field)
                    ),
                },
            }
        };
        let accesses = fields.iter().zip(&members).map(access).collect();
        for (field, name) in message.field.iter_mut().zip(fields) {
            strip_field(field, name);
        }
        for (oneof, name) in message.oneof_decl.iter_mut().zip(oneofs) {
            oneof.set_name(name.clone());
        }
        strip_message(message);
        self.types(
            &mut message.nested_type,
            &mut message.enum_type,
            &mut scope,
            here,
        );
        self.settle(here);
        // A map's entry has no struct.
        if !is_map_entry(message) {
            let ty = RustType {
                path,
                fields: accesses,
            };
            self.types.insert(here.old.clone(), ty);
        }
    }

    fn settle(&mut self, here: &Here) {
        let names = (here.new.clone(), here.module.clone());
        self.names.insert(here.old.clone(), names);
    }

    /// Changes references to types to their new names; notes the modules.
    fn refer(&self, message: &mut DescriptorProto, modules: &mut BTreeSet<String>) {
        for field in &mut message.field {
            if let Some((name, module)) = self.names.get(field.type_name()) {
                field.set_type_name(name.clone());
                modules.insert(module.clone());
            }
        }
        for nested in &mut message.nested_type {
            self.refer(nested, modules);
        }
    }
}

/// A place in the tree of types, before and after.
struct Here {
    old: String,
    new: String,
    /// Of the module that what is nested here goes to.
    path: String,
    /// The file's module.
    module: String,
}

impl Here {
    fn within(&self, old: &str, new: &str) -> Here {
        Here {
            old: format!("{}.{old}", self.old),
            new: format!("{}.{new}", self.new),
            path: format!("{}::{}", self.path, module_ident(new)),
            module: self.module.clone(),
        }
    }
}

fn has_module(message: &DescriptorProto) -> bool {
    let nested = message
        .nested_type
        .iter()
        .any(|nested| !is_map_entry(nested));
    real_oneofs(message) > 0 || nested || !message.enum_type.is_empty()
}

fn enumeration_values(enumeration: &mut EnumDescriptorProto) {
    let names = enumeration
        .value
        .iter()
        .map(|value| value.name().to_owned());
    let names: Vec<String> = names.collect();
    let mut scope = Scope::default();
    let settled = assign(&names, |_, name| {
        scope.claim(vec![(Space::Variant(0), ident(name))])
    });
    for (value, name) in enumeration.value.iter_mut().zip(settled) {
        value.set_name(name);
    }
    strip_enumeration(enumeration);
}

/// Leaves of a message itself what it holds.
fn strip_message(message: &mut DescriptorProto) {
    let mut options = MessageOptions::new();
    options.map_entry = message.options.get_or_default().map_entry;
    message.options = MessageField::some(options);
    message.extension.clear();
    message.extension_range.clear();
    message.reserved_range.clear();
    message.reserved_name.clear();
}

/// Leaves of an enum its values.
fn strip_enumeration(enumeration: &mut EnumDescriptorProto) {
    for value in &mut enumeration.value {
        value.options = MessageField::none();
    }
    let mut options = EnumOptions::new();
    options.allow_alias = enumeration.options.get_or_default().allow_alias;
    enumeration.options = MessageField::some(options);
    enumeration.reserved_range.clear();
    enumeration.reserved_name.clear();
}

/// Leaves of a field what shapes its struct's field and its wire form.
fn strip_field(field: &mut FieldDescriptorProto, name: &str) {
    let mut options = FieldOptions::new();
    let packable = !matches!(
        field.type_(),
        Type::TYPE_STRING | Type::TYPE_BYTES | Type::TYPE_MESSAGE
    );
    if field.label() == Label::LABEL_REPEATED && packable {
        options.packed = field.options.get_or_default().packed;
        if field.type_() == Type::TYPE_ENUM {
            // The protobuf crate (3.7.2) gives a packed list with a negative enum value a
            // wrong length. Every decoder takes the list one by one as well.
            options.packed = Some(false);
        }
    }
    field.options = MessageField::from_option(options.packed.map(|_| options));
    field.default_value = None;
    // JSON names and names of different fields must not meet there.
    field.set_json_name(name.to_owned());
    field.set_name(name.to_owned());
    if field.label() == Label::LABEL_REQUIRED {
        // A message with one missing could not even be printed.
        field.set_label(Label::LABEL_OPTIONAL);
    }
}
