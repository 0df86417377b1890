//! From a host's configuration to one for a guest. Container managers write what a runtime
//! on the host would do; before Kata's runtimes send it, they leave out what means nothing
//! in a guest, and so does this. What an agent cannot do without is added, or told of.

use agent_schema::{Reflect, Value};
use serde_json::{Value as Json, json};

use crate::map;

/// Kinds of namespaces that a guest's container does not get: the agent makes its own PID
/// namespace, and a guest has one network and one clock.
const NAMESPACES: [&str; 3] = ["pid", "network", "time"];
/// The only hooks that run in a guest.
const HOOK: &str = "startContainer";

/// Leaves out of a configuration what is for a host, and gives the paths of that.
pub(crate) fn adapt(spec: &mut Json) -> Vec<String> {
    let mut left_out = Vec::new();
    if let Some(Json::Array(namespaces)) = spec.pointer_mut("/linux/namespaces") {
        let mut index = 0..;
        namespaces.retain_mut(|namespace| {
            let path = format!("linux.namespaces[{}]", index.next().unwrap_or_default());
            let kind = namespace.get("type").and_then(Json::as_str);
            if let Some(kind) = kind.filter(|kind| NAMESPACES.contains(kind)) {
                left_out.push(format!("{path} ({kind})"));
                return false;
            }
            if let Some(namespace) = namespace.as_object_mut()
                && namespace.remove("path").is_some_and(|path| path != "")
            {
                left_out.push(format!("{path}.path"));
            }
            true
        });
    }
    if let Some(Json::Object(hooks)) = spec.get_mut("hooks") {
        hooks.retain(|name, hooks| {
            let is_kept = name == HOOK || hooks.as_array().is_none_or(Vec::is_empty);
            if !is_kept {
                left_out.push(format!("hooks.{name}"));
            }
            is_kept
        });
    }
    left_out
}

/// Adds to a whole configuration what no agent makes a container without, and gives the
/// paths of that.
pub(crate) fn complete(spec: &mut Json) -> Vec<String> {
    let mut added = Vec::new();
    let is_missing = |value: Option<&Json>| value.is_none_or(Json::is_null);
    if let Some(process) = spec.get_mut("process").and_then(Json::as_object_mut)
        && is_missing(process.get("capabilities"))
    {
        process.insert("capabilities".to_owned(), json!({}));
        added.push("process.capabilities (none)".to_owned());
    }
    let Some(spec) = spec.as_object_mut() else {
        return added;
    };
    if is_missing(spec.get("linux")) {
        spec.insert("linux".to_owned(), json!({}));
    }
    if let Some(linux) = spec.get_mut("linux").and_then(Json::as_object_mut)
        && linux
            .get("namespaces")
            .is_none_or(|it| it.as_array().is_none_or(Vec::is_empty))
    {
        let kinds = ["mount", "ipc", "uts"].map(|kind| json!({ "type": kind }));
        linux.insert("namespaces".to_owned(), json!(kinds));
        added.push("linux.namespaces (mount, ipc, uts)".to_owned());
    }
    added
}

/// What a container of this specification, an agent's own message, lacks in a guest.
pub(crate) fn lacks(spec: &dyn Reflect) -> Vec<&'static str> {
    let mounts = elements(spec, "mounts");
    let is_mounted = |path: &str| {
        let is_it = |mount: &Value<'_>| match mount {
            Value::Message(mount) => {
                let destination = field(*mount, "destination").and_then(text);
                destination.is_some_and(|it| it.trim_end_matches('/') == path)
            }
            _ => false,
        };
        mounts.iter().any(is_it)
    };
    let mut lacking = Vec::new();
    if !is_mounted("/proc") {
        lacking.push("a mount of /proc, without which StartContainer is never answered");
    }
    if !is_mounted("/dev") {
        lacking.push("a tmpfs on /dev, without which device files are made in the image");
    }
    if let Some(Value::Message(process)) = field(spec, "process") {
        lacking.extend(lacks_path(process));
    }
    lacking
}

/// What a process of this specification, an agent's own message, lacks in a guest.
pub(crate) fn lacks_path(process: &dyn Reflect) -> Option<&'static str> {
    let program = elements(process, "args").first().copied().and_then(text);
    let variables = elements(process, "env").into_iter().filter_map(text);
    let has_path = variables.into_iter().any(|it| it.starts_with("PATH="));
    let is_searched = program.is_some_and(|it| !it.contains('/'));
    (is_searched && !has_path)
        .then_some("PATH in its environment, without which its program is not found")
}

/// A field of a message, by its name in a configuration.
fn field<'a>(message: &'a dyn Reflect, name: &str) -> Option<Value<'a>> {
    let (index, _) = map::field(message.descriptor(), name)?;
    message.get(index)
}

fn elements<'a>(message: &'a dyn Reflect, name: &str) -> Vec<Value<'a>> {
    match field(message, name) {
        Some(Value::List(list)) => (0..list.len()).filter_map(|it| list.get(it)).collect(),
        _ => Vec::new(),
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}
