//! Layers that mean harm: nothing outside of the root filesystem is touched.

use std::fs;

use serde_json::json;
use tar::EntryType;

use super::fixture::{Images, Layer, tree};

#[test]
fn no_layer_gets_out() {
    // To a container a link that leads above leads to a folder of its own, so that some are
    // unpacked; the others say what is wrong.
    let cases: Vec<(&str, Layer, Option<&str>)> = vec![
        (
            "a name",
            Layer::new().file("a/../../../../../victim/new", "x"),
            Some("leads out of the image"),
        ),
        (
            "a folder's name",
            Layer::new().folder("../../../../victim/new", 0o755),
            Some("leads out of the image"),
        ),
        (
            "a link above",
            Layer::new()
                .link("l", "../../../../victim")
                .file("l/new", "x"),
            None,
        ),
        (
            "an absolute link above",
            Layer::new()
                .link("l", "/proc/self/cwd/victim")
                .file("l/new", "x"),
            None,
        ),
        (
            "a folder behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .folder("l/new", 0o755),
            None,
        ),
        (
            "a whiteout behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .file("l/.wh.file", ""),
            None,
        ),
        (
            "an opaque whiteout behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .file("l/.wh..wh..opq", ""),
            None,
        ),
        (
            "a hard link",
            Layer::new()
                .hard_link("h", "../../../../victim/file")
                .file("h", "x"),
            Some("leads out of the image"),
        ),
        (
            "a hard link behind a link",
            Layer::new()
                .link("l", "../../../../victim")
                .hard_link("h", "l/file"),
            Some("o such file or directory"),
        ),
        (
            "a whiteout of a folder above",
            Layer::new().file("a/.wh...", ""),
            Some("\".wh...\" hides no name"),
        ),
        (
            "a whiteout of a folder",
            Layer::new().file("a/.wh..", ""),
            Some("\".wh..\" hides no name"),
        ),
        (
            "links in a circle",
            Layer::new()
                .link("a", "/b")
                .link("b", "a/b")
                .file("b/x", ""),
            Some("\"b\" leads through too many links"),
        ),
        (
            "half a layer",
            Layer::new().entry("x", EntryType::Regular, 0o644, "", &"x".repeat(4000)),
            Some("failed to write entire file"),
        ),
    ];
    for (what, layer, reason) in cases {
        let mut bytes = layer.plain();
        if what == "half a layer" {
            bytes.truncate(2000);
        }
        let images = Images::new().image(None, json!({}), &[bytes]);
        fs::create_dir(images.path("victim")).unwrap();
        fs::write(images.path("victim/file"), "whole").unwrap();
        let output = images.dry_run("CreateContainer image=layout id=web").run();
        let (status, start) = match reason {
            None => (0, "the image is unpacked to "),
            Some(_) => (2, "error: CreateContainer: image: \"layout/blobs/sha256/"),
        };
        assert_eq!(output.status, status, "{what}: {}", output.stderr);
        let error = output.error();
        assert!(
            error.starts_with(start) && error.contains(reason.unwrap_or_default()),
            "{what}: {error}"
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
