//! From an image's configuration to the `config.json` of a bundle, by the rules
//! of the OCI image specification ("Conversion to OCI Runtime Configuration").
//! What images do not say is in `default.json`: mounts and capabilities as
//! container managers give them, and no pid namespace, as an agent adds its own.

use serde_json::{Map, Value};

use super::document::Object;
use super::error::ImageError;
use super::user::User;

const DEFAULT: &str = include_str!("default.json");

/// Members of an image's configuration that become annotations.
const ANNOTATIONS: [&str; 4] = ["architecture", "os", "author", "created"];

/// The text of the configuration of a container that runs what the image says,
/// as this user.
///
/// # Errors
/// When the image's configuration is not as the specification says.
pub fn spec(image: Object<'_>, user: &User) -> Result<String, ImageError> {
    let wrong = |error: serde_json::Error| ImageError::layout(image.path(), error.to_string());
    let mut spec: Value = serde_json::from_str(DEFAULT).map_err(wrong)?;
    let settings = image.within("config")?;
    let mut put = |path: &str, value: Value| {
        if let Some(place) = spec.pointer_mut(path) {
            *place = value;
        }
    };

    let groups = user.groups.iter().map(|group| Value::from(*group));
    let mut numbers = Map::new();
    numbers.insert("uid".to_owned(), user.uid.into());
    numbers.insert("gid".to_owned(), user.gid.into());
    numbers.insert("additionalGids".to_owned(), Value::Array(groups.collect()));
    put("/process/user", Value::Object(numbers));

    let words = [settings.texts("Entrypoint")?, settings.texts("Cmd")?];
    let words = words.into_iter().flatten().flatten().cloned();
    put("/process/args", Value::Array(words.collect()));
    if let Some(folder) = some(settings.text("WorkingDir")?) {
        put("/process/cwd", folder.into());
    }
    put("/annotations", Value::Object(annotations(image, settings)?));

    let variables = settings.texts("Env")?.unwrap_or_default();
    let is_path = |variable: &Value| variable.as_str().is_some_and(|it| it.starts_with("PATH="));
    if let Some(Value::Array(env)) = spec.pointer_mut("/process/env") {
        // The default has a PATH, and nothing else.
        if variables.iter().any(is_path) {
            env.clear();
        }
        env.extend_from_slice(variables);
    }
    if let (Some(name), Some(members)) = (some(settings.text("Hostname")?), spec.as_object_mut()) {
        members.insert("hostname".to_owned(), name.into());
    }
    Ok(format!("{spec:#}\n"))
}

/// The image's labels, over what the specification derives from its members.
fn annotations(image: Object<'_>, settings: Object<'_>) -> Result<Map<String, Value>, ImageError> {
    let mut annotations = Map::new();
    let mut add = |name: &str, value: Option<&str>| {
        if let Some(value) = some(value) {
            annotations.insert(format!("org.opencontainers.image.{name}"), value.into());
        }
    };
    for name in ANNOTATIONS {
        add(name, image.text(name)?);
    }
    add("stopSignal", settings.text("StopSignal")?);
    let labels = settings.within("Labels")?;
    for (name, _) in labels.entries() {
        if let Some(value) = labels.text(name)? {
            annotations.insert(name.clone(), value.into());
        }
    }
    Ok(annotations)
}

fn some(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::DEFAULT;

    #[test]
    fn the_default_is_json_with_every_place_that_is_filled() {
        let spec: Option<serde_json::Value> = serde_json::from_str(DEFAULT).ok();
        for place in [
            "/process/user",
            "/process/args",
            "/process/env",
            "/process/cwd",
            "/annotations",
        ] {
            let found = spec.as_ref().and_then(|spec| spec.pointer(place));
            assert!(found.is_some(), "{place}");
        }
        let root = spec.as_ref().and_then(|spec| spec.pointer("/root/path"));
        assert_eq!(
            root.and_then(|root| root.as_str()),
            Some(super::super::ROOT)
        );
    }
}
