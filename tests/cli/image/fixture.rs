//! Image layouts as tests make them, and runs that see no program but those of
//! the test.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tar::{Builder, EntryType, Header};
use tempfile::{TempDir, tempdir};

use crate::tool::{Tool, connect, tool};

/// A folder with an image layout, and what the runs of a test need.
pub struct Images {
    folder: TempDir,
    blobs: usize,
    manifests: Vec<Value>,
}

/// A layer on its way.
pub struct Layer(Builder<Vec<u8>>);

impl Layer {
    pub fn new() -> Self {
        Layer(Builder::new(Vec::new()))
    }

    /// An entry of any kind, by the name exactly as given.
    pub fn entry(mut self, name: &str, kind: EntryType, mode: u32, link: &str, data: &str) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(data.len() as u64);
        header.set_cksum();
        self.0.append(&header, data.as_bytes()).unwrap();
        self
    }

    pub fn file(self, name: &str, data: &str) -> Self {
        self.entry(name, EntryType::Regular, 0o644, "", data)
    }

    pub fn folder(self, name: &str, mode: u32) -> Self {
        self.entry(name, EntryType::Directory, mode, "", "")
    }

    pub fn link(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Symlink, 0o777, target, "")
    }

    pub fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Link, 0o644, target, "")
    }

    pub fn plain(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    pub fn gzip(self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.plain()).unwrap();
        encoder.finish().unwrap()
    }
}

impl Images {
    pub fn new() -> Self {
        let folder = tempdir().unwrap();
        for name in ["layout/blobs/sha256", "run", "bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let images = Self {
            folder,
            blobs: 0,
            manifests: Vec::new(),
        };
        let version = json!({ "imageLayoutVersion": "1.0.0" });
        fs::write(images.path("layout/oci-layout"), version.to_string()).unwrap();
        images
    }

    pub fn path(&self, name: &str) -> PathBuf {
        // As the tool shows it, where the folder for temporary files is a link.
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Adds a blob of a kind (`config`, `layer`, `manifest` or `index`), and gives its
    /// descriptor.
    pub fn blob(&mut self, kind: &str, bytes: &[u8]) -> Value {
        self.blobs += 1;
        let digits = format!("{:064x}", self.blobs);
        let path = format!("layout/blobs/sha256/{digits}");
        fs::write(self.path(&path), bytes).unwrap();
        let media_type = match kind {
            "layer" => "layer.v1.tar".to_owned(),
            kind => format!("{kind}.v1+json"),
        };
        json!({
            "mediaType": format!("application/vnd.oci.image.{media_type}"),
            "digest": format!("sha256:{digits}"),
            "size": bytes.len(),
        })
    }

    /// Adds an image, by a tag if one is given.
    pub fn image(mut self, tag: Option<&str>, config: Value, layers: &[Vec<u8>]) -> Self {
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": { "type": "layers", "diff_ids": [] },
        });
        let config = self.blob("config", config.to_string().as_bytes());
        let layers: Vec<_> = layers
            .iter()
            .map(|layer| self.blob("layer", layer))
            .collect();
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        let manifest = self.blob("manifest", manifest.to_string().as_bytes());
        self.manifest(tag, manifest)
    }

    pub fn manifest(mut self, tag: Option<&str>, mut manifest: Value) -> Self {
        if let Some(tag) = tag {
            manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        }
        self.manifests.push(manifest);
        let index = json!({ "schemaVersion": 2, "manifests": self.manifests });
        fs::write(self.path("layout/index.json"), index.to_string()).unwrap();
        self
    }

    /// Puts a shell script on the PATH. A process of its own writes it: one that
    /// another test starts meanwhile would keep it open, and busy.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        let status = Command::new("/bin/sh")
            .args([
                "-c",
                r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod 755 "$2""#,
                "sh",
            ])
            .arg(script)
            .arg(path)
            .status();
        assert!(status.unwrap().success());
    }

    /// A run in the folder, with nothing on the PATH but the test's programs.
    pub fn run(&self, tool: Tool) -> Tool {
        tool.folder(&self.path(""))
            .variable("PATH", self.path("bin").to_str().unwrap())
            .variable("XDG_RUNTIME_DIR", self.path("run").to_str().unwrap())
    }

    pub fn dry_run(&self, command: &str) -> Tool {
        self.run(tool(["connect", "--dry-run", "-o", "jsonl", "-c", command]))
    }

    pub fn connect(&self, command: &str) -> Tool {
        self.run(connect("sim://", ["-c", command]))
    }

    /// Where the bundle of a container is.
    pub fn bundle(&self, id: &str) -> PathBuf {
        self.path("run/kata-agent-ctl").join(id)
    }

    /// The request of a container, and that its bundle was made.
    #[track_caller]
    pub fn request(&self, command: &str, id: &str) -> Value {
        let output = self.dry_run(command).run();
        let told = format!("the image is unpacked to {:?}", self.bundle(id));
        assert_eq!((output.status, output.error()), (0, told.as_str()));
        output.json()
    }

    /// That a command is refused, and nothing is left behind.
    #[track_caller]
    pub fn refused(&self, words: &str, message: &str) {
        let message = message.replace(
            "FOLDER",
            self.path("").to_str().unwrap().trim_end_matches('/'),
        );
        self.connect(&format!("CreateContainer {words}"))
            .status(2)
            .stderr(format!("error: CreateContainer: {message}\n"))
            .test();
        let left = fs::read_dir(self.path("run/kata-agent-ctl"));
        let left: Vec<_> = left
            .into_iter()
            .flatten()
            .map(|it| it.unwrap().file_name())
            .collect();
        assert!(
            left.iter()
                .all(|name| name != "web" && !name.as_encoded_bytes().starts_with(b".")),
            "{left:?}"
        );
    }
}

/// The names below a folder, sorted, folders with a slash after them.
pub fn tree(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    walk(folder, "", &mut names);
    names.sort();
    names
}

fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            names.push(format!("{name}/"));
            walk(&entry.path(), &format!("{name}/"), names);
        } else {
            names.push(name);
        }
    }
}
