//! `CreateContainer image=REF id=ID`: what is sent, and what is on disk then.

mod fetched;
mod fixture;
mod hostile;
mod mistakes;
mod programs;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;
use tar::EntryType;

use self::fixture::{Images, Layer, MACHINE, media_type, tree};

#[test]
fn a_bundle_is_taken_as_it_is() {
    let images = Images::new();
    fs::create_dir(images.path("b")).unwrap();
    let config = r#"{"root": {"path": "rootfs"}, "hostname": "h", "mounts": [
        {"destination": "/proc"}, {"destination": "/dev"}], "linux": {"namespaces": [
        {"type": "mount"}, {"type": "pid"}, {"type": "network", "path": "/run/netns/x"}]}}"#;
    fs::write(images.path("b/config.json"), config).unwrap();
    let root = images.path("b/rootfs");
    for command in [
        "CreateContainer image=b id=web",
        "CreateContainer image=b cid=web",
        r#"CreateContainer json://{"image": "b", "id": "web"}"#,
    ] {
        images
            .dry_run(command)
            .stdout(format!(
                "{{\"container_id\":\"web\",\"exec_id\":\"web\",\
                 \"OCI\":{{\"Root\":{{\"Path\":{root:?}}},\"Hostname\":\"h\",\
                 \"Mounts\":[{{\"destination\":\"/proc\"}},{{\"destination\":\"/dev\"}}],\
                 \"Linux\":{{\"Namespaces\":[{{\"Type\":\"mount\"}}]}}}}}}\n"
            ))
            .test();
    }
    assert!(!images.path("run/kata-agent-ctl").exists());
}

/// Three layers that use everything a layer may.
fn layered() -> Images {
    let lowest = Layer::new()
        .folder("./", 0o711)
        .folder("etc/", 0o755)
        .file(
            "etc/passwd",
            "root:x:0:0::/:/bin/sh\nweb:x:33:34::/:/bin/sh\n",
        )
        .file("etc/group", "log:x:40:web\n")
        .file("etc/gone", "")
        .folder("old/", 0o755)
        .file("old/a", "")
        .folder("old/deep/", 0o755)
        .file("old/deep/b", "")
        .folder("becomes-file/", 0o755)
        .file("becomes-file/x", "")
        .file("becomes-folder", "")
        .link("link", "etc");
    let middle = Layer::new()
        .file("etc/.wh.gone", "")
        .file("etc/.wh.never", "")
        .file("old/new", "new")
        .file("old/.wh..wh..opq", "")
        .file("becomes-file", "f")
        .folder("becomes-folder", 0o1777)
        .file("made/on/the/way", "");
    let upper = Layer::new()
        .entry("bin/tool", EntryType::Regular, 0o4755, "", "#!")
        .hard_link("bin/same", "bin/tool")
        .folder("closed/", 0o500)
        .file("closed/in", "")
        .entry("pipe", EntryType::Fifo, 0o622, "", "")
        .file("/absolute", "")
        .link("link", "/etc/passwd");
    let config = json!({
        "User": "web",
        "Env": ["A=1", "PATH=/x"],
        "Entrypoint": ["/bin/tool"],
        "Cmd": ["-v"],
        "WorkingDir": "/srv",
        "StopSignal": "SIGQUIT",
        "Labels": { "maker": "me", "org.opencontainers.image.os": "mine" },
    });
    let layers = [lowest.gzip(), middle.plain(), upper.gzip()];
    Images::new().image(None, config, &layers)
}

#[test]
fn layers_lie_over_each_other() {
    for images in [layered(), layered().of_nobody()] {
        if !images.with(&["umoci"]) {
            return;
        }
        images.request("CreateContainer image=layout id=web", "web");
        let root = images.bundle("web").join("rootfs");
        let mut names = tree(&root);
        names.sort();
        assert_eq!(
            names,
            [
                "absolute",
                "becomes-file",
                "becomes-folder/",
                "bin/",
                "bin/same",
                "bin/tool",
                "closed/",
                "closed/in",
                "etc/",
                "etc/group",
                "etc/passwd",
                "link",
                "made/",
                "made/on/",
                "made/on/the/",
                "made/on/the/way",
                "old/",
                "old/new",
                "pipe",
            ]
        );
        let metadata = |name| fs::symlink_metadata(root.join(name)).unwrap();
        assert_eq!(metadata("bin/tool").mode() & 0o7777, 0o4755);
        assert_eq!(metadata("bin/tool").ino(), metadata("bin/same").ino());
        assert_eq!(metadata("closed").mode() & 0o7777, 0o500);
        assert_eq!(metadata("becomes-folder").mode() & 0o7777, 0o1777);
        assert_eq!(metadata("pipe").mode(), 0o010_622);
        assert_eq!(
            fs::read_link(root.join("link")).unwrap().to_str(),
            Some("/etc/passwd")
        );
        assert_eq!(fs::read(root.join("old/new")).unwrap(), b"new");
        assert_eq!(
            tree(&images.path("run/kata-agent-ctl"))
                .into_iter()
                .filter(|name| !name.starts_with("web/rootfs/"))
                .collect::<Vec<_>>(),
            ["web/", "web/config.json", "web/image-digest"]
        );
        // Nobody else looks into it.
        let folder = fs::metadata(images.path("run/kata-agent-ctl")).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_configuration_that_has_grown_too_large_is_not_read() {
    let images = Images::new().image(None, json!({ "Cmd": ["x"] }), &[Layer::new().plain()]);
    if !images.with(&["umoci"]) {
        return;
    }
    let command = "CreateContainer image=layout id=web";
    images.request(command, "web");
    let name = images.bundle("web").join("config.json");
    let config = fs::File::options().write(true).open(&name).unwrap();
    config.set_len(10 << 30).unwrap();
    let error = format!("error: CreateContainer: {name:?} is larger than 64 MiB\n");
    images.dry_run(command).status(2).stderr(error).test();
}

/// What a layer has is not hidden by its own whiteouts, wherever in it they stand.
#[test]
fn whiteouts_hide_what_is_below_their_layer() {
    let below = Layer::new()
        .folder("srv/", 0o755)
        .file("srv/lower", "")
        .folder("srv/sub/", 0o755)
        .file("srv/sub/lower", "")
        .plain();
    let whiteout = Layer::new().file("srv/new", "").file(".wh.srv", "");
    let opaque = Layer::new()
        .folder("srv/", 0o755)
        .file("srv/new", "")
        .file("srv/.wh..wh..opq", "")
        .file("srv/newer", "");
    for (upper, left) in [
        (whiteout, &["srv/", "srv/new"][..]),
        (opaque, &["srv/", "srv/new", "srv/newer"]),
    ] {
        let images = Images::new().image(
            None,
            json!({ "Cmd": ["x"] }),
            &[below.clone(), upper.gzip()],
        );
        if !images.with(&["umoci"]) {
            return;
        }
        images.request("CreateContainer image=layout id=web", "web");
        assert_eq!(tree(&images.bundle("web").join("rootfs")), left);
    }
}

#[test]
fn links_are_followed_within_the_image() {
    let lower = Layer::new()
        .link("var/run", "/run")
        .link("etc/passwd", "/usr/passwd")
        .file("usr/passwd", "web:x:33:34::/:\n");
    let upper = Layer::new().file("var/run/app/x", "x");
    let layers = [lower.plain(), upper.plain()];
    let images = Images::new().image(None, json!({ "User": "web", "Cmd": ["x"] }), &layers);
    if !images.with(&["umoci"]) {
        return;
    }
    let request = images.request("CreateContainer image=layout id=web", "web");
    assert_eq!(
        request["OCI"]["Process"]["User"],
        json!({"UID": 33, "GID": 34})
    );
    let names = tree(&images.bundle("web").join("rootfs"));
    assert!(names.contains(&"run/app/x".to_owned()), "{names:?}");
}

#[test]
fn the_configuration_is_the_images() {
    let images = layered();
    if !images.with(&["umoci"]) {
        return;
    }
    let request = images.request("CreateContainer image=layout id=web", "web");
    assert_eq!(request["container_id"], "web");
    let spec = &request["OCI"];
    assert_eq!(
        spec["Process"]["User"],
        json!({"UID": 33, "GID": 34, "AdditionalGids": [40]})
    );
    assert_eq!(spec["Process"]["Args"], json!(["/bin/tool", "-v"]));
    assert_eq!(spec["Process"]["Env"], json!(["A=1", "PATH=/x"]));
    assert_eq!(spec["Process"]["Cwd"], "/srv");
    let root = images.bundle("web").join("rootfs");
    assert_eq!(spec["Root"], json!({ "Path": root }));
    assert_eq!(
        spec["Annotations"],
        json!({
            "maker": "me",
            "org.opencontainers.image.architecture": MACHINE,
            "org.opencontainers.image.os": "mine",
            "org.opencontainers.image.stopSignal": "SIGQUIT",
        })
    );
    // What an agent insists on, and what it adds itself.
    let bounding = &spec["Process"]["Capabilities"]["Bounding"];
    assert_eq!(bounding.as_array().map(Vec::len), Some(14));
    let namespaces = spec["Linux"]["Namespaces"].as_array().unwrap();
    let kinds: Vec<_> = namespaces
        .iter()
        .map(|it| it["Type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["ipc", "uts", "mount"]);
    assert_eq!(spec["Mounts"][0]["destination"], "/proc");
}

/// Nothing is unpacked, and the numbers of a user are as good as they can be told.
#[test]
fn a_dry_run_reads_the_images_own_configuration() {
    for (user, numbers, looked_up) in [
        ("7:8", json!({"UID": 7, "GID": 8}), false),
        ("7", json!({"UID": 7}), true),
        ("web", json!({}), true),
    ] {
        // No program is needed for it.
        let images = Images::new().image(None, json!({"User": user, "Cmd": ["x"]}), &[]);
        let bundle = images.bundle("web");
        let told = format!("{bundle:?} is not there yet: nothing is unpacked");
        let more = match looked_up {
            true => "; the user's numbers are looked up in the image's files then",
            false => "",
        };
        let output = images
            .dry_run("CreateContainer image=layout id=web OCI.Hostname=h")
            .run();
        assert_eq!(
            (output.status, output.error()),
            (0, format!("{told}{more}").as_str())
        );
        let spec = &output.json()["OCI"];
        assert_eq!(spec["Process"]["User"], numbers, "{user}");
        assert_eq!(spec["Process"]["Args"], json!(["x"]));
        assert_eq!(spec["Hostname"], "h");
        assert_eq!(spec["Root"]["Path"], json!(bundle.join("rootfs")));
        assert!(tree(&images.path("run")).is_empty());
    }
}

/// A mistake in a later command, and nothing of the earlier ones is done.
#[test]
fn nothing_is_unpacked_before_the_run_begins() {
    let images = Images::new().image(None, json!({}), &[]);
    if !images.with(&["umoci"]) {
        return;
    }
    images
        .run(crate::tool::connect(
            "sim://",
            ["-c", "CreateContainer image=layout id=web", "Chekc"],
        ))
        .status(2)
        .stderr("error: there is no RPC or built-in command \"Chekc\"; did you mean \"Check\"?\n")
        .test();
    assert!(tree(&images.path("run")).is_empty());
}

#[test]
fn an_image_that_says_nothing_runs_as_root() {
    let images = Images::new().image(None, serde_json::Value::Null, &[]);
    if !images.with(&["umoci"]) {
        return;
    }
    let request = images.request(
        "CreateContainer image=layout id=web OCI.Process.Args=sh OCI.Root.Path=/guest",
        "web",
    );
    let process = &request["OCI"]["Process"];
    assert_eq!(process["Args"], json!(["sh"]));
    assert_eq!(process["User"], json!({}));
    assert_eq!(process["Cwd"], "/");
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(process["Env"], json!([path]));
    assert_eq!(request["OCI"]["Root"]["Path"], "/guest");
}

#[test]
fn an_image_is_found_by_its_tag() {
    let config = |word| json!({ "Cmd": [word] });
    let images = Images::new()
        .image(Some("latest"), config("latest"), &[])
        .image(Some("v1:a"), config("v1:a"), &[])
        .image(None, config("none"), &[]);
    if !images.with(&["umoci"]) {
        return;
    }
    for (number, (reference, word)) in [
        ("layout", "latest"),
        ("oci:layout", "latest"),
        ("layout:v1:a", "v1:a"),
        ("oci:layout:v1:a", "v1:a"),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("c{number}");
        let request = images.request(&format!("CreateContainer image={reference} id={id}"), &id);
        assert_eq!(
            request["OCI"]["Process"]["Args"],
            json!([word]),
            "{reference}"
        );
    }
    images.refused(
        "image=layout:v2 id=web",
        "image: \"layout\" has no image \"v2\"; there are \"latest\", \"v1:a\"",
    );
}

/// umoci alone would take the tag of an index for that of several images.
#[test]
fn an_index_is_searched_for_this_kind_of_machine() {
    let mut images = Images::new()
        .image(None, json!({ "Cmd": ["other"] }), &[])
        .image(None, json!({ "Cmd": ["this"] }), &[])
        .image(None, json!({ "Cmd": ["a note on it"] }), &[]);
    if !images.with(&["umoci"]) {
        return;
    }
    let mut inner = images.take_index();
    inner["manifests"][0]["platform"] = json!({ "os": "linux", "architecture": "pdp11" });
    inner["manifests"][1]["platform"] = json!({ "os": "linux", "architecture": MACHINE });
    inner["manifests"][2]["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
    let inner = images.blob(&media_type("index"), inner.to_string().as_bytes());
    let images = images.manifest(Some("all"), inner);
    let request = images.request("CreateContainer image=layout:all id=web", "web");
    assert_eq!(request["OCI"]["Process"]["Args"], json!(["this"]));
}

#[test]
fn a_bundle_is_used_again() {
    let images = layered();
    if !images.with(&["umoci"]) {
        return;
    }
    let command = "CreateContainer image=layout id=taken";
    let first = images.request(command, "taken");
    let folder = images.bundle("taken");
    // A dry run takes it as it is, and no program is needed for it any more.
    assert_eq!(images.dry_run(command).run().succeeded().json(), first);
    fs::remove_file(images.path("bin/umoci")).unwrap();
    images
        .connect(command)
        .stdout("{}\n")
        .stderr(format!("the image was unpacked before, to {folder:?}\n"))
        .test();
    let images = images.image(Some("other"), json!({}), &[]);
    images.refused(
        "image=layout:other id=taken",
        "image: \"FOLDER/run/kata-agent-ctl/taken\" holds the bundle of another image; remove \
         it, or give another id",
    );
}
