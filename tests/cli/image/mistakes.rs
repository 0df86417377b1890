//! Images and parameters that cannot be used.

use std::fs;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::json;

use super::fixture::{Images, Layer};

#[test]
fn parameters() {
    let images = Images::new().image(None, json!({}), &[]);
    fs::write(images.path("file"), "").unwrap();
    let neither = |name: &str| {
        format!(
            "image: {name:?} is neither a bundle (a folder with config.json) nor an OCI image \
             layout (a folder with oci-layout and index.json)"
        )
    };
    let together = "missing; a container of an image takes image=REF and id=ID";
    for (words, message) in [
        ("id=web", format!("image: {together}")),
        ("image=layout", format!("id: {together}")),
        (
            "image=layout id=web cid=x",
            "id: the field \"container_id\" is given too; give one of them".to_owned(),
        ),
        (
            "image=layout id=web spec=x",
            "image: spec is given too; give one of them".to_owned(),
        ),
        (
            "image=layout id=../x",
            "id: \"../x\" is not a container's ID: letters, digits, \"_\", \".\" and \"-\", and at \
             first a letter or digit"
                .to_owned(),
        ),
        ("image=/none id=web", neither("/none")),
        ("image=./layuot id=web", neither("./layuot")),
        ("image=bin id=web", neither("bin")),
        ("image=file id=web", neither("file")),
        ("image=oci:none:x id=web", neither("oci:none:x")),
        (
            "image='a b' id=web",
            "image: \"a b\" is neither a folder here nor a registry reference, such as \
             docker.io/library/busybox:latest"
                .to_owned(),
        ),
    ] {
        images.refused(words, &message);
    }
}

#[test]
fn layouts() {
    let images = Images::new();
    let index = |text: &str| fs::write(images.path("layout/index.json"), text).unwrap();
    let digits = "a".repeat(64);
    let blob = |text: &str| {
        fs::write(images.path("layout/blobs/sha256").join(&digits), text).unwrap();
        text.len()
    };
    let name = |rest: &str| format!("image: \"layout/{rest}");
    let of_blob = |rest: &str| name(&format!("blobs/sha256/{digits}{rest}"));
    let with_one = |kind: &str, digest: &str, size: usize| {
        let media_type = format!("application/vnd.oci.image.{kind}.v1+json");
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": size });
        json!({ "schemaVersion": 2, "manifests": [descriptor] }).to_string()
    };
    let digest = format!("sha256:{digits}");
    let one = |kind, size| index(&with_one(kind, &digest, size));
    let refused = |message: String| images.refused("image=layout id=web", &message);

    refused(name("index.json\": no such file or directory"));
    mkfifo(&images.path("layout/index.json"), Mode::S_IRWXU).unwrap();
    refused(name("index.json\": not a regular file"));
    fs::remove_file(images.path("layout/index.json")).unwrap();
    index("{\"schemaVersion\": 2,\n \"manifests\": [] 5}");
    refused(name("index.json\": line 2, column 18: expected `,` or `}`"));
    index("{}");
    refused(name(
        "index.json\": line 1, column 2: missing field `schemaVersion`",
    ));
    index(r#"{"schemaVersion": 2, "manifests": []}"#);
    refused(
        "image: \"layout\" has no image \"latest\", and not just one; none has a name".to_owned(),
    );
    for (digest, what) in [
        ("", "missing ':' in digest"),
        ("sha256", "missing ':' in digest"),
        ("sha256:", "Empty algorithm value"),
        ("sha256:aa", "Invalid digest length 2 expected 64"),
        ("../x:y", "Empty algorithm component"),
        (
            "sha256:../../../index.json",
            "Invalid encoded value ../../../index.json",
        ),
        ("a:b:c", "Invalid encoded value b:c"),
    ] {
        let text = with_one("manifest", digest, 1);
        index(&text);
        let quoted = format!("{digest:?}");
        let column = text.find(&quoted).unwrap() + quoted.len();
        refused(name(&format!(
            "index.json\": line 1, column {column}: manifests[0].digest: {what}"
        )));
    }
    one("manifest", 1);
    refused(of_blob("\": no such file or directory"));
    let size = blob("{}");
    refused(of_blob("\": has 2 bytes, and should have 1"));
    one("manifest", size);
    refused(of_blob(
        "\": line 1, column 2: missing field `schemaVersion`",
    ));
    // An index that is within itself.
    let size = with_one("index", &digest, 999).len();
    assert_eq!(blob(&with_one("index", &digest, size)), size);
    one("index", size);
    refused(name(
        "index.json\": has indexes within indexes, more than 4 deep",
    ));
}

#[test]
fn a_user_that_is_not_there() {
    let layer = Layer::new().file("etc/passwd", "a:x:1:1::/:\n").plain();
    for (user, file, name) in [("web", "passwd", "web"), ("a:web", "group", "web")] {
        let images =
            Images::new().image(None, json!({ "User": user }), std::slice::from_ref(&layer));
        images.refused(
            "image=layout id=web",
            &format!("image: the image runs as {user:?}, and its /etc/{file} has no {name:?}"),
        );
    }
}

#[test]
fn a_configuration_that_is_none() {
    for (config, what) in [
        (
            json!({ "Env": "A=1" }),
            r#"45: config.Env: invalid type: string "A=1", expected a sequence"#,
        ),
        (
            json!({ "Cmd": ["a", 5] }),
            "46: config.Cmd[1]: invalid type: integer `5`, expected a string",
        ),
        (
            json!({ "Labels": { "a": 5 } }),
            "49: config.Labels.a: invalid type: integer `5`, expected a string",
        ),
        (
            json!({ "User": 5 }),
            "42: config.User: invalid type: integer `5`, expected a string",
        ),
        (
            json!("x"),
            r#"36: config: invalid type: string "x", expected struct Config"#,
        ),
    ] {
        let images = Images::new().image(None, config, &[]);
        let digits = format!("{:064x}", 1);
        let message = format!("image: \"layout/blobs/sha256/{digits}\": line 1, column {what}");
        images.refused("image=layout id=web", &message);
    }
}
