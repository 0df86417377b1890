//! Images that skopeo fetches or converts before umoci unpacks them.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use tar::Builder;

use super::fixture::{Images, Layer, digest, media_type, tree};

const BOTH: &[&str] = &["skopeo", "umoci"];

/// An image of two layers, in which a file of the lower one is gone.
fn image(tag: Option<&str>) -> Images {
    let lower = Layer::new()
        .folder("a/", 0o755)
        .file("a/gone", "")
        .file("a/here", "");
    let upper = Layer::new().file("a/.wh.gone", "").file("b", "");
    let layers = [lower.gzip(), upper.gzip()];
    Images::new().image(tag, json!({ "User": "7:8", "Cmd": ["x"] }), &layers)
}

/// That a command makes a container of that image.
#[track_caller]
fn makes_it(images: &Images, reference: &str, told: &str) {
    let command = format!("CreateContainer image={reference} id=web");
    let request = images.request_after(told, &command, "web");
    let bundle = images.bundle("web");
    assert_eq!(
        request["OCI"]["Process"]["User"],
        json!({"UID": 7, "GID": 8})
    );
    assert_eq!(request["OCI"]["Process"]["Args"], json!(["x"]));
    assert_eq!(request["OCI"]["Root"]["Path"], json!(bundle.join("rootfs")));
    assert_eq!(tree(&bundle.join("rootfs")), ["a/", "a/here", "b"]);
    // Whatever was fetched was for this alone.
    let left: Vec<_> = fs::read_dir(images.path("run/kata-agent-ctl"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 1);
}

/// Runs the real skopeo for a test's own needs.
fn skopeo(images: &Images, arguments: &[&str]) {
    let output = Command::new("skopeo")
        .args(["--insecure-policy"])
        .args(arguments)
        .current_dir(images.path(""))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn layers_compressed_by_zstd_are_compressed_anew() {
    for of_nobody in [false, true] {
        let mut images = image(Some("it"));
        if of_nobody {
            images = images.of_nobody();
        }
        if !images.with(BOTH) {
            return;
        }
        let to = ["oci:layout:it", "oci:zstd:it"];
        skopeo(
            &images,
            &["copy", "--dest-compress-format", "zstd", to[0], to[1]],
        );
        makes_it(&images, "zstd:it", "");
    }
}

#[test]
fn dockers_media_types_are_converted() {
    let images = Images::new();
    if !images.with(BOTH) {
        return;
    }
    let docker = |kind: &str| format!("application/vnd.docker.{kind}");
    let lower = Layer::new()
        .folder("a/", 0o755)
        .file("a/gone", "")
        .file("a/here", "");
    let upper = Layer::new().file("a/.wh.gone", "").file("b", "");
    let contents = [lower, upper].map(|layer| {
        let plain = layer.plain();
        (digest(&plain), Layer::gzip_of(&plain))
    });
    let mut config = images.config(json!({ "User": "7:8", "Cmd": ["x"] }), super::MACHINE);
    config["rootfs"]["diff_ids"] = json!(contents.each_ref().map(|(id, _)| id));
    let layers =
        contents.map(|(_, gzip)| images.blob(&docker("image.rootfs.diff.tar.gzip"), &gzip));
    let config = config.to_string();
    let config = images.blob(&docker("container.image.v1+json"), config.as_bytes());
    let kind = docker("distribution.manifest.v2+json");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers,
    });
    let manifest = images.blob(&kind, manifest.to_string().as_bytes());
    // In an index of Docker's, too.
    let mut entry = manifest.clone();
    entry["platform"] = json!({ "os": "linux", "architecture": super::MACHINE });
    let kind = docker("distribution.manifest.list.v2+json");
    let list = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": [entry] });
    let list = images.blob(&kind, list.to_string().as_bytes());
    let images = images
        .manifest(Some("it"), manifest)
        .manifest(Some("list"), list);
    makes_it(&images, "layout:it", "");
    fs::remove_dir_all(images.bundle("web")).unwrap();
    makes_it(&images, "layout:list", "");
}

#[test]
fn archives_are_read() {
    for of_nobody in [false, true] {
        let mut images = image(Some("it")).image(Some("other"), json!({}), &[]);
        if of_nobody {
            images = images.of_nobody();
        }
        if !images.with(BOTH) {
            return;
        }
        archive(&images.path("layout"), &images.path("a:b.tar"));
        skopeo(
            &images,
            &["copy", "oci:layout:it", "docker-archive:docker.tar:a/b:1"],
        );
        for reference in [
            "a:b.tar:it",
            "oci-archive:a:b.tar:it",
            "docker.tar",
            "docker-archive:docker.tar",
            "docker.tar:a/b:1",
        ] {
            if images.bundle("web").exists() {
                fs::remove_dir_all(images.bundle("web")).unwrap();
            }
            makes_it(
                &images,
                reference,
                &format!("reading {reference:?} with skopeo\n"),
            );
        }
    }
}

/// A tar archive of a folder.
fn archive(folder: &Path, file: &Path) {
    let mut archive = Builder::new(File::create(file).unwrap());
    archive.append_dir_all(".", folder).unwrap();
    archive.finish().unwrap();
}

/// skopeo would take the first of two images by one tag, and a manifest of another digest.
#[test]
fn an_archives_documents_are_checked() {
    let images = image(Some("it")).image(Some("it"), json!({ "Cmd": ["y"] }), &[]);
    images.program("skopeo", "exit 9");
    images.program("umoci", "exit 9");
    archive(&images.path("layout"), &images.path("x.tar"));
    let run = |reference: &str| {
        let output = images
            .connect(&format!("CreateContainer image={reference} id=web"))
            .run();
        assert_eq!(output.status, 2);
        output.error().to_owned()
    };
    let error = run("x.tar:it");
    let start = "error: CreateContainer: image: \"x.tar\": the tag \"it\" stands for more than one \
                 image: sha256:";
    assert!(error.starts_with(start), "{error}");

    let index = fs::read_to_string(images.path("layout/index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let descriptor = &index["manifests"][0];
    let manifest = images.path(&super::fixture::blob_path(descriptor));
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"size\":", "\"sise\":")).unwrap();
    let one = json!({ "schemaVersion": 2, "manifests": [descriptor] });
    fs::write(images.path("layout/index.json"), one.to_string()).unwrap();
    archive(&images.path("layout"), &images.path("x.tar"));
    let error = run("x.tar:it");
    assert!(
        error.contains("is not what its name says: its digest is "),
        "{error}"
    );

    for (content, what) in [
        (
            &[0x1f, 0x8b, 8, 0, 0, 0][..],
            "is compressed: \"gzip -d\" makes an archive of it that is taken",
        ),
        (&[b'x'; 600], "is not a tar archive"),
    ] {
        fs::write(images.path("x.tar"), content).unwrap();
        for reference in ["x.tar", "oci-archive:x.tar", "docker-archive:x.tar"] {
            let expected = format!("error: CreateContainer: image: \"x.tar\" {what}");
            assert_eq!(run(reference), expected);
        }
    }
    let documents = |saved: Value| {
        let folder = images.path("saved");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("manifest.json"), saved.to_string()).unwrap();
        archive(&folder, &images.path("x.tar"));
    };
    documents(json!([{ "RepoTags": ["a:1"] }, { "RepoTags": ["docker.io/library/a:1", "b:2"] }]));
    assert_eq!(
        run("x.tar:a:1"),
        "error: CreateContainer: image: \"x.tar\": the tag \"a:1\" stands for more than one image"
    );
    for (reference, has) in [
        ("x.tar", "2 images, and none is called \"latest\""),
        ("x.tar:c", "no image \"c\""),
    ] {
        assert_eq!(
            run(reference),
            format!(
                "error: CreateContainer: image: \"x.tar\" has {has}; there are \"a:1\", \
                 \"docker.io/library/a:1\", \"b:2\""
            )
        );
    }
    documents(json!([]));
    assert_eq!(
        run("x.tar"),
        "error: CreateContainer: image: \"x.tar\" has no images"
    );
}

/// A registry on this machine, over plain HTTP, with the images of a layout.
fn registry(images: &Images) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let layout = images.path("layout");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let layout = layout.clone();
            thread::spawn(move || while serve(&stream, &layout).is_some() {});
        }
    });
    let settings = format!("[[registry]]\nlocation = \"127.0.0.1:{port}\"\ninsecure = true\n");
    let folder = images.path("run/.config/containers");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("registries.conf"), settings).unwrap();
    port
}

/// Answers one request of a client that asks for blobs and for manifests by tag or digest.
fn serve(mut stream: &TcpStream, layout: &Path) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut header = String::new();
    while header.trim() != "" || header.is_empty() {
        header.clear();
        reader
            .read_line(&mut header)
            .ok()
            .filter(|count| *count > 0)?;
    }
    let name = path.rsplit('/').next()?;
    let index = fs::read_to_string(layout.join("index.json")).ok()?;
    let index: Value = serde_json::from_str(&index).ok()?;
    let digest = match name.starts_with("sha256:") {
        true => name.to_owned(),
        false => index["manifests"][0]["digest"].as_str()?.to_owned(),
    };
    let content = fs::read(layout.join("blobs").join(digest.replace(':', "/")));
    let (status, content) = match (path.as_str(), content) {
        ("/v2/", _) => ("200 OK", Vec::new()),
        (path, Ok(content)) if !path.contains("signatures") => ("200 OK", content),
        _ => ("404 Not Found", Vec::new()),
    };
    let kind = match path.contains("/manifests/") {
        true => media_type("manifest"),
        false => "application/octet-stream".to_owned(),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nDocker-Content-Digest: {digest}\r\n\
         Content-Length: {}\r\n\r\n",
        content.len()
    );
    let body = if line.starts_with("HEAD") {
        &[][..]
    } else {
        &content
    };
    stream.write_all(&[head.as_bytes(), body].concat()).ok()
}

#[test]
fn a_registry_reference_is_fetched() {
    for with_scheme in [true, false] {
        let images = image(Some("1"));
        if !images.with(BOTH) {
            return;
        }
        let scheme = if with_scheme { "docker://" } else { "" };
        let reference = format!("{scheme}127.0.0.1:{}/a/b:1", registry(&images));
        makes_it(
            &images,
            &reference,
            &format!("fetching {reference:?} with skopeo\n"),
        );
    }
}
