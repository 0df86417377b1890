//! Images that mean harm: nothing outside of the root filesystem is touched, and what has
//! been changed is noticed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tar::EntryType;

use super::fixture::{Images, Layer, blob_path, tree};
use crate::tool::connect;

const UP: &str = "../../../../../victim";

/// The layers of images that reach for the folder "victim", which is beside those of the
/// bundles.
fn attacks() -> Vec<(&'static str, Vec<Layer>)> {
    let one = |layer: Layer| vec![layer];
    vec![
        (
            "a name",
            one(Layer::new().file("a/../../../../../../victim/new", "x")),
        ),
        (
            "a folder's name",
            one(Layer::new().folder("../../../../../victim/new", 0o755)),
        ),
        (
            "a link above",
            one(Layer::new().link("l", UP).file("l/new", "x")),
        ),
        (
            "an absolute link above",
            one(Layer::new()
                .link("l", "/proc/self/cwd/victim")
                .file("l/new", "x")),
        ),
        (
            "a folder behind a link",
            one(Layer::new().link("l", UP).folder("l/new", 0o755)),
        ),
        (
            "a folder, and a link in its place",
            one(Layer::new().folder("l", 0o6777).link("l", UP)),
        ),
        (
            "a folder, and in the next layer a link in its place",
            vec![
                Layer::new().folder("l", 0o6777).file("l/in", ""),
                Layer::new().link("l", UP).folder("l/", 0o6777),
            ],
        ),
        (
            "a file, and a link in the place of its folder",
            one(Layer::new()
                .folder("l", 0o755)
                .entry("l/file", EntryType::Regular, 0o6777, "", "x")
                .link("l", UP)),
        ),
        (
            "a folder below a link that was one",
            one(Layer::new().folder("p/file/", 0o6777).link("p", UP)),
        ),
        (
            "a whiteout, and then a link",
            one(Layer::new().file(".wh.l", "").link("l", UP)),
        ),
        (
            "a whiteout behind a link",
            one(Layer::new().link("l", UP).file("l/.wh.file", "")),
        ),
        (
            "an opaque whiteout behind a link",
            one(Layer::new().link("l", UP).file("l/.wh..wh..opq", "")),
        ),
        (
            "a hard link",
            one(Layer::new()
                .hard_link("h", "../../../../../victim/file")
                .file("h", "x")),
        ),
        (
            "a hard link behind a link",
            one(Layer::new().link("l", UP).hard_link("h", "l/file")),
        ),
        (
            "a whiteout of a folder above",
            one(Layer::new().file("a/.wh...", "")),
        ),
        (
            "a whiteout of the folder above the root",
            one(Layer::new().file(".wh...", "")),
        ),
        (
            "a whiteout of the root",
            one(Layer::new().file(".wh..", "")),
        ),
        (
            "a whiteout of a folder",
            one(Layer::new().file("a/.wh..", "")),
        ),
        (
            "links in a circle",
            one(Layer::new()
                .link("a", "/b")
                .link("b", "a/b")
                .file("b/x", "")),
        ),
    ]
}

#[test]
fn no_layer_gets_out() {
    for of_nobody in [false, true] {
        for (what, layers) in attacks() {
            let layers: Vec<_> = layers.into_iter().map(Layer::plain).collect();
            let mut images = Images::new().image(None, json!({ "Cmd": ["x"] }), &layers);
            if of_nobody {
                images = images.of_nobody();
            }
            if !images.with(&["umoci"]) {
                return;
            }
            let victim = images.path("victim");
            fs::create_dir(&victim).unwrap();
            fs::set_permissions(&victim, Permissions::from_mode(0o757)).unwrap();
            fs::write(victim.join("file"), "whole").unwrap();
            fs::set_permissions(victim.join("file"), Permissions::from_mode(0o606)).unwrap();
            let state = || {
                let of = |path| {
                    let found = fs::metadata(path).unwrap();
                    (
                        found.mode(),
                        found.uid(),
                        found.gid(),
                        found.nlink(),
                        found.mtime_nsec(),
                    )
                };
                (of(victim.clone()), of(victim.join("file")), tree(&victim))
            };
            let before = state();
            // Some are unpacked within the image, and umoci refuses others.
            let output = images.connect("CreateContainer image=layout id=web").run();
            assert_eq!(state(), before, "{what}: {}", output.stderr);
            assert_eq!(fs::read(victim.join("file")).unwrap(), b"whole", "{what}");
            match output.status {
                0 => assert!(images.bundle("web").join("rootfs").is_dir(), "{what}"),
                2 => {
                    let error = output.error();
                    let is_it = |start: &str| {
                        error.starts_with(&format!("error: CreateContainer: image: {start}"))
                    };
                    assert!(
                        is_it("umoci failed (exit status: 1)") || is_it("nothing is left of it"),
                        "{what}: {error}"
                    );
                    images.nothing_left();
                }
                status => panic!("{what}: {status}"),
            }
        }
    }
}

/// A file of the same size and another content, for each kind of blob.
#[test]
fn every_blob_is_held_against_its_digest() {
    let layer = Layer::new().file("x", "x").plain();
    let images =
        || Images::new().image(None, json!({ "Cmd": ["x"] }), std::slice::from_ref(&layer));
    let change = |images: &Images, of: &str| {
        let folder = images.path("layout/blobs/sha256");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mut content = fs::read(&path).unwrap();
            let place = content.windows(of.len()).position(|it| it == of.as_bytes());
            if let Some(place) = place {
                content[place] = b'#';
                fs::write(&path, content).unwrap();
                return path.strip_prefix(images.path("")).unwrap().to_owned();
            }
        }
        panic!("no blob has {of:?}");
    };
    for (of, is_document) in [
        ("schemaVersion", true),
        ("architecture", true),
        ("ustar", false),
    ] {
        let images = images();
        if !images.with(&["umoci"]) {
            return;
        }
        let path = change(&images, of);
        for run in [
            images.dry_run("CreateContainer image=layout id=web"),
            images.connect("CreateContainer image=layout id=web"),
        ] {
            let output = run.run();
            let error = output.stderr.lines().last().unwrap();
            let start = match is_document {
                true => format!(
                    "error: CreateContainer: image: {path:?} is not what its name says: its digest is "
                ),
                // A dry run reads no layer.
                false if output.status == 0 => continue,
                false => {
                    "error: CreateContainer: image: umoci failed (exit status: 1): ".to_owned()
                }
            };
            let start = start.replacen(&format!("{path:?} is"), &format!("{path:?}: is"), 1);
            assert_eq!(output.status, 2);
            assert!(error.starts_with(&start), "{error}");
        }
        images.nothing_left();
    }
}

#[test]
fn half_a_layer_is_none() {
    let layer = Layer::new().file("x", &"x".repeat(4000)).plain();
    let images = Images::new().image(None, json!({}), &[layer[..2000].to_vec()]);
    if !images.with(&["umoci"]) {
        return;
    }
    let output = images.connect("CreateContainer image=layout id=web").run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().ends_with("unexpected EOF"),
        "{}",
        output.stderr
    );
    images.nothing_left();
}

#[test]
fn a_user_file_is_not_read_outside() {
    let passwd = "web:x:33:34::/:\n";
    let layer = Layer::new()
        .folder("etc", 0o755)
        .link("etc/passwd", "../../../../../passwd");
    let images = Images::new().image(None, json!({ "User": "web" }), &[layer.plain()]);
    if !images.with(&["umoci"]) {
        return;
    }
    fs::write(images.path("passwd"), passwd).unwrap();
    images.refused(
        "image=layout id=web",
        "image: the image runs as \"web\", and its /etc/passwd has no \"web\"",
    );
}

#[test]
fn the_folder_must_be_this_users() {
    let images = Images::new().image(None, json!({}), &[]);
    if !images.with(&["umoci"]) {
        return;
    }
    std::os::unix::fs::symlink(images.path("bin"), images.path("run/kata-agent-ctl")).unwrap();
    images
        .connect("CreateContainer image=layout id=web")
        .status(2)
        .stderr(format!(
            "error: CreateContainer: image: {:?} is not a folder of this user alone\n",
            images.path("run/kata-agent-ctl")
        ))
        .test();
}

/// What umoci unpacks is bounded, in files that are large and in many that are small.
#[test]
fn an_image_may_not_be_larger_than_it_may() {
    let many = (0..300).fold(Layer::new(), |layer, number| {
        layer.file(&format!("{number}"), &"x".repeat(4096))
    });
    let large = Layer::new().file("large", &"x".repeat(2 << 20));
    for layer in [many, large] {
        let images = Images::new()
            .image(None, json!({ "Cmd": ["x"] }), &[layer.gzip()])
            .of_nobody();
        if !images.with(&["umoci"]) {
            return;
        }
        for limit in ["1MiB", "1024K"] {
            let command = "CreateContainer image=layout id=web";
            images
                .run(connect("sim://", ["--image-limit", limit, "-c", command]))
                .status(2)
                .stderr(
                    "error: CreateContainer: image: it takes more than 1 MiB on disk; \
                     --image-limit allows more\n",
                )
                .test();
            images.nothing_left();
        }
        let arguments = [
            "--image-limit",
            "64MiB",
            "-l",
            "error",
            "-c",
            "CreateContainer image=layout id=web",
        ];
        assert_eq!(images.run(connect("sim://", arguments)).run().status, 0);
    }
}

/// A file system that is there for one test.
struct Mounted(std::path::PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_left_as_it_was() {
    let layer = Layer::new().file("large", &"x".repeat(8 << 20));
    let images = Images::new().image(None, json!({}), &[layer.gzip()]);
    let disk = images.path("run");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m,mode=755", "small"])
        .arg(&disk)
        .output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        test_support::skip_even_if_required("no file system can be mounted here");
        return;
    }
    let _mounted = Mounted(disk);
    // One that dies of it.
    images.program(
        "umoci",
        "echo 'panic: d.nx != 0' >&2; PATH=/bin:/usr/bin; cat /dev/zero > bundle/full 2>/dev/null; exit 2",
    );
    images
        .connect("CreateContainer image=layout id=web")
        .status(2)
        .stderr(
            "error: CreateContainer: image: umoci failed (exit status: 2): panic: d.nx != 0: no \
             space left on device\n",
        )
        .test();
    images.nothing_left();
    fs::remove_file(images.path("bin/umoci")).unwrap();
    if !images.with(&["umoci"]) {
        return;
    }
    let output = images.connect("CreateContainer image=layout id=web").run();
    let error = output.error();
    assert_eq!(output.status, 2, "{error}");
    assert!(error.ends_with("no space left on device"), "{error}");
    images.nothing_left();
}

/// Ctrl-C and SIGTERM end the program, with what it has started, and leave nothing.
#[test]
fn what_is_interrupted_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let images = Images::new().image(None, json!({}), &[]);
        let ids = images.path("ids");
        images.program(
            "umoci",
            &format!(
                "/bin/mkdir -p bundle/rootfs/in\n/bin/sleep 60 &\n\
                 echo $$ $! > {}\nwait",
                ids.display()
            ),
        );
        let running = images
            .connect("CreateContainer image=layout id=web")
            .heeds_signals()
            .start();
        let deadline = Instant::now() + Duration::from_secs(20);
        let ids = loop {
            let text = fs::read_to_string(&ids).unwrap_or_default();
            if text.ends_with('\n') {
                break text;
            }
            assert!(Instant::now() < deadline, "umoci was not started");
            thread::sleep(Duration::from_millis(5));
        };
        running.signal(signal);
        let output = running.wait();
        assert_eq!(output.status, 130);
        assert_eq!(output.stderr, "error: CreateContainer: interrupted\n");
        images.nothing_left();
        for id in ids.split_whitespace() {
            let id = Pid::from_raw(id.parse().unwrap());
            while kill(id, None).is_ok() && !is_dead(id) {
                assert!(Instant::now() < deadline, "{id} lives on");
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// What a run that was killed has left is removed by the next one.
#[test]
fn what_is_killed_leaves_nothing_for_long() {
    let images = Images::new().image(None, json!({ "Cmd": ["x"] }), &[]);
    if !images.with(&["umoci"]) {
        return;
    }
    // No process has such a number; one that lives is at work.
    let gone = images.path("run/kata-agent-ctl/.other.99999999");
    let at_work = images.path(&format!("run/kata-agent-ctl/.x.{}", std::process::id()));
    fs::create_dir_all(gone.join("bundle/rootfs")).unwrap();
    fs::create_dir(&at_work).unwrap();
    fs::set_permissions(
        images.path("run/kata-agent-ctl"),
        Permissions::from_mode(0o700),
    )
    .unwrap();
    images.request("CreateContainer image=layout id=web", "web");
    assert!(!gone.exists() && at_work.exists());
}

/// Whether a process has ended, and nobody has asked how.
fn is_dead(id: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    status
        .rsplit(')')
        .next()
        .is_none_or(|rest| rest.trim_start().starts_with('Z'))
}

/// A layer that is a named pipe, which would be waited for.
#[test]
fn a_blob_is_a_file() {
    let images = Images::new();
    let layer = images.layer(&Layer::new().plain());
    let path = images.path(&blob_path(&layer));
    let images = images.image_of(None, json!({}), vec![layer]);
    fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let output = images.connect("CreateContainer image=layout id=web").run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().ends_with("\": not a regular file"),
        "{}",
        output.stderr
    );
    // One that only says how large it is takes no room, and is not read.
    fs::remove_file(&path).unwrap();
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let output = images.connect("CreateContainer image=layout id=web").run();
    assert!(
        output
            .error()
            .contains("has 1099511627776 bytes, and should have 1024")
    );
}
