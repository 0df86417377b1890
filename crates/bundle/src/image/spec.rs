//! From an image's configuration to the `config.json` of a bundle, by the rules
//! of the OCI image specification ("Conversion to OCI Runtime Configuration").
//! What images do not say is in `default.json`: mounts and capabilities as
//! container managers give them, and no pid namespace, as an agent adds its own.

use std::collections::BTreeMap;

use oci_spec::image::{Config, ImageConfiguration};
use serde_json::{Value, json};

use super::user::User;

const DEFAULT: &str = include_str!("default.json");

/// The text of the configuration of a container that runs what the image says, as
/// this user.
pub(crate) fn spec(image: &ImageConfiguration, user: &User) -> String {
    let default = Config::default();
    let settings = image.config().as_ref().unwrap_or(&default);
    let mut spec = default_spec();
    let mut put = |path: &str, value: Value| {
        if let Some(place) = spec.pointer_mut(path) {
            *place = value;
        }
    };
    put(
        "/process/user",
        json!({"uid": user.uid, "gid": user.gid, "additionalGids": user.groups}),
    );
    let words = [settings.entrypoint(), settings.cmd()];
    let words: Vec<_> = words.into_iter().flatten().flatten().collect();
    put("/process/args", json!(words));
    let folder = settings.working_dir().as_deref().unwrap_or_default();
    if !folder.is_empty() {
        put("/process/cwd", json!(folder));
    }
    put("/annotations", json!(annotations(image, settings)));

    let variables = settings.env().as_deref().unwrap_or_default();
    if let Some(Value::Array(env)) = spec.pointer_mut("/process/env") {
        // The default has a PATH, and nothing else.
        if variables.iter().any(|it| it.starts_with("PATH=")) {
            env.clear();
        }
        env.extend(variables.iter().map(|variable| json!(variable)));
    }
    format!("{spec:#}\n")
}

#[expect(clippy::expect_used, reason = "a constant that a test looks at")]
fn default_spec() -> Value {
    serde_json::from_str(DEFAULT).expect("the default is JSON")
}

/// The image's labels, over what the specification derives from its members.
fn annotations(image: &ImageConfiguration, settings: &Config) -> BTreeMap<String, String> {
    let derived = [
        ("architecture", Some(image.architecture().to_string())),
        ("os", Some(image.os().to_string())),
        ("author", image.author().clone()),
        ("created", image.created().clone()),
        ("stopSignal", settings.stop_signal().clone()),
    ];
    let derived = derived.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((format!("org.opencontainers.image.{name}"), value))
    });
    let labels = settings.labels().clone().unwrap_or_default();
    derived.chain(labels).collect()
}

#[cfg(test)]
mod tests {
    use super::default_spec;

    #[test]
    fn the_default_is_json_with_every_place_that_is_filled() {
        let spec = default_spec();
        for place in [
            "/process/user",
            "/process/args",
            "/process/env",
            "/process/cwd",
            "/annotations",
        ] {
            assert!(spec.pointer(place).is_some(), "{place}");
        }
        let root = spec.pointer("/root/path");
        assert_eq!(
            root.and_then(|root| root.as_str()),
            Some(super::super::unpack::ROOT)
        );
    }
}
