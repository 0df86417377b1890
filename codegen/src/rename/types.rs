//! New names for the messages and enums of one file after the other, and for
//! all that is in them.

use std::collections::{BTreeMap, BTreeSet};

use protobuf::descriptor::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use super::strip::{strip_enumeration, strip_field, strip_message};
use super::{Access, RustType};
use crate::descriptors::{is_map_entry, member_of, package, real_oneofs};
use crate::naming::{
    METHODS, Scope, Space, assign, ident, member_methods, module_ident, type_ident, variant_ident,
};

#[derive(Default)]
pub(super) struct Renamer {
    pub types: BTreeMap<String, RustType>,
    /// Old names to new ones, as descriptors refer to types, and the module.
    names: BTreeMap<String, (String, String)>,
}

impl Renamer {
    pub fn file(&mut self, file: &mut FileDescriptorProto, module: &str) {
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
            self.settle(
                &inner,
                format!("{}::{}", here.path, type_ident(name)),
                Vec::new(),
            );
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
        self.settle(here, path, accesses);
    }

    fn settle(&mut self, here: &Here, path: String, fields: Vec<Access>) {
        let Here {
            old, new, module, ..
        } = here;
        self.names
            .insert(old.clone(), (new.clone(), module.clone()));
        self.types.insert(old.clone(), RustType { path, fields });
    }

    /// Changes references to types to their new names; notes the modules.
    pub fn refer(&self, message: &mut DescriptorProto, modules: &mut BTreeSet<String>) {
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
