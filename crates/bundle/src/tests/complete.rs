//! A configuration with every member of the runtime specification, and what of
//! it an agent's messages hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use agent_schema::{Message, Reflect, Type, Value as FieldValue};

use super::{document, new};
use crate::{Bundle, Config, Part};

const COMPLETE: &str = "../../tests/bundles/complete";

/// Members of the specification that an agent 4.1 has no field for.
const WITHOUT_COUNTERPART: [&str; 39] = [
    "domainname",
    "linux.intelRdt.closID",
    "linux.intelRdt.enableCMT",
    "linux.intelRdt.enableMBM",
    "linux.intelRdt.memBwSchema",
    "linux.personality",
    "linux.resources.cpu.burst",
    "linux.resources.cpu.idle",
    "linux.resources.memory.checkBeforeUpdate",
    "linux.resources.memory.useHierarchy",
    "linux.resources.rdma",
    "linux.resources.unified",
    "linux.seccomp.defaultErrnoRet",
    "linux.seccomp.listenerMetadata",
    "linux.seccomp.listenerPath",
    "linux.timeOffsets",
    "mounts[0].gidMappings",
    "mounts[0].uidMappings",
    "process.commandLine",
    "process.execCPUAffinity",
    "process.ioPriority",
    "process.scheduler",
    "process.user.umask",
    "solaris.anet",
    "solaris.cappedCPU",
    "solaris.cappedMemory",
    "solaris.limitpriv",
    "solaris.maxShmMemory",
    "solaris.milestone",
    "vm",
    "windows.credentialSpec",
    "windows.devices",
    "windows.hyperv",
    "windows.ignoreFlushesDuringBoot",
    "windows.layerFolders",
    "windows.network",
    "windows.resources",
    "windows.servicing",
    "zos",
];

/// Fields of the agent's messages that no member of the specification fills:
/// they stand in messages that hold nothing else.
const NEVER_FILLED: [&str; 2] = ["grpc.Solaris.dummy", "grpc.Windows.dummy"];

fn complete() -> Config {
    let name = Bundle::new(COMPLETE).unwrap().config_file();
    Config::parse(&name, &fs::read_to_string(&name).unwrap()).unwrap()
}

#[test]
fn what_has_no_counterpart_is_this() {
    let mut spec = new("grpc.Spec");
    let notes = complete().put(Part::Spec, spec.as_mut(), agent_api::schema());
    let mut left_out = notes.unwrap().without_field;
    left_out.sort();
    assert_eq!(left_out, WITHOUT_COUNTERPART);
}

/// The scalars of a document by their paths, as text, names without case.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    fn walk(value: &Value, path: &str, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    walk(value, &format!("{path}.{}", name.to_lowercase()), found);
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    walk(value, &format!("{path}[{index}]"), found);
                }
            }
            Value::String(text) => drop(found.insert(path.to_owned(), text.clone())),
            other => drop(found.insert(path.to_owned(), other.to_string())),
        }
    }
    let mut found = BTreeMap::new();
    walk(value, "", &mut found);
    found
}

#[test]
fn everything_else_arrives_as_it_is() {
    let mut spec = new("grpc.Spec");
    complete()
        .put(Part::Spec, spec.as_mut(), agent_api::schema())
        .unwrap();
    let arrived = leaves(&document(spec.as_ref()));

    let text = fs::read_to_string(format!("{COMPLETE}/config.json")).unwrap();
    let mut expected = leaves(&serde_json::from_str(&text).unwrap());
    expected.retain(|path, _| {
        let mut without = WITHOUT_COUNTERPART.iter();
        without.all(|lost| !path.starts_with(&format!(".{}", lost.to_lowercase())))
    });
    let version = expected.remove(".ociversion").unwrap();
    expected.insert(".version".to_owned(), version);
    // The default, which is not shown.
    assert_eq!(
        expected
            .remove(".linux.resources.devices[1].allow")
            .as_deref(),
        Some("false")
    );
    assert_eq!(arrived, expected);
    assert!(arrived.len() > 140, "{}", arrived.len());
}

/// The fields of a message and of those within it, by type and name, that hold
/// something.
fn filled(message: &dyn Reflect, found: &mut BTreeSet<String>) {
    let descriptor = message.descriptor();
    for (index, field) in descriptor.fields.iter().enumerate() {
        let Some(value) = message.get(index).filter(|value| !value.is_default()) else {
            continue;
        };
        found.insert(format!("{}.{}", descriptor.full_name, field.name));
        match value {
            FieldValue::Message(inner) => filled(inner, found),
            FieldValue::List(list) => {
                for index in 0..list.len() {
                    if let Some(FieldValue::Message(inner)) = list.get(index) {
                        filled(inner, found);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The fields of a message type and of those within it.
fn fields(message: &'static Message, found: &mut BTreeSet<String>) {
    for field in message.fields {
        let is_new = found.insert(format!("{}.{}", message.full_name, field.name));
        if let (true, Type::Message(inner)) = (is_new, field.ty) {
            fields(inner, found);
        }
    }
}

#[test]
fn every_field_of_the_agent_is_filled() {
    let mut spec = new("grpc.Spec");
    complete()
        .put(Part::Spec, spec.as_mut(), agent_api::schema())
        .unwrap();
    let (mut all, mut found) = (BTreeSet::new(), BTreeSet::new());
    fields(spec.descriptor(), &mut all);
    filled(spec.as_ref(), &mut found);
    let empty: Vec<_> = all.difference(&found).collect();
    assert_eq!(empty, NEVER_FILLED);
    assert!(all.len() > 120, "{}", all.len());
}

#[test]
fn the_process_is_that_of_the_specification() {
    let (mut spec, mut process) = (new("grpc.Spec"), new("grpc.Process"));
    complete()
        .put(Part::Spec, spec.as_mut(), agent_api::schema())
        .unwrap();
    let notes = complete().put(Part::Process, process.as_mut(), agent_api::schema());
    let left_out = notes.unwrap().without_field;
    assert_eq!(
        document(spec.as_ref())["Process"],
        document(process.as_ref())
    );
    let of_process = WITHOUT_COUNTERPART
        .iter()
        .filter(|path| path.starts_with("process."));
    assert!(
        left_out
            .iter()
            .all(|path| of_process.clone().any(|lost| lost == path))
    );
    assert_eq!(left_out.len(), of_process.count());
}
