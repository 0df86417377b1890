//! Whether a text is a configuration as the runtime specification has it, by the types
//! of the oci-spec crate. The values themselves are kept as they stand in the text:
//! those types drop the order of some lists, and members that they do not have.

use std::collections::HashMap;
use std::path::PathBuf;

use agent_text::escape;
use oci_spec::runtime as oci;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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

/// Parses a configuration and checks it.
pub(crate) fn config(text: &str) -> Result<Value, Wrong> {
    let value = serde_json::from_str(text).map_err(|error| wrong(&error, String::new()))?;
    read::<Spec>(text)?;
    Ok(value)
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
    linux: Option<oci::Linux>,
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
    capabilities: Option<oci::LinuxCapabilities>,
    rlimits: Option<Vec<oci::PosixRlimit>>,
    no_new_privileges: Option<bool>,
    apparmor_profile: Option<String>,
    oom_score_adj: Option<i32>,
    selinux_label: Option<String>,
}
