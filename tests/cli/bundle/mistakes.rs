//! Bundles that cannot be used, or not in whole, and when that is told.

use serde_json::json;
use typed_peer::Peer;

use super::{bundle, dry_run, write};
use crate::sent::sent;
use crate::tool::connect;

#[test]
fn a_bundle_is_read_only_when_it_is_needed() {
    let folder = bundle(&json!({"process": 5}));
    let arguments = ["--bundle-dir", "bundle", "-c", "StartContainer cid=a"];
    dry_run(folder.path(), &arguments)
        .stdout("{\"container_id\":\"a\"}\n")
        .test();
    let arguments = ["-n", "--bundle-dir", "bundle", "-c", "CreateContainer"];
    dry_run(folder.path(), &arguments).stdout("{}\n").test();
    // Nothing is filled where nothing is named.
    assert_eq!(
        sent(&["-c", "CreateContainer cid=a", "ExecProcess"]),
        [
            r#"CreateContainer container_id: "a" exec_id: "a""#,
            r#"ExecProcess container_id: "a" exec_id: "a""#
        ]
    );
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let folder = bundle(&json!({}));
    write(
        folder.path(),
        "{\n  \"process\": {\n    \"user\": {},\n    \"cwd\": 5\n  }\n}\n",
    );
    let peer = Peer::start();
    for (options, command, message) in [
        (
            &["--bundle-dir", "none"][..],
            "Check",
            r#""none": no such file or directory; a bundle is a folder with a config.json"#,
        ),
        (
            &["--bundle-dir", "bundle/config.json"],
            "Check",
            r#""bundle/config.json": not a folder; a bundle is a folder with a config.json"#,
        ),
        (
            &["--bundle-dir", "."],
            "CreateContainer",
            r#"CreateContainer: "./config.json": no such file or directory"#,
        ),
        (
            &["--bundle-dir", "bundle"],
            "ExecProcess",
            "ExecProcess: \"bundle/config.json\": line 4, column 12: process.cwd: \
             invalid type: integer `5`, expected path string",
        ),
        (
            &[],
            "CreateContainer spec=bundle/config.json",
            "CreateContainer: spec: \"bundle/config.json\": line 4, column 12: process.cwd: \
             invalid type: integer `5`, expected path string",
        ),
        (
            &[],
            "CreateContainer spec=none.json",
            r#"CreateContainer: spec: "none.json": no such file or directory"#,
        ),
        (
            &[],
            "CreateContainer spec=",
            r#"CreateContainer: spec: "": no such file or directory"#,
        ),
    ] {
        connect(peer.address(), ["-c", "Check"])
            .arguments(options)
            .arguments(["-c", command])
            .folder(folder.path())
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
    assert!(peer.received().is_empty());
}

#[test]
fn a_number_too_large_for_the_agent_is_refused() {
    let folder = bundle(&json!({
        "process": {
            "user": {},
            "cwd": "/",
            "consoleSize": {"height": 4_294_967_296_u64, "width": 80},
        }
    }));
    dry_run(
        folder.path(),
        &["--bundle-dir", "bundle", "-c", "ExecProcess"],
    )
    .status(2)
    .stderr(
        "error: ExecProcess: \"bundle/config.json\": process.consoleSize.height: 4294967296 is \
         not an unsigned 32-bit number (0 to 4294967295)\n",
    )
    .test();
}

#[test]
fn what_cannot_be_sent_is_told_when_asked_for() {
    let folder = bundle(&json!({"domainname": "d", "x": {}, "hostname": "h"}));
    let peer = Peer::start();
    let arguments = [
        "-v",
        "--bundle-as-is",
        "--bundle-dir",
        "bundle",
        "-c",
        "CreateContainer cid=a",
    ];
    let run = connect(peer.address(), arguments)
        .folder(folder.path())
        .run();
    let told = "\n> \"bundle/config.json\": the request has no field for domainname, x\n";
    assert!(run.stderr.contains(told), "{}", run.stderr);

    let run = dry_run(folder.path(), &arguments).run();
    assert_eq!(run.stderr, told.trim_start());
}
