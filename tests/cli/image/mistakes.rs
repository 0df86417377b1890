//! Images and parameters that cannot be used.

use std::fs;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::fixture::{Images, Layer, MACHINE, blob_path, media_type};

#[test]
fn parameters() {
    let images = Images::new().image(None, json!({}), &[]);
    fs::write(images.path("file"), "").unwrap();
    let neither = |name: &str| {
        format!(
            "image: {name:?} is neither a bundle (a folder with config.json) nor an OCI image \
             layout (a folder with oci-layout and index.json) nor a tar archive of one or of \
             docker save"
        )
    };
    let none = |name: &str| format!("image: {name:?}: no such file or directory");
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
        ("image=/none id=web", none("/none")),
        ("image=./layuot:x id=web", none("./layuot:x")),
        ("image=oci:none:x id=web", none("oci:none:x")),
        ("image=oci-archive:none id=web", none("oci-archive:none")),
        ("image=bin id=web", neither("bin")),
        (
            "image=file id=web",
            neither("file"),
        ),
        ("image=oci:bin:x id=web", neither("oci:bin:x")),
        (
            "image=docker-daemon:a id=web",
            "image: \"docker-daemon:a\" cannot be read from there; \"skopeo copy docker-daemon:a \
             oci:LAYOUT\" makes an image layout of it, which can"
                .to_owned(),
        ),
        (
            "image='a b' id=web",
            "image: \"a b\" is neither a folder or file here nor a registry reference, such as \
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
    let refused = |message: &str| {
        images.refused("image=layout id=web", &format!("image: \"layout{message}"));
    };
    refused("/index.json\": no such file or directory");
    mkfifo(&images.path("layout/index.json"), Mode::S_IRWXU).unwrap();
    refused("/index.json\": not a regular file");
    fs::remove_file(images.path("layout/index.json")).unwrap();
    index("{\"schemaVersion\": 2,\n \"manifests\": [] 5}");
    refused("/index.json\": line 2, column 18: expected `,` or `}`");
    index("{}");
    refused("/index.json\": line 1, column 2: missing field `schemaVersion`");
    index(r#"{"schemaVersion": 2, "manifests": []}"#);
    refused("\" has no images");

    let one = |descriptor: &Value| {
        index(&json!({ "schemaVersion": 2, "manifests": [descriptor] }).to_string());
    };
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
        one(&json!({ "mediaType": media_type("manifest"), "digest": digest, "size": 1 }));
        let text = fs::read_to_string(images.path("layout/index.json")).unwrap();
        let quoted = format!("{digest:?}");
        let column = text.find(&quoted).unwrap() + quoted.len();
        refused(&format!(
            "/index.json\": line 1, column {column}: manifests[0].digest: {what}"
        ));
    }
    let mut manifest = images.blob(&media_type("manifest"), b"{}");
    let name = blob_path(&manifest).replace("layout", "");
    one(&manifest);
    refused(&format!(
        "{name}\": line 1, column 2: missing field `schemaVersion`"
    ));
    manifest["size"] = json!(1);
    one(&manifest);
    refused(&format!("{name}\": has 2 bytes, and should have 1"));
    fs::remove_file(images.path(&blob_path(&manifest))).unwrap();
    refused(&format!("{name}\": no such file or directory"));
    // An index in the index, without images, and with some that are not said to be for anything.
    let empty = images.blob(
        &media_type("index"),
        br#"{"schemaVersion": 2, "manifests": []}"#,
    );
    one(&empty);
    refused(&format!(
        "{}\": has no images",
        blob_path(&empty).replace("layout", "")
    ));
    let mut other = manifest.clone();
    other["digest"] = json!(format!("sha256:{}", "1".repeat(64)));
    let text = json!({ "schemaVersion": 2, "manifests": [manifest, other] }).to_string();
    let unsaid = images.blob(&media_type("index"), text.as_bytes());
    one(&unsaid);
    let name = blob_path(&unsaid).replace("layout", "");
    refused(&format!(
        "{name}\": does not say which of its images is for linux/{MACHINE}"
    ));
    // Indexes in indexes; one cannot be in itself, as its digest would have to be in it.
    let mut inner = images.blob(&media_type("index"), b"{}");
    for _ in 0..4 {
        let text = json!({ "schemaVersion": 2, "manifests": [inner] }).to_string();
        inner = images.blob(&media_type("index"), text.as_bytes());
    }
    one(&inner);
    refused("/index.json\": has indexes within indexes, more than 4 deep");
}

/// Each is an error of its own, and before anything is unpacked.
#[test]
fn what_is_no_image_for_this_machine() {
    let refused = |images: Images, message: &str| {
        images.refused("image=layout:it id=web", &format!("image: {message}"));
    };
    let of_layer = |media_type: &str, urls: &[&str]| {
        let images = Images::new();
        let mut layer = images.blob(media_type, &Layer::new().plain());
        layer["urls"] = json!(urls);
        let digest = layer["digest"].as_str().unwrap().to_owned();
        (images.image_of(Some("it"), json!({}), vec![layer]), digest)
    };
    for kind in ["tar+gzip+encrypted", "tar+zstd+encrypted"] {
        let (images, digest) = of_layer(&format!("application/vnd.oci.image.layer.v1.{kind}"), &[]);
        refused(
            images,
            &format!(
                "the layer {digest} is encrypted; \"skopeo copy --decryption-key\" makes an image \
                 of it that is not"
            ),
        );
    }
    let (images, digest) = of_layer(
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        &["https://a/b", "https://c"],
    );
    let foreign = format!(
        "the layer {digest} is a foreign one, which is not part of the image and has to be fetched \
         elsewhere"
    );
    refused(images, &format!("{foreign}, from https://a/b or https://c"));
    let (images, _) = of_layer(
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        &[],
    );
    refused(images, &foreign);
    let (images, digest) = of_layer("application/vnd.in-toto+json", &[]);
    refused(
        images,
        &format!(
            "the layer {digest} is of the type \"application/vnd.in-toto+json\", which is not one \
             of a container image"
        ),
    );

    // An artifact, by its configuration's type and by its own.
    for (kind, more) in [
        ("application/vnd.cncf.helm.config.v1+json", json!({})),
        ("application/x", json!({ "artifactType": "application/x" })),
    ] {
        let images = Images::new();
        let config = match more.get("artifactType") {
            None => images.blob(kind, b"{}"),
            Some(_) => images.blob("application/vnd.oci.empty.v1+json", b"{}"),
        };
        let mut manifest = json!({ "schemaVersion": 2, "config": config, "layers": [] });
        if let Some(artifact_type) = more.get("artifactType") {
            manifest["artifactType"] = artifact_type.clone();
        }
        let manifest = images.blob(&media_type("manifest"), manifest.to_string().as_bytes());
        let name = blob_path(&manifest);
        refused(
            images.manifest(Some("it"), manifest),
            &format!("{name:?} is an artifact of the type {kind:?}, not a container image"),
        );
    }

    // By its own configuration, and by the index that it is in.
    let images = Images::new();
    let config = images.config(json!({}), "pdp11").to_string();
    let config = images.blob(&media_type("config"), config.as_bytes());
    let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [] });
    let manifest = images.blob(&media_type("manifest"), manifest.to_string().as_bytes());
    let name = blob_path(&manifest);
    let needed = format!("and an image for linux/{MACHINE} is needed");
    refused(
        images.manifest(Some("it"), manifest),
        &format!("{name:?} is for linux/pdp11, {needed}"),
    );
    let mut images =
        Images::new()
            .image(None, json!({}), &[])
            .image(None, json!({ "Cmd": ["x"] }), &[]);
    let mut inner = images.take_index();
    inner["manifests"][0]["platform"] = json!({ "os": "linux", "architecture": "pdp11" });
    inner["manifests"][1]["platform"] = json!({ "os": "plan9", "architecture": MACHINE });
    let inner = images.blob(&media_type("index"), inner.to_string().as_bytes());
    let name = blob_path(&inner);
    refused(
        images.manifest(Some("it"), inner),
        &format!("{name:?} is for linux/pdp11, plan9/{MACHINE}, {needed}"),
    );
}

#[test]
fn a_tag_that_stands_twice() {
    let images = || {
        Images::new().image(Some("it"), json!({}), &[]).image(
            Some("it"),
            json!({ "Cmd": ["x"] }),
            &[],
        )
    };
    let digests = |images: &Images| {
        let text = fs::read_to_string(images.path("layout/index.json")).unwrap();
        let index: Value = serde_json::from_str(&text).unwrap();
        let digest = |it: &Value| it["digest"].as_str().unwrap().to_owned();
        let digests: Vec<_> = index["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(digest)
            .collect();
        digests.join(", ")
    };
    let twice = images();
    let message = format!(
        "image: \"layout\": the tag \"it\" stands for more than one image: {}",
        digests(&twice)
    );
    twice.refused("image=layout:it id=web", &message);
    // The same image twice is one, and so is one of several for other machines.
    let same = Images::new()
        .image(Some("it"), json!({ "Cmd": ["x"] }), &[])
        .image(Some("it"), json!({ "Cmd": ["x"] }), &[]);
    let output = same.dry_run("CreateContainer image=layout:it id=web").run();
    assert_eq!(output.status, 0, "{}", output.stderr);
    let mut several = images();
    let index = several.take_index();
    for (number, machine) in ["pdp11", MACHINE].into_iter().enumerate() {
        let mut manifest = index["manifests"][number].clone();
        manifest["platform"] = json!({ "os": "linux", "architecture": machine });
        several = several.manifest(Some("it"), manifest);
    }
    let output = several
        .dry_run("CreateContainer image=layout:it id=web")
        .run();
    assert_eq!(output.json()["OCI"]["Process"]["Args"], json!(["x"]));
}

#[test]
fn a_user_that_is_not_there() {
    let layer = Layer::new().file("etc/passwd", "a:x:1:1::/:\n").plain();
    for (user, file, name) in [("web", "passwd", "web"), ("a:web", "group", "web")] {
        let images =
            Images::new().image(None, json!({ "User": user }), std::slice::from_ref(&layer));
        if !images.with(&["umoci"]) {
            return;
        }
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
        let images = Images::new();
        let text = images.config(config.clone(), MACHINE).to_string();
        let name = blob_path(&images.blob(&media_type("config"), text.as_bytes()));
        let images = images.image(None, config, &[]);
        let message = format!("image: {name:?}: line 1, column {what}");
        images.refused("image=layout id=web", &message);
    }
}
