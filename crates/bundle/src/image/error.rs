//! Why an image cannot be used, and its wording. What a file or a program says
//! is shown with everything escaped that a terminal would act on.

use std::io;
use std::path::Path;

use agent_text::size;

/// Why no container can be made from an image.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The ID cannot name a folder.
    #[error(
        "{id:?} is not a container's ID: letters, digits, \"_\", \".\" and \"-\", and at first a \
         letter or digit"
    )]
    Id {
        /// What was given.
        id: String,
    },
    /// It looks like a path, and leads to nothing that can be used.
    #[error(
        "{name:?} is neither a bundle (a folder with config.json) nor an OCI image layout (a \
         folder with oci-layout and index.json) nor a tar archive of one or of docker save"
    )]
    NoImage {
        /// What was given.
        name: String,
    },
    /// It is somewhere that only skopeo knows.
    #[error(
        "{name:?} cannot be read from there; \"skopeo copy {name} oci:LAYOUT\" makes an image \
         layout of it, which can"
    )]
    Elsewhere {
        /// What was given.
        name: String,
    },
    /// It is not a path, and not a name that a registry may have.
    #[error(
        "{name:?} is neither a folder or file here nor a registry reference, such as \
         docker.io/library/busybox:latest"
    )]
    Reference {
        /// What was given.
        name: String,
    },
    /// A program that is needed is not there.
    #[error("{name:?} {purpose}: there is no {} on the PATH; install {}", missing.join(" and no "), packages(missing))]
    NoTool {
        /// What was given.
        name: String,
        /// What needs the program, after the image's name.
        purpose: &'static str,
        /// The programs that are not there.
        missing: Vec<&'static str>,
    },
    /// Nothing can be told of it yet.
    #[error(
        "{name:?} has to be fetched first, which a dry run does not do; it reads image layouts, \
         which \"skopeo copy\" makes"
    )]
    NotFetched {
        /// What was given.
        name: String,
    },
    /// skopeo has taken another image than the one that was chosen.
    #[error("{name:?}: skopeo has taken another image from it than the one asked for")]
    Mistaken {
        /// What was given.
        name: String,
    },
    /// A layer removes what it is unpacked to.
    #[error("nothing is left of it when it is unpacked: a whiteout removes its root filesystem")]
    NoRoot,
    /// A signal came.
    #[error("interrupted")]
    Interrupted,
    /// It takes more room than it may.
    #[error("it takes more than {} on disk; --image-limit allows more", size::display(*.limit))]
    TooLarge {
        /// The most that it may take, in bytes.
        limit: u64,
    },
    /// A program failed.
    #[error("{tool} failed ({status}): {said}")]
    Tool {
        /// The program's name.
        tool: &'static str,
        /// Its exit status, in words.
        status: String,
        /// The last line that it wrote.
        said: String,
    },
    /// A file or folder cannot be read or made.
    #[error("{name:?}: {}", agent_text::reason(.error))]
    File {
        /// Its path.
        name: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// A file of a layout says what it may not say.
    #[error("{name:?}: {what}")]
    Layout {
        /// Its path.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A file cannot be read as an archive.
    #[error("{name:?} is not a tar archive{}", because(.error))]
    Archive {
        /// Its path.
        name: String,
        /// Why not.
        error: io::Error,
    },
    /// An archive has to be decompressed.
    #[error("{name:?} is compressed: \"{by} -d\" makes an archive of it that is taken")]
    Compressed {
        /// Its path.
        name: String,
        /// The program that decompresses it.
        by: &'static str,
    },
    /// There is no image by this tag.
    #[error("{name:?} has {}{}", lacks(.tag.as_deref(), *.count), names(.tags, *.count))]
    Tag {
        /// The layout's folder, or the archive.
        name: String,
        /// The tag that was asked for.
        tag: Option<String>,
        /// How many images it has.
        count: usize,
        /// Their tags.
        tags: Vec<String>,
    },
    /// A tag is that of several images.
    #[error("{name:?}: the tag {tag:?} stands for more than one image{}", listed(.digests))]
    Twice {
        /// The layout's folder, or the archive.
        name: String,
        /// The tag.
        tag: String,
        /// The digests of the images, where they are known.
        digests: Vec<String>,
    },
    /// It is for other machines.
    #[error("{name:?} is for {found}, and an image for {here} is needed")]
    Platform {
        /// The path of the document that says so.
        name: String,
        /// What it is for.
        found: String,
        /// What is needed.
        here: String,
    },
    /// It is something else than a container's image.
    #[error("{name:?} is an artifact of the type {kind:?}, not a container image")]
    Artifact {
        /// The path of its manifest.
        name: String,
        /// Its type.
        kind: String,
    },
    /// A layer cannot be unpacked.
    #[error("the layer {digest} {what}")]
    Layer {
        /// Its digest.
        digest: String,
        /// Why not.
        what: String,
    },
    /// The user that the image runs as is not in its files.
    #[error("the image runs as {user:?}, and its {file} has no {name:?}")]
    User {
        /// The user as the image has it.
        user: String,
        /// Where names are looked up.
        file: &'static str,
        /// The name that is missing.
        name: String,
    },
    /// The container's folder holds another image.
    #[error("{folder:?} holds the bundle of another image; remove it, or give another id")]
    Taken {
        /// The folder.
        folder: String,
    },
    /// Others could change what is in the folder.
    #[error("{folder:?} is not a folder of this user alone")]
    Shared {
        /// The folder.
        folder: String,
    },
}

fn packages(programs: &[&str]) -> &'static str {
    match programs {
        [_] => "the package of that name",
        _ => "the packages of these names",
    }
}

/// What the system says. What is wrong with the first bytes of something else helps nobody.
fn because(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::InvalidData => String::new(),
        _ => format!(": {}", agent_text::reason(error)),
    }
}

fn lacks(tag: Option<&str>, count: usize) -> String {
    match (count, tag) {
        (0, _) => "no images".to_owned(),
        (_, Some(tag)) => format!("no image {tag:?}"),
        (count, None) => format!("{count} images, and none is called \"latest\""),
    }
}

fn names(tags: &[String], count: usize) -> String {
    match tags {
        [] if count == 0 => String::new(),
        [] => "; none has a name".to_owned(),
        _ => {
            let names: Vec<_> = tags.iter().map(|tag| format!("{tag:?}")).collect();
            format!("; there are {}", names.join(", "))
        }
    }
}

fn listed(digests: &[String]) -> String {
    match digests {
        [] => String::new(),
        _ => format!(": {}", digests.join(", ")),
    }
}

impl ImageError {
    /// What is wrong with a file of a layout.
    pub(crate) fn layout(path: &Path, what: impl Into<String>) -> Self {
        ImageError::Layout {
            name: path.display().to_string(),
            what: what.into(),
        }
    }

    /// For errors of the operating system about a path.
    pub(crate) fn file(path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let name = path.as_ref().display().to_string();
        |error| ImageError::File { name, error }
    }
}
