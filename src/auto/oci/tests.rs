//! A configuration with every member of the runtime specification, and what of
//! it an agent's messages hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::schema::json::{Style, write};
use crate::schema::{Message, Value as FieldValue};

const COMPLETE: &str = "tests/bundles/complete";

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
    let bundle = Bundle::new(COMPLETE).unwrap();
    bundle.config(&mut Inputs::default()).unwrap()
}

/// An empty message; the field that it is for may be missing in another API.
fn new(name: &str) -> Option<Box<dyn Reflect>> {
    let mut messages = crate::schema().messages.iter();
    let found = messages.find(|message| message.full_name == name)?;
    Some((found.new)())
}

fn config(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap();
    let read = Config::read(name, &mut Inputs::default());
    read.map_err(|error| error.to_string().replace(name, "config.json"))
}

fn put(text: &str) -> Result<Value, String> {
    let mut spec = new("grpc.Spec").ok_or("no grpc.Spec")?;
    let config = config(text)?;
    let left_out = config.put(Part::Spec, spec.as_mut());
    left_out.map_err(|error| {
        let text = error.to_string();
        text.split_once(": ")
            .map_or(text.clone(), |(_, text)| text.to_owned())
    })?;
    Ok(document(spec.as_ref()))
}

fn document(message: &dyn Reflect) -> Value {
    let style = Style {
        pretty: false,
        emit_defaults: false,
    };
    let mut text = Vec::new();
    write(message, crate::schema(), style, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn what_has_no_counterpart_is_this() {
    let Some(mut spec) = new("grpc.Spec") else {
        return;
    };
    let mut left_out = complete().put(Part::Spec, spec.as_mut()).unwrap();
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
    let Some(mut spec) = new("grpc.Spec") else {
        return;
    };
    complete().put(Part::Spec, spec.as_mut()).unwrap();
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
        if let (true, crate::schema::Type::Message(inner)) = (is_new, field.ty) {
            fields(inner, found);
        }
    }
}

#[test]
fn every_field_of_the_agent_is_filled() {
    let Some(mut spec) = new("grpc.Spec") else {
        return;
    };
    complete().put(Part::Spec, spec.as_mut()).unwrap();
    let (mut all, mut found) = (BTreeSet::new(), BTreeSet::new());
    fields(spec.descriptor(), &mut all);
    filled(spec.as_ref(), &mut found);
    let empty: Vec<_> = all.difference(&found).collect();
    assert_eq!(empty, NEVER_FILLED);
    assert!(all.len() > 120, "{}", all.len());
}

#[test]
fn the_process_is_that_of_the_specification() {
    let (Some(mut spec), Some(mut process)) = (new("grpc.Spec"), new("grpc.Process")) else {
        return;
    };
    complete().put(Part::Spec, spec.as_mut()).unwrap();
    let left_out = complete().put(Part::Process, process.as_mut()).unwrap();
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

#[test]
fn other_spellings_null_and_unknown_members() {
    assert_eq!(
        put(
            r#"{"OCIVersion": "1", "hostname": null, "Root": {"path": "/r"}, "linux": {"masked_paths": ["/m"]}, "x": {"y": 1}}"#
        ),
        Ok(json!({"Version": "1", "Root": {"Path": "/r"}, "Linux": {"MaskedPaths": ["/m"]}}))
    );
    assert_eq!(put("{}"), Ok(json!({})));
    assert!(!config("{}").unwrap().has(Part::Process));
    // An error number of 0 is not the same as none.
    assert_eq!(
        put(
            r#"{"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0}]}}}"#
        ),
        Ok(
            json!({"Linux": {"Seccomp": {"DefaultAction": "SCMP_ACT_ALLOW", "Syscalls": [
                {"Names": ["a"], "Action": "SCMP_ACT_ERRNO", "errnoret": 0}
            ]}}})
        )
    );
}

#[test]
fn what_the_specification_does_not_allow_is_refused_with_its_place() {
    for (text, message) in [
        ("", "line 1, column 0: EOF while parsing a value"),
        ("{\n \"root\": }", "line 2, column 10: expected value"),
        (
            "[]",
            "line 1, column 2: invalid length 0, expected struct Spec with 9 elements",
        ),
        (
            "{\"process\": {\"user\": {},\n \"cwd\": 5}}",
            "line 2, column 9: process.cwd: invalid type: integer `5`, expected path string",
        ),
        (
            r#"{"process": {"user": {}}}"#,
            "line 1, column 24: process: missing field `cwd`",
        ),
        (
            r#"{"mounts": [{"destination": "/a"}, {"type": "bind"}]}"#,
            "line 1, column 51: mounts[1]: missing field `destination`",
        ),
        (
            r#"{"annotations": {"a.b": 1}}"#,
            "line 1, column 25: annotations[\"a.b\"]: invalid type: integer `1`, expected a string",
        ),
        (
            r#"{"process": {"user": {"uid": -1}, "cwd": "/"}}"#,
            "line 1, column 31: process.user.uid: invalid value: integer `-1`, expected u32",
        ),
        (
            r#"{"process": {"user": {}, "cwd": "/", "capabilities": {"bounding": ["CAP_KILL", "CAP_X"]}}}"#,
            "line 1, column 87: process.capabilities.bounding: no variant for CAP_X (converted to X)",
        ),
        (
            r#"{"hostname": "a", "hostname": "b"}"#,
            "line 1, column 28: hostname: duplicate field `hostname`",
        ),
    ] {
        let error = config(text).map(drop);
        assert_eq!(error, Err(format!("\"config.json\": {message}")), "{text}");
    }
}

#[test]
fn what_does_not_fit_the_agents_field_is_refused_with_its_path() {
    if new("grpc.Spec").is_none() {
        return;
    }
    for (text, message) in [
        (
            r#"{"process": {"user": {}, "cwd": "/", "consoleSize": {"height": 4294967296, "width": 1}}}"#,
            "process.consoleSize.height: 4294967296 is not an unsigned 32-bit number (0 to 4294967295)",
        ),
        (
            r#"{"process": {"user": {}, "cwd": "/", "rlimits": [["RLIMIT_CPU", 1, 2]]}}"#,
            "process.rlimits[0]: a list is not an object",
        ),
        (
            r#"{"hostname": "a", "HostName": "b"}"#,
            "hostname: given twice, in another case",
        ),
        (r#"{"HOOKS": []}"#, "HOOKS: a list is not an object"),
        (r#"{"Mounts": {}}"#, "Mounts: an object is not a list"),
        (
            r#"{"Annotations": {"a.b": [1]}}"#,
            "Annotations[\"a.b\"]: a list is not a string",
        ),
    ] {
        assert_eq!(put(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn a_relative_root_is_in_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("real");
    let link = folder.path().join("link");
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let root = |path: &str| {
        let text = json!({"root": {"path": path}}).to_string();
        fs::write(folder.path().join("elsewhere.json"), text).unwrap();
        // The configuration may be a link itself.
        let config = real.join("config.json");
        if !config.exists() {
            std::os::unix::fs::symlink("../elsewhere.json", config).unwrap();
        }
        let bundle = Bundle::new(&format!("{}/", link.to_str().unwrap())).unwrap();
        let config = bundle.config(&mut Inputs::default()).unwrap();
        config.spec["root"]["path"].as_str().unwrap().to_owned()
    };
    let link = link.to_str().unwrap();
    assert_eq!(root("rootfs"), format!("{link}/rootfs"));
    assert_eq!(root("./rootfs"), format!("{link}/rootfs"));
    assert_eq!(root("../rootfs"), format!("{link}/../rootfs"));
    assert_eq!(root("/rootfs"), "/rootfs");
    assert_eq!(root(""), "");
}

#[test]
fn a_bundle_is_a_folder() {
    for (name, message) in [
        (
            "/none",
            "\"/none\": no such file or directory; a bundle is a folder with a config.json",
        ),
        (
            "Cargo.toml",
            "\"Cargo.toml\": not a folder; a bundle is a folder with a config.json",
        ),
        (
            "",
            "\"\": no such file or directory; a bundle is a folder with a config.json",
        ),
    ] {
        let error = Bundle::new(name).map(drop).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

proptest::proptest! {
    #[test]
    fn any_document_is_a_configuration_or_an_error(
        text in r#"(\{"(process|linux|root|mounts|hooks|x)":)?[\[\]{}:,"a-z0-9.\\ -]{0,40}"#
    ) {
        let _ = put(&text);
    }
}
