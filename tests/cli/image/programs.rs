//! skopeo and umoci, played by scripts that record how they are run.

use std::fs;

use serde_json::json;

use super::fixture::{Images, Layer, tree};

/// An image, a skopeo that fetches it from anywhere, and a umoci.
fn with_programs() -> Images {
    let images = Images::new().image(Some("latest"), json!({ "User": "7:8", "Cmd": ["x"] }), &[]);
    let folder = images.path("");
    let folder = folder.to_str().unwrap();
    images.program(
        "skopeo",
        &format!(
            "echo skopeo \"$@\" >> {folder}/log\ntarget=${{3#oci:}}\n\
             /bin/cp -r {folder}/layout/. \"${{target%:latest}}\"\necho fetched"
        ),
    );
    images.program(
        "umoci",
        &format!(
            "echo umoci \"$@\" >> {folder}/log\nfor bundle; do :; done\n\
             /bin/mkdir \"$bundle/rootfs\"\necho > \"$bundle/rootfs/by-umoci\"\n\
             echo {{}} > \"$bundle/config.json\""
        ),
    );
    images
}

/// What the scripts recorded, with the run's own folders replaced.
fn log(images: &Images) -> Vec<String> {
    let log = fs::read_to_string(images.path("log")).unwrap();
    let kept = images.path("run/kata-agent-ctl");
    let log = log.replace(kept.to_str().unwrap(), "KEPT");
    let word = |word: &str| match word.split_once(".layout.") {
        Some((start, rest)) => {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{start}.layout.N{rest}")
        }
        None => word
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned(),
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    // Only root unpacks with all owners.
    log.replace(" --rootless", "").lines().map(line).collect()
}

#[test]
fn a_registry_reference_is_fetched_and_unpacked() {
    for reference in ["busybox", "docker://busybox"] {
        let images = with_programs();
        let command = format!("CreateContainer image={reference} id=web");
        let output = images.dry_run(&command).run();
        let folder = images.bundle("web");
        assert_eq!(
            output.stderr,
            format!("fetching \"busybox\" with skopeo\nthe image is unpacked to {folder:?}\n")
        );
        let request = output.json();
        assert_eq!(
            request["OCI"]["Process"]["User"],
            json!({"UID": 7, "GID": 8})
        );
        assert_eq!(request["OCI"]["Root"]["Path"], json!(folder.join("rootfs")));
        assert_eq!(
            log(&images),
            [
                "skopeo copy docker://busybox oci:KEPT/.web.layout.N:latest",
                "umoci unpack --image KEPT/.web.layout.N:latest KEPT/.web.",
            ]
        );
        // The layout was for this alone.
        assert_eq!(
            tree(&images.path("run/kata-agent-ctl")),
            [
                "web/",
                "web/config.json",
                "web/image-digest",
                "web/rootfs/",
                "web/rootfs/by-umoci"
            ]
        );
    }
}

#[test]
fn a_layout_is_unpacked_by_umoci_where_it_is() {
    let images = with_programs();
    images.request("CreateContainer image=layout id=web", "web");
    assert_eq!(
        log(&images),
        ["umoci unpack --image layout:latest KEPT/.web."]
    );
}

#[test]
fn programs_that_are_not_there_are_named() {
    let images = Images::new();
    let missing = |missing: &str| {
        format!(
            "image: \"quay.io/a/b:1\" is not a folder here, and an image of a registry needs skopeo \
             to fetch it and umoci to unpack it; there is no {missing} on the PATH"
        )
    };
    images.refused("image=quay.io/a/b:1 id=web", &missing("skopeo or umoci"));
    images.program("skopeo", "exit 0");
    images.refused("image=quay.io/a/b:1 id=web", &missing("umoci"));
}

#[test]
fn what_a_failed_program_says_is_told() {
    let images = with_programs();
    images.program(
        "skopeo",
        "echo no; printf 'a\\nunknown \\033 host\\n\\n' >&2; exit 3",
    );
    images
        .connect("CreateContainer image=busybox id=web")
        .status(2)
        .stderr(
            "fetching \"busybox\" with skopeo\nerror: CreateContainer: image: skopeo failed \
             (exit status: 3): unknown \\x1b host\n",
        )
        .test();
    images.program("umoci", "exit 1");
    images.refused(
        "image=layout id=web",
        "image: umoci failed (exit status: 1): it does not say why",
    );
}

#[test]
fn zstd_needs_umoci() {
    let layer = [&[0x28, 0xb5, 0x2f, 0xfd][..], &Layer::new().plain()].concat();
    let images = Images::new().image(None, json!({}), &[layer]);
    let output = images.connect("CreateContainer image=layout id=web").run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().ends_with(
            "is compressed by zstd, which only umoci can unpack; there is none on the PATH"
        ),
        "{}",
        output.stderr
    );
}
