//! Whether a text is a configuration as the runtime specification has it, by the types
//! of the oci-spec crate. The values themselves are kept as they stand in the text:
//! those types drop the order of some lists, and members that they do not have.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use agent_text::escape;
use oci_spec::runtime as oci;
use serde::de::value::{self, MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::path::JsonPath;

/// Why a text cannot be read. Line and column count from 1.
#[derive(Debug, thiserror::Error)]
#[error("line {line}, column {column}: {path}{what}")]
pub struct Wrong {
    line: usize,
    column: usize,
    /// The member it is about; empty, or with what sets it off.
    path: String,
    what: String,
}

/// Parses a configuration and checks it. Gives with it the capabilities whose names are not
/// known, as kernels get new ones.
pub(crate) fn config(text: &str) -> Result<(Value, Vec<String>), Wrong> {
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| wrong(&error, String::new()))?;
    let spec: Spec = read(text)?;
    let Some(capabilities) = spec.process.and_then(|process| process.capabilities) else {
        return Ok((value, Vec::new()));
    };
    if let Capabilities::List(all) = &capabilities
        && let Some(place) = value.pointer_mut("/process/capabilities")
    {
        // The sets that such a list stood for.
        *place = json!({"bounding": all, "effective": all, "permitted": all, "inheritable": all});
    }
    Ok((value, capabilities.unknown()))
}

/// Reads a JSON text into a type.
///
/// # Errors
/// When it is not JSON, or not of that type, with the place.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Wrong> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = JsonPath::from(error.path());
        wrong(error.inner(), path.before())
    })?;
    let end = reader.end();
    end.map_err(|error| wrong(&error, String::new()))?;
    Ok(value)
}

fn wrong(error: &serde_json::Error, path: String) -> Wrong {
    let text = error.to_string();
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    Wrong {
        line: error.line(),
        column: error.column(),
        path,
        what: escape::line(what).into_owned(),
    }
}

/// The whole, as far as an agent has a counterpart for it. Not the crate's own
/// `Spec` and `Process`: for `execCPUAffinity`, which no agent takes, they
/// bring in a regular expression engine of more than a megabyte.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is read to see whether it can be")]
struct Spec {
    oci_version: Option<String>,
    process: Option<Process>,
    root: Option<oci::Root>,
    hostname: Option<String>,
    domainname: Option<String>,
    mounts: Option<Vec<oci::Mount>>,
    hooks: Option<oci::Hooks>,
    annotations: Option<HashMap<String, String>>,
    linux: Option<Linux>,
}

/// Not the crate's own for the type of one limit alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
struct Linux {
    uid_mappings: Option<Vec<oci::LinuxIdMapping>>,
    gid_mappings: Option<Vec<oci::LinuxIdMapping>>,
    sysctl: Option<HashMap<String, String>>,
    resources: Option<Resources>,
    cgroups_path: Option<PathBuf>,
    namespaces: Option<Vec<oci::LinuxNamespace>>,
    devices: Option<Vec<oci::LinuxDevice>>,
    seccomp: Option<oci::LinuxSeccomp>,
    rootfs_propagation: Option<String>,
    masked_paths: Option<Vec<String>>,
    readonly_paths: Option<Vec<String>>,
    mount_label: Option<String>,
    intel_rdt: Option<oci::LinuxIntelRdt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
struct Resources {
    devices: Option<Vec<oci::LinuxDeviceCgroup>>,
    memory: Option<oci::LinuxMemory>,
    cpu: Option<oci::LinuxCpu>,
    pids: Option<oci::LinuxPids>,
    #[serde(rename = "blockIO")]
    block_io: Option<oci::LinuxBlockIo>,
    hugepage_limits: Option<Vec<HugepageLimit>>,
    network: Option<oci::LinuxNetwork>,
}

/// The crate's own has a limit of 63 bits.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
struct HugepageLimit {
    page_size: String,
    limit: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
struct Process {
    terminal: Option<bool>,
    console_size: Option<oci::Box>,
    user: oci::User,
    args: Option<Vec<String>>,
    env: Option<Vec<String>>,
    cwd: PathBuf,
    capabilities: Option<Capabilities>,
    rlimits: Option<Vec<oci::PosixRlimit>>,
    no_new_privileges: Option<bool>,
    apparmor_profile: Option<String>,
    oom_score_adj: Option<i32>,
    selinux_label: Option<String>,
}

/// Capabilities by their names, which need not be known here.
enum Capabilities {
    /// One list, as before version 1.0 of the specification.
    List(Vec<String>),
    Sets(CapabilitySets),
}

#[derive(Deserialize)]
struct CapabilitySets {
    bounding: Option<Vec<String>>,
    effective: Option<Vec<String>>,
    inheritable: Option<Vec<String>>,
    permitted: Option<Vec<String>>,
    ambient: Option<Vec<String>>,
}

impl Capabilities {
    /// The names that are not known, each once.
    fn unknown(&self) -> Vec<String> {
        let names: Vec<_> = match self {
            Capabilities::List(names) => names.iter().collect(),
            Capabilities::Sets(sets) => {
                let CapabilitySets {
                    bounding,
                    effective,
                    inheritable,
                    permitted,
                    ambient,
                } = sets;
                let sets = [bounding, effective, inheritable, permitted, ambient];
                sets.into_iter().flatten().flatten().collect()
            }
        };
        let mut unknown = Vec::new();
        for name in names {
            let known = oci::Capability::deserialize(name.as_str().into_deserializer());
            let known: Result<_, value::Error> = known;
            if known.is_err() && !unknown.contains(name) {
                unknown.push(name.clone());
            }
        }
        unknown
    }
}

impl<'de> Deserialize<'de> for Capabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherForm)
    }
}

struct EitherForm;

impl<'de> Visitor<'de> for EitherForm {
    type Value = Capabilities;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sets of capabilities")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Capabilities, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Capabilities::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, sets: A) -> Result<Capabilities, A::Error> {
        CapabilitySets::deserialize(MapAccessDeserializer::new(sets)).map(Capabilities::Sets)
    }
}
