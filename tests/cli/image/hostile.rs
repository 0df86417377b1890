//! Layers that mean harm: nothing outside of the root filesystem is touched.

use std::fs;

use serde_json::json;
use tar::EntryType;

use super::fixture::{Images, Layer, tree};

#[test]
fn no_layer_gets_out() {
    let cases: Vec<(&str, Layer)> = vec![
        (
            "a name",
            Layer::new().file("a/../../../../../victim/new", "x"),
        ),
        (
            "a folder's name",
            Layer::new().folder("../../../../victim/new", 0o755),
        ),
        (
            "a link above",
            Layer::new()
                .link("l", "../../../../victim")
                .file("l/new", "x"),
        ),
        (
            "an absolute link above",
            Layer::new()
                .link("l", "/proc/self/cwd/victim")
                .file("l/new", "x"),
        ),
        (
            "a folder behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .folder("l/new", 0o755),
        ),
        (
            "a whiteout behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .file("l/.wh.file", ""),
        ),
        (
            "an opaque whiteout behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .file("l/.wh..wh..opq", ""),
        ),
        (
            "a hard link",
            Layer::new()
                .hard_link("h", "../../../../victim/file")
                .file("h", "x"),
        ),
        (
            "a hard link behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .hard_link("h", "l/file"),
        ),
        (
            "a whiteout of a folder above",
            Layer::new().file("a/.wh...", ""),
        ),
        ("a whiteout of a folder", Layer::new().file("a/.wh..", "")),
        (
            "links in a circle",
            Layer::new()
                .link("a", "/b")
                .link("b", "a/b")
                .file("b/x", ""),
        ),
        (
            "half a layer",
            Layer::new().entry("x", EntryType::Regular, 0o644, "", &"x".repeat(4000)),
        ),
    ];
    for (what, layer) in cases {
        let mut bytes = layer.plain();
        if what == "half a layer" {
            bytes.truncate(2000);
        }
        let images = Images::new().image(None, json!({}), &[bytes]);
        fs::create_dir(images.path("victim")).unwrap();
        fs::write(images.path("victim/file"), "whole").unwrap();
        let output = images.dry_run("CreateContainer image=layout id=web").run();
        // To a container such a link leads to a folder of its own.
        let is_within = what.ends_with("link above") || what.ends_with("behind a link");
        let (status, start) = match is_within && what != "a hard link behind a link" {
            true => (0, "the image is unpacked to "),
            false => (2, "error: CreateContainer: image: \"layout/blobs/sha256/"),
        };
        assert_eq!(output.status, status, "{what}: {}", output.stderr);
        assert!(
            output.error().starts_with(start),
            "{what}: {}",
            output.stderr
        );
        assert_eq!(tree(&images.path("victim")), ["file"], "{what}");
        assert_eq!(
            fs::read(images.path("victim/file")).unwrap(),
            b"whole",
            "{what}"
        );
        if status != 0 {
            assert_eq!(tree(&images.path("run")), ["kata-agent-ctl/"], "{what}");
        }
    }
}

#[test]
fn a_user_file_is_not_read_outside() {
    let passwd = "web:x:33:34::/:\n";
    let layer = Layer::new()
        .folder("etc", 0o755)
        .link("etc/passwd", "../../../../../passwd");
    let images = Images::new().image(None, json!({ "User": "web" }), &[layer.plain()]);
    fs::write(images.path("passwd"), passwd).unwrap();
    images.refused(
        "image=layout id=web",
        "image: the image runs as \"web\", and its /etc/passwd has no \"web\"",
    );
}

#[test]
fn the_folder_must_be_this_users() {
    let images = Images::new().image(None, json!({}), &[]);
    std::os::unix::fs::symlink(images.path("bin"), images.path("run/kata-agent-ctl")).unwrap();
    images.refused(
        "image=layout id=web",
        "image: \"FOLDER/run/kata-agent-ctl\" is not a folder of this user alone",
    );
}
