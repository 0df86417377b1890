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
            "id: \"../x\" is no container's ID: letters, digits, \"_\", \".\" and \"-\", and at \
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
    let blob = |name: &str, text: &str| {
        fs::write(images.path("layout/blobs/sha256").join(name), text).unwrap();
        text.len()
    };
    let name = |rest: &str| format!("image: \"layout/{rest}");
    let one = |digest: &str, size: usize| {
        index(&json!({ "manifests": [{ "digest": digest, "size": size }] }).to_string());
    };
    let refused = |message: String| images.refused("image=layout id=web", &message);

    refused(name("index.json\": no such file or directory"));
    mkfifo(&images.path("layout/index.json"), Mode::S_IRWXU).unwrap();
    refused(name(
        "index.json\": it is a named pipe, and nobody opened it for writing within 3s",
    ));
    fs::remove_file(images.path("layout/index.json")).unwrap();
    index("{\n \"manifests\": [] 5}");
    refused(name(
        "index.json\": expected `,` or `}` at line 2 column 18",
    ));
    index("{}");
    refused(
        "image: \"layout\" has no image \"latest\", and not just one; none has a name".to_owned(),
    );
    for digest in [
        "",
        "sha256",
        "sha256:",
        "../x:y",
        "sha256:../../../index.json",
        "a:b:c",
    ] {
        one(digest, 1);
        refused(name(&format!("index.json\": {digest:?} is no digest")));
    }
    one("sha256:aa", 1);
    refused(name("blobs/sha256/aa\": no such file or directory"));
    let size = blob("aa", "{}");
    refused(name("blobs/sha256/aa\": has 2 bytes, and should have 1"));
    one("sha256:aa", size);
    refused(name(
        "blobs/sha256/aa\": neither an image's manifest nor an index",
    ));
    let itself = json!({ "manifests": [{ "digest": "sha256:aa", "size": 48 }] }).to_string();
    let size = blob("aa", &itself);
    assert_eq!(size, 48);
    one("sha256:aa", size);
    refused(name("index.json\": indexes lie too deep in indexes"));
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
        (json!({ "Env": "A=1" }), "Env is not a list of texts"),
        (json!({ "Cmd": ["a", 5] }), "Cmd is not a list of texts"),
        (json!({ "Labels": { "a": 5 } }), "a is not a text"),
        (json!({ "User": 5 }), "User is not a text"),
        (json!([]), "config is not an object"),
    ] {
        let images = Images::new().image(None, config, &[]);
        let digits = format!("{:064x}", 1);
        let message = format!("image: \"layout/blobs/sha256/{digits}\": {what}");
        images.refused("image=layout id=web", &message);
    }
}
