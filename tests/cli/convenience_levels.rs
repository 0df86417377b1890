//! Parameters of conveniences and fields that say the same, one in the document
//! and one by a setter: the setter wins, whichever it is.

use std::fs;
use std::path::Path;

use tempfile::{TempDir, tempdir};

use crate::tool::{Tool, connect, tool};

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("f"), "abc").unwrap();
    fs::create_dir(folder.path().join("b")).unwrap();
    for (name, host) in [("b/config.json", "bundle"), ("s.json", "spec")] {
        let config = format!(r#"{{"hostname": "{host}"}}"#);
        fs::write(folder.path().join(name), config).unwrap();
    }
    folder
}

fn dry_run(folder: &Path, command: &str) -> Tool {
    let run = connect(
        "sim://",
        ["--dry-run", "--bundle-as-is", "-o", "jsonl", "-c", command],
    );
    run.folder(folder)
}

#[track_caller]
fn becomes(cases: &[(&str, &str)]) {
    let folder = folder();
    for (command, request) in cases {
        dry_run(folder.path(), command)
            .stdout(format!("{request}\n"))
            .test();
    }
}

#[test]
fn a_setter_beats_the_document_of_a_copy() {
    let mode = "uid=0 gid=0 file_mode=0o644";
    let sent = |path| {
        format!(
            r#"{{"path":"{path}","file_size":"3","file_mode":420,"dir_mode":488,"data":"YWJj"}}"#
        )
    };
    for (command, request) in [
        (
            r#"json://{"path": "", "offset": 0, "data": "", "file_size": 0} src=f dest=/x"#,
            sent("/x"),
        ),
        (
            r#"json://{"path": "/p", "src": "f"} dest=/x/"#,
            sent("/x/f"),
        ),
        (r#"json://{"src": "f", "dest": "/x"} path=/p"#, sent("/p")),
        (
            r#"json://{"src": "f", "dest": "/x", "path": "/y"} path=/p"#,
            sent("/p"),
        ),
        (
            r#"json://{"offset": 5} src=f dest=/x offset=null"#,
            sent("/x"),
        ),
    ] {
        becomes(&[(&format!("CopyFile {command} {mode}"), &request)]);
    }
    becomes(&[
        (
            r#"CopyFile json://{"src": "none", "dest": "/x"} data=z"#,
            r#"{"path":"/x","data":"eg=="}"#,
        ),
        (
            r#"CopyFile json://{"src": "none", "dest": "/x"} offset=7 path=/p"#,
            r#"{"path":"/p","offset":"7"}"#,
        ),
    ]);
}

#[test]
fn a_template_takes_the_parameters_of_a_copy() {
    let folder = folder();
    let template = tool(["template", "CopyFile"]).run().succeeded();
    fs::write(folder.path().join("t.json"), template.text()).unwrap();
    let output = dry_run(folder.path(), "CopyFile file://t.json src=f dest=/x").run();
    let request = output.succeeded().json();
    assert_eq!(
        (&request["path"], &request["file_size"], &request["data"]),
        (&"/x".into(), &"3".into(), &"YWJj".into())
    );
}

#[test]
fn a_setter_beats_the_document_of_a_policy() {
    becomes(&[
        (
            r#"SetPolicy json://{"policy": "x"} policy_file=f"#,
            r#"{"policy":"abc"}"#,
        ),
        (
            r#"SetPolicy json://{"policy_file": "/none"} policy=x"#,
            r#"{"policy":"x"}"#,
        ),
    ]);
}

#[cfg(feature = "image")]
#[test]
fn a_setter_beats_the_document_of_a_container() {
    let of = |id, host| {
        format!(r#"{{"container_id":"{id}","exec_id":"{id}","OCI":{{"Hostname":"{host}"}}}}"#)
    };
    for (words, request) in [
        (
            r#"{"container_id": "a", "image": "b"} id=z"#,
            of("z", "bundle"),
        ),
        (r#"{"id": "a", "image": "b"} cid=z"#, of("z", "bundle")),
        (r#"{"id": "a", "image": "b"} spec=s.json"#, of("a", "spec")),
        (
            r#"{"spec": "s.json", "cid": "a"} image=b"#,
            of("a", "bundle"),
        ),
    ] {
        becomes(&[(&format!("CreateContainer json://{words}"), &request)]);
    }
}

#[cfg(feature = "image")]
#[test]
fn two_of_one_level_contradict_each_other() {
    let folder = folder();
    for (command, message) in [
        (
            r#"CopyFile json://{"src": "f", "dest": "/x", "path": "/y"}"#,
            r#"CopyFile: dest: the field "path" is given too; give one of them"#,
        ),
        (
            r#"CopyFile json://{"src": "f", "dest": "/x", "data": ""}"#,
            r#"CopyFile: src: the field "data" is given too; give one of them"#,
        ),
        (
            r#"SetPolicy json://{"policy": "a", "policy_file": "f"}"#,
            r#"SetPolicy: policy_file: the field "policy" is given too; give one of them"#,
        ),
        (
            r#"CreateContainer json://{"image": "b", "spec": "s.json", "id": "a"}"#,
            "CreateContainer: image: spec is given too; give one of them",
        ),
    ] {
        dry_run(folder.path(), command)
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
}
