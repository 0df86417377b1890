//! Setters, documents, `spec=`, the container created last and the bundle: which
//! beats which.

use std::fs;

use serde_json::{Value, json};

use super::{bundle, dry_run, shell};

#[test]
fn what_is_given_beats_the_bundle() {
    let folder = bundle(&shell());
    let run = |command: &str| -> Value {
        let arguments = ["--bundle-dir", "bundle", "-c", command];
        dry_run(folder.path(), &arguments).run().succeeded().json()
    };
    for (command, pointer, value) in [
        ("CreateContainer", "/OCI/Process/Cwd", json!("/srv")),
        // A setter beats the document, which beats the bundle.
        (
            r#"CreateContainer json://{"OCI": {"Process": {"Cwd": "/d", "Args": ["x"]}}} OCI.Process.Cwd=/s"#,
            "/OCI/Process",
            json!({"User": {"UID": 5, "GID": 6}, "Args": ["x"], "Env": ["A=1"], "Cwd": "/s"}),
        ),
        // What is given at its default is given, and null is not.
        (
            r#"CreateContainer json://{"OCI": {"Version": "", "Process": {"Args": [], "Env": null, "User": {"UID": 0}}}}"#,
            "/OCI/Process",
            json!({"User": {"GID": 6}, "Env": ["A=1"], "Cwd": "/srv"}),
        ),
        ("CreateContainer OCI.Version=", "/OCI/Version", Value::Null),
        (
            "CreateContainer OCI.Root={}",
            "/OCI/Root/Path",
            json!(folder.path().join("bundle/rootfs")),
        ),
        (
            r#"CreateContainer json://{"OCI": {"Annotations": {"c": "3"}}}"#,
            "/OCI/Annotations",
            json!({"a": "1", "b": "2", "c": "3"}),
        ),
        (
            r#"ExecProcess process={"Args": ["ls"]}"#,
            "/process",
            json!({"User": {"UID": 5, "GID": 6}, "Args": ["ls"], "Env": ["A=1"], "Cwd": "/srv"}),
        ),
    ] {
        let request = run(command);
        let found = request.pointer(pointer).unwrap_or(&Value::Null);
        assert_eq!(found, &value, "{command}");
    }
}

#[test]
fn a_specification_for_one_command() {
    let folder = bundle(&shell());
    let other = json!({
        "ociVersion": "1.0.2",
        "process": {"user": {}, "args": ["other"], "cwd": "/"},
        "root": {"path": "/r"},
    });
    fs::write(folder.path().join("other.json"), other.to_string()).unwrap();
    let path = folder.path().join("other.json");
    let path = path.to_str().unwrap();
    let with_spec = "{\"container_id\":\"a\",\"exec_id\":\"a\",\"OCI\":{\"Version\":\"1.0.2\",\
                     \"Process\":{\"User\":{},\"Args\":[\"other\"],\"Cwd\":\"/\"},\
                     \"Root\":{\"Path\":\"/r\"}}}\n";
    for command in [
        format!("CreateContainer cid=a spec=file://{path}"),
        format!("CreateContainer cid=a spec={path}"),
        "CreateContainer cid=a spec=other.json".to_owned(),
        format!(r#"CreateContainer json://{{"cid": "a", "spec": "file://{path}"}}"#),
        r#"CreateContainer json://{"cid": "a", "spec": "none"} spec=other.json"#.to_owned(),
    ] {
        for options in [&["-c"][..], &["--bundle-dir", "bundle", "-c"]] {
            let arguments = [options, &[command.as_str()]].concat();
            dry_run(folder.path(), &arguments).stdout(with_spec).test();
        }
    }
    dry_run(
        folder.path(),
        &["-c", "CreateContainer cid=a spec=file://-"],
    )
    .stdin(other.to_string())
    .stdout(with_spec)
    .test();

    // It is a convenience, which -n leaves alone; a setter beats it.
    let command = "CreateContainer spec=other.json OCI.Process.Args=ls OCI.Root.Readonly=true";
    dry_run(folder.path(), &["-n", "-c", command])
        .stdout(
            "{\"OCI\":{\"Version\":\"1.0.2\",\"Process\":{\"User\":{},\"Args\":[\"ls\"],\
             \"Cwd\":\"/\"},\"Root\":{\"Path\":\"/r\",\"Readonly\":true}}}\n",
        )
        .test();
}

#[test]
fn the_container_created_last_gives_the_process() {
    let folder = bundle(&shell());
    let other = json!({"process": {"user": {}, "args": ["other"], "cwd": "/"}});
    fs::write(folder.path().join("other.json"), other.to_string()).unwrap();
    let program = |arguments: &[&str]| -> Vec<Value> {
        let output = dry_run(folder.path(), arguments).run().succeeded().text();
        let args = |line: &str| {
            let request: Value = serde_json::from_str(line).unwrap();
            let args = request.pointer("/process/Args/0");
            args.or(request.pointer("/OCI/Process/Args/0")).cloned()
        };
        output.lines().map(|line| args(line).into()).collect()
    };
    let commands = [
        "-c",
        "ExecProcess",
        "CreateContainer spec=other.json",
        "ExecProcess",
        "CreateContainer",
        "ExecProcess",
    ];
    assert_eq!(
        program(&[&["--bundle-dir", "bundle"], &commands[..]].concat()),
        ["sh", "other", "other", "sh", "sh"]
    );
    assert_eq!(
        program(&commands),
        [
            json!(null),
            json!("other"),
            json!("other"),
            json!(null),
            json!("other")
        ]
    );
    assert_eq!(
        program(&[&["-n", "--bundle-dir", "bundle"], &commands[..]].concat()),
        [
            json!(null),
            json!("other"),
            json!(null),
            json!(null),
            json!(null)
        ]
    );
}

#[test]
fn a_prompt_remembers_the_container_created_last() {
    let folder = bundle(&json!({}));
    let other = r#"{"process": {"user": {}, "args": ["new"], "cwd": "/"}}"#;
    fs::write(folder.path().join("other.json"), other).unwrap();
    let lines = "ExecProcess cid=a\nCreateContainer spec=other.json\nExecProcess\n";
    let output = dry_run(folder.path(), &["--bundle-dir", "bundle", "-i"])
        .stdin(lines)
        .run()
        .succeeded()
        .text();
    let process = r#"{"User":{},"Args":["new"],"Cwd":"/"}"#;
    assert_eq!(
        output,
        format!(
            "{{\"container_id\":\"a\",\"exec_id\":\"a\"}}\n\
             {{\"container_id\":\"a\",\"exec_id\":\"a\",\"OCI\":{{\"Process\":{process}}}}}\n\
             {{\"container_id\":\"a\",\"exec_id\":\"a\",\"process\":{process}}}\n"
        )
    );
}
