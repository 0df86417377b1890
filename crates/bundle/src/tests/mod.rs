//! Reading a configuration, and putting it into a message.

mod complete;
mod refused;

use std::fs;

use serde_json::{Value, json};

use agent_schema::Reflect;
use agent_schema::json::{Style, write};

use crate::{Bundle, Config, Part};

/// An empty message of this type.
fn new(name: &str) -> Box<dyn Reflect> {
    let mut messages = agent_api::schema().messages.iter();
    let found = messages.find(|message| message.full_name == name).unwrap();
    (found.new)()
}

fn config(text: &str) -> Result<Config, String> {
    Config::parse("config.json", text).map_err(|error| error.to_string())
}

fn put(text: &str) -> Result<Value, String> {
    let mut spec = new("grpc.Spec");
    let config = config(text)?;
    let left_out = config.put(Part::Spec, spec.as_mut(), agent_api::schema());
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
    write(message, agent_api::schema(), style, &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn null_and_unknown_members() {
    assert_eq!(
        put(
            r#"{"ociVersion": "1", "hostname": null, "root": {"path": "/r"}, "linux": {"maskedPaths": ["/m"]}, "x": {"y": 1}}"#
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

/// They have not been checked.
#[test]
fn members_in_another_style_are_left_out() {
    let text = r#"{"Hostname": "Z", "hostname": "a", "Process": {"args": ["sh"]}, "HOOKS": [],
        "OCIVersion": "1", "linux": {"masked_paths": ["/m"], "MountLabel": "x"},
        "annotations": {"A_b": "c"}}"#;
    let expected = json!({"Hostname": "a", "Linux": {}, "Annotations": {"A_b": "c"}});
    assert_eq!(put(text), Ok(expected));
    let left_out =
        config(text)
            .unwrap()
            .put(Part::Spec, new("grpc.Spec").as_mut(), agent_api::schema());
    assert_eq!(
        left_out.unwrap().without_field,
        [
            "HOOKS",
            "Hostname",
            "OCIVersion",
            "Process",
            "linux.MountLabel",
            "linux.masked_paths"
        ]
    );
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
        let name = bundle.config_file();
        let config = Config::parse(&name, &fs::read_to_string(&name).unwrap()).unwrap();
        config.root().unwrap().to_owned()
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
