//! Image layouts as tests make them, and runs that see no programs but those that a test
//! puts on the PATH.

use std::env;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nix::unistd::geteuid;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::{TempDir, tempdir};

use crate::tool::{Tool, connect, program, tool};

/// A user who is not root.
const NOBODY: u32 = 65534;

/// What images for this kind of machine are called.
pub(super) const MACHINE: &str = if cfg!(target_arch = "x86_64") {
    "amd64"
} else if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    env::consts::ARCH
};

/// A folder with an image layout, and what the runs of a test need.
pub(super) struct Images {
    folder: TempDir,
    manifests: Vec<Value>,
    user: Option<u32>,
}

/// A layer on its way.
pub(super) struct Layer(Builder<Vec<u8>>);

impl Layer {
    pub(super) fn new() -> Self {
        Layer(Builder::new(Vec::new()))
    }

    /// An entry of any kind, by the name exactly as given.
    pub(super) fn entry(
        mut self,
        name: &str,
        kind: EntryType,
        mode: u32,
        link: &str,
        data: &str,
    ) -> Self {
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

    pub(super) fn file(self, name: &str, data: &str) -> Self {
        self.entry(name, EntryType::Regular, 0o644, "", data)
    }

    pub(super) fn folder(self, name: &str, mode: u32) -> Self {
        self.entry(name, EntryType::Directory, mode, "", "")
    }

    pub(super) fn link(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Symlink, 0o777, target, "")
    }

    pub(super) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Link, 0o644, target, "")
    }

    pub(super) fn plain(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    pub(super) fn gzip(self) -> Vec<u8> {
        Self::gzip_of(&self.plain())
    }

    pub(super) fn gzip_of(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }
}

/// The type of a document of a layer, as OCI writes it.
pub(super) fn media_type(kind: &str) -> String {
    match kind {
        "layer" => "application/vnd.oci.image.layer.v1.tar".to_owned(),
        "gzip" | "zstd" => format!("application/vnd.oci.image.layer.v1.tar+{kind}"),
        kind => format!("application/vnd.oci.image.{kind}.v1+json"),
    }
}

pub(super) fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    format!("sha256:{digits}")
}

/// The path of what a descriptor stands for.
pub(super) fn blob_path(descriptor: &Value) -> String {
    let digest = descriptor["digest"].as_str().unwrap();
    format!("layout/blobs/{}", digest.replace(':', "/"))
}

impl Images {
    pub(super) fn new() -> Self {
        let folder = tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        for name in ["layout/blobs/sha256", "run", "bin"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let images = Self {
            folder,
            manifests: Vec::new(),
            user: None,
        };
        let version = json!({ "imageLayoutVersion": "1.0.0" });
        fs::write(images.path("layout/oci-layout"), version.to_string()).unwrap();
        images
    }

    /// Where images are made by runs that are not root's, even if these tests are.
    pub(super) fn of_nobody(mut self) -> Self {
        if geteuid().is_root() {
            self.user = Some(NOBODY);
            chown(self.path("run"), Some(NOBODY), Some(NOBODY)).unwrap();
            // The one that was built may be where nobody else gets to. A process of its own
            // copies it, as in `program`.
            let copied = Command::new("cp")
                .arg(program())
                .arg(self.path("tool"))
                .status();
            assert!(copied.unwrap().success());
        }
        self
    }

    /// Puts real programs on the PATH, if they are installed.
    pub(super) fn with(&self, programs: &[&str]) -> bool {
        programs.iter().all(|name| {
            let is_there = test_support::is_installed(name);
            if is_there {
                let folders = env::var_os("PATH").unwrap();
                let mut paths = env::split_paths(&folders).map(|folder| folder.join(name));
                symlink(
                    paths.find(|path| path.is_file()).unwrap(),
                    self.path("bin").join(name),
                )
                .unwrap();
            }
            is_there
        })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        // As the tool shows it, where the folder for temporary files is a link.
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Adds a blob, and gives its descriptor.
    pub(super) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        let descriptor = json!({
            "mediaType": media_type,
            "digest": digest(bytes),
            "size": bytes.len(),
        });
        fs::write(self.path(&blob_path(&descriptor)), bytes).unwrap();
        descriptor
    }

    /// Adds an image, by a tag if one is given.
    pub(super) fn image(self, tag: Option<&str>, config: Value, layers: &[Vec<u8>]) -> Self {
        let layers: Vec<_> = layers.iter().map(|layer| self.layer(layer)).collect();
        self.image_of(tag, config, layers)
    }

    /// Adds a layer, compressed or not, and gives its descriptor.
    pub(super) fn layer(&self, layer: &[u8]) -> Value {
        let kind = if layer.starts_with(&[0x1f, 0x8b]) {
            "gzip"
        } else {
            "layer"
        };
        self.blob(&media_type(kind), layer)
    }

    /// Adds an image of layers that are there.
    pub(super) fn image_of(self, tag: Option<&str>, config: Value, layers: Vec<Value>) -> Self {
        let mut config = self.config(config, MACHINE);
        config["rootfs"]["diff_ids"] = layers.iter().map(|it| self.unpacked_digest(it)).collect();
        let config = self.blob(&media_type("config"), config.to_string().as_bytes());
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        let manifest = self.blob(&media_type("manifest"), manifest.to_string().as_bytes());
        self.manifest(tag, manifest)
    }

    /// The digest of a layer as it is before it is compressed.
    fn unpacked_digest(&self, layer: &Value) -> Value {
        let bytes = fs::read(self.path(&blob_path(layer))).unwrap();
        let mut plain = Vec::new();
        match GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain) {
            Ok(_) => json!(digest(&plain)),
            Err(_) => json!(digest(&bytes)),
        }
    }

    /// An image's configuration.
    pub(super) fn config(&self, config: Value, machine: &str) -> Value {
        json!({
            "architecture": machine,
            "os": "linux",
            "config": config,
            "rootfs": { "type": "layers", "diff_ids": [] },
        })
    }

    pub(super) fn manifest(mut self, tag: Option<&str>, mut manifest: Value) -> Self {
        if let Some(tag) = tag {
            manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        }
        self.manifests.push(manifest);
        let index = json!({ "schemaVersion": 2, "manifests": self.manifests });
        fs::write(self.path("layout/index.json"), index.to_string()).unwrap();
        self
    }

    /// Takes all images out of the layout's index, and gives that.
    pub(super) fn take_index(&mut self) -> Value {
        json!({ "schemaVersion": 2, "manifests": std::mem::take(&mut self.manifests) })
    }

    /// Puts a shell script on the PATH. A process of its own writes it: one that
    /// another test starts meanwhile would keep it open, and busy.
    pub(super) fn program(&self, name: &str, script: &str) {
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
    pub(super) fn run(&self, tool: Tool) -> Tool {
        let tool = match self.user {
            Some(user) => tool.binary(&self.path("tool")).user(user),
            None => tool,
        };
        tool.folder(&self.path(""))
            .variable("HOME", self.path("run").to_str().unwrap())
            .variable("PATH", self.path("bin").to_str().unwrap())
            .variable("XDG_RUNTIME_DIR", self.path("run").to_str().unwrap())
    }

    pub(super) fn dry_run(&self, command: &str) -> Tool {
        self.run(tool(["connect", "--dry-run", "-o", "jsonl", "-c", command]))
    }

    pub(super) fn connect(&self, command: &str) -> Tool {
        self.run(connect("sim://", ["-c", command]))
    }

    /// Where the bundle of a container is.
    pub(super) fn bundle(&self, id: &str) -> PathBuf {
        self.path("run/kata-agent-ctl").join(id)
    }

    /// Makes a container, and with it its bundle; gives the request that was sent. What
    /// else is told comes before that the image is unpacked.
    #[track_caller]
    pub(super) fn request_after(&self, told: &str, command: &str, id: &str) -> Value {
        let arguments = ["-v", "-l", "error", "-c", command];
        let output = self.run(connect("sim://", arguments)).run();
        assert_eq!(output.status, 0, "{}", output.stderr);
        let told = format!("{told}the image is unpacked to {:?}\n", self.bundle(id));
        let rest = output.stderr.strip_prefix(&told);
        let rest = rest.unwrap_or_else(|| panic!("{}", output.stderr));
        let request = rest.lines().find_map(|line| line.strip_prefix("> {"));
        serde_json::from_str(&format!("{{{}", request.unwrap())).unwrap()
    }

    #[track_caller]
    pub(super) fn request(&self, command: &str, id: &str) -> Value {
        self.request_after("", command, id)
    }

    /// That a command is refused, and nothing is left behind.
    #[track_caller]
    pub(super) fn refused(&self, words: &str, message: &str) {
        let message = message.replace(
            "FOLDER",
            self.path("").to_str().unwrap().trim_end_matches('/'),
        );
        self.connect(&format!("CreateContainer {words}"))
            .status(2)
            .stderr(format!("error: CreateContainer: {message}\n"))
            .test();
        self.nothing_left();
    }

    /// That there is neither a bundle of the container "web" nor anything half done.
    #[track_caller]
    pub(super) fn nothing_left(&self) {
        let left = fs::read_dir(self.path("run/kata-agent-ctl"));
        let left = left.into_iter().flatten().map(|it| it.unwrap().file_name());
        let left: Vec<_> = left.collect();
        let is_left =
            |name: &std::ffi::OsString| name == "web" || name.as_encoded_bytes().starts_with(b".");
        assert!(!left.iter().any(is_left), "{left:?}");
    }
}

impl Drop for Images {
    /// Images have folders that not even their owner may remove things from.
    fn drop(&mut self) {
        let _ = Command::new("chmod")
            .args(["-R", "u+rwX"])
            .arg(self.folder.path())
            .status();
    }
}

/// The names below a folder, sorted, folders with a slash after them.
pub(super) fn tree(folder: &Path) -> Vec<String> {
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
