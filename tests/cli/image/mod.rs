//! `CreateContainer image=REF id=ID`: what is sent, and what is on disk then.

mod fixture;
mod hostile;
mod mistakes;
mod programs;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use serde_json::json;
use tar::EntryType;

use self::fixture::{Images, Layer, tree};

#[test]
fn a_bundle_is_taken_as_it_is() {
    let images = Images::new();
    fs::create_dir(images.path("b")).unwrap();
    let config = r#"{"root": {"path": "rootfs"}, "hostname": "h"}"#;
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
                 \"OCI\":{{\"Root\":{{\"Path\":{root:?}}},\"Hostname\":\"h\"}}}}\n"
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
    let images = layered();
    images.request("CreateContainer image=layout id=web", "web");
    let root = images.bundle("web").join("rootfs");
    assert_eq!(
        tree(&root),
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
    assert_eq!(metadata("").mode() & 0o7777, 0o711);
    assert_eq!(metadata("pipe").mode(), 0o010_622);
    assert_eq!(
        fs::read_link(root.join("link")).unwrap().to_str(),
        Some("/etc/passwd")
    );
    assert_eq!(fs::read(root.join("old/new")).unwrap(), b"new");
    // Nobody else looks into it.
    let folder = fs::metadata(images.path("run/kata-agent-ctl")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
}

#[test]
fn links_are_followed_within_the_image() {
    let lower = Layer::new()
        .link("var/run", "/run")
        .link("etc/passwd", "/usr/passwd")
        .link("above", "../../../../srv")
        .file("usr/passwd", "web:x:33:34::/:\n");
    let upper = Layer::new()
        .file("var/run/app/x", "x")
        .hard_link("var/run/same", "var/run/app/x")
        .hard_link("name", "etc/passwd")
        .folder("above/in", 0o700);
    let layers = [lower.plain(), upper.plain()];
    let images = Images::new().image(None, json!({ "User": "web" }), &layers);
    let request = images.request("CreateContainer image=layout id=web", "web");
    assert_eq!(
        request["OCI"]["Process"]["User"],
        json!({"UID": 33, "GID": 34})
    );
    let root = images.bundle("web").join("rootfs");
    assert_eq!(
        tree(&root),
        [
            "above",
            "etc/",
            "etc/passwd",
            "name",
            "run/",
            "run/app/",
            "run/app/x",
            "run/same",
            "srv/",
            "srv/in/",
            "usr/",
            "usr/passwd",
            "var/",
            "var/run",
        ]
    );
    let inode = |name| fs::symlink_metadata(root.join(name)).unwrap().ino();
    assert_eq!(inode("run/same"), inode("run/app/x"));
    assert_eq!(inode("name"), inode("etc/passwd"));
}

#[test]
fn devices_that_are_left_out_are_told() {
    let device = |kind, name| Layer::new().entry(name, kind, 0o666, "", "").plain();
    let layers = [
        device(EntryType::Char, "dev/null"),
        device(EntryType::Block, "dev/sda"),
    ];
    let images = Images::new().image(None, json!({}), &layers);
    let output = images.dry_run("CreateContainer image=layout id=web").run();
    assert_eq!(output.status, 0);
    assert_eq!(
        output.stderr.lines().next(),
        Some(
            "devices in the image that are left out, as the agent makes its own: 2, the first is \
             \"dev/null\""
        )
    );
}

#[test]
fn the_configuration_is_the_images() {
    let images = layered();
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
            "org.opencontainers.image.architecture": "amd64",
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

#[test]
fn an_image_that_says_nothing_runs_as_root() {
    let images = Images::new().image(None, serde_json::Value::Null, &[]);
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
        "image: \"layout\" has no image \"v2\" for this kind of machine; there are \"latest\", \"v1:a\"",
    );
}

#[test]
fn an_index_is_searched_for_this_kind_of_machine() {
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mut images = Images::new()
        .image(None, json!({ "Cmd": ["other"] }), &[])
        .image(None, json!({ "Cmd": ["this"] }), &[]);
    let text = fs::read_to_string(images.path("layout/index.json")).unwrap();
    let mut inner: serde_json::Value = serde_json::from_str(&text).unwrap();
    inner["manifests"][0]["platform"] = json!({ "os": "linux", "architecture": "pdp11" });
    inner["manifests"][1]["platform"] = json!({ "os": "linux", "architecture": machine });
    let outer = images.blob("index", inner.to_string().as_bytes());
    fs::remove_file(images.path("layout/index.json")).unwrap();
    let images = images.manifest(Some("all"), outer);
    let request = images.request("CreateContainer image=layout:all id=web", "web");
    assert_eq!(request["OCI"]["Process"]["Args"], json!(["this"]));
}

#[test]
fn a_bundle_is_used_again() {
    let images = layered();
    let command = "CreateContainer image=layout id=taken";
    let first = images.request(command, "taken");
    let folder = images.bundle("taken");
    let output = images.dry_run(command).run();
    let told = format!("the image is unpacked before, in {folder:?}");
    assert_eq!((output.error(), output.json()), (told.as_str(), first));
    let images = images.image(Some("other"), json!({}), &[]);
    images.refused(
        "image=layout:other id=taken",
        "image: \"FOLDER/run/kata-agent-ctl/taken\" holds the bundle of another image; remove \
         it, or give another id",
    );
}
