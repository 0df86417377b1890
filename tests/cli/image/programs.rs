//! skopeo and umoci, where they are missing or fail.

use std::fs;

use serde_json::json;

use super::fixture::{Images, Layer, media_type};

#[test]
fn programs_that_are_not_there_are_named() {
    let plain = || Images::new().image(None, json!({}), &[Layer::new().gzip()]);
    let umoci = "there is no umoci on the PATH; install the package of that name";
    let images = plain();
    images.refused(
        "image=layout id=web",
        &format!("image: \"layout\" is unpacked by umoci: {umoci}"),
    );

    let images = Images::new();
    let layer = images.blob(&media_type("zstd"), &[0x28, 0xb5, 0x2f, 0xfd]);
    let images = images.image_of(None, json!({}), vec![layer]);
    let zstd = "image: \"layout\" has layers compressed by zstd, which skopeo compresses anew and \
                umoci unpacks: there is no";
    let missing = |both: &str| format!("{both} on the PATH; install the packages of these names");
    images.refused(
        "image=layout id=web",
        &format!("{zstd} {}", missing("umoci and no skopeo")),
    );
    images.program("umoci", "exit 9");
    images.refused(
        "image=layout id=web",
        &format!("{zstd} skopeo on the PATH; install the package of that name"),
    );

    let registry = "image: \"quay.io/a/b:1\" is not on this disk; skopeo fetches it and umoci \
                    unpacks it: there is no";
    let images = plain();
    images.refused(
        "image=quay.io/a/b:1 id=web",
        &format!("{registry} {}", missing("umoci and no skopeo")),
    );
    images.program("skopeo", "exit 9");
    images.refused(
        "image=quay.io/a/b:1 id=web",
        &format!("{registry} {}", &umoci[12..]),
    );
    // What is not a program is none.
    fs::write(images.path("bin/umoci"), "").unwrap();
    images.refused(
        "image=quay.io/a/b:1 id=web",
        &format!("{registry} {}", &umoci[12..]),
    );
}

#[test]
fn what_a_failed_program_says_is_told() {
    let images = Images::new().image(None, json!({}), &[]);
    for (script, told) in [
        (
            "echo no; printf 'a\\nunknown \\033 thing\\n\\n' >&2; exit 3",
            "exit status: 3): unknown \\x1b thing",
        ),
        ("exit 1", "exit status: 1): it does not say why"),
        (
            "printf '   \\342\\250\\257 create rootfs: no space left on device \\n' >&2; exit 1",
            "exit status: 1): create rootfs: no space left on device",
        ),
        (
            r#"echo 'time="2026-01-01T00:00:00Z" level=fatal msg="a \"b\" c"' >&2; exit 1"#,
            "exit status: 1): a \"b\" c",
        ),
        ("kill -9 $$", "signal: 9 (SIGKILL)): it does not say why"),
    ] {
        images.program(
            "umoci",
            &format!("/bin/mkdir -p bundle/rootfs/some\n{script}"),
        );
        images.refused(
            "image=layout id=web",
            &format!("image: umoci failed ({told}"),
        );
    }
    images.program("skopeo", "echo nobody there >&2; exit 1");
    images
        .connect("CreateContainer image=busybox id=web")
        .status(2)
        .stderr(
            "fetching \"busybox\" with skopeo\nerror: CreateContainer: image: skopeo failed \
             (exit status: 1): nobody there\n",
        )
        .test();
    images.nothing_left();
}

#[test]
fn a_dry_run_does_not_fetch() {
    let images = Images::new();
    let output = images
        .dry_run("CreateContainer image=quay.io/a/b:1 id=web")
        .run();
    assert_eq!((output.status, output.text()), (2, String::new()));
    assert_eq!(
        output.stderr,
        "error: CreateContainer: image: \"quay.io/a/b:1\" has to be fetched first, which a dry run \
         does not do; it reads image layouts, which \"skopeo copy\" makes\n"
    );
}
