//! Conveniences on top of an RPC: `SetPolicy policy_file=FILE`.

use std::fs;

use tempfile::tempdir;

use crate::sent::sent;
use crate::tool::connect;

#[test]
fn a_policy_is_the_text_of_its_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("allow all.rego");
    fs::write(&path, "package agent_policy\n").unwrap();
    let path = path.to_str().unwrap();
    for command in [
        format!("SetPolicy policy_file='{path}'"),
        format!("SetPolicy json://{{\"policy_file\": \"{path}\"}}"),
        format!("SetPolicy json://{{\"policy_file\": \"/none\"}} policy_file='{path}'"),
    ] {
        assert_eq!(
            sent(&["-c", &command]),
            [r#"SetPolicy policy: "package agent_policy\n""#],
            "{command}"
        );
    }
}

#[test]
fn a_policy_comes_from_standard_input() {
    let run = connect("sim://", ["--dry-run", "-o", "jsonl", "-c"]);
    run.arguments(["SetPolicy policy_file=-"])
        .stdin("package x")
        .stdout("{\"policy\":\"package x\"}\n")
        .test();
}

#[test]
fn mistakes_in_parameters_name_them() {
    for (command, message) in [
        (
            "SetPolicy policy_file=/none",
            "SetPolicy: policy_file: \"/none\": no such file or directory",
        ),
        (
            "SetPolicy policy=x policy_file=/none",
            "SetPolicy: policy_file: the field \"policy\" is given too; give one of them",
        ),
        (
            r#"SetPolicy json://{"policy_file": ["a"]}"#,
            "SetPolicy: policy_file: a list is not a string",
        ),
        (
            r#"SetPolicy json://{"policy_file": "a", "policy_file": "b"}"#,
            "SetPolicy: policy_file: given twice",
        ),
        (
            r#"SetPolicy policy_file="\xff""#,
            "SetPolicy: policy_file: the value is not UTF-8 text: the byte at offset 0 is wrong, \
             and only a bytes field takes other bytes",
        ),
        (
            r#"SetPolicy json://{"policy_file": true}"#,
            "SetPolicy: policy_file: true is not a string",
        ),
        (
            r#"Check json://{"cid": 5}"#,
            "Check: cid: 5 is not a string",
        ),
        (
            "Check policy_file=x",
            r#"Check: grpc.CheckRequest has no field "policy_file"; its only field is "service""#,
        ),
    ] {
        connect("sim://", ["-c", command])
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
}

#[test]
fn a_policy_too_large_to_send_is_told_before_anything_is_sent() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("p");
    let file = fs::File::create(&path).unwrap();
    for (size, message) in [
        (
            (4 << 20) + 1,
            "the message takes 4194345 bytes in a ttRPC frame, and at most 4194304 fit",
        ),
        ((64 << 20) + 1, "policy_file: \"p\" is larger than 64 MiB"),
    ] {
        file.set_len(size).unwrap();
        connect("sim://", ["-c", "Check", "SetPolicy policy_file=p"])
            .folder(folder.path())
            .status(2)
            .stderr(format!("error: SetPolicy: {message}\n"))
            .test();
    }
}

#[test]
fn parameters_are_described() {
    let output = crate::tool::tool(["describe", "SetPolicy"])
        .run()
        .succeeded();
    let text = output.text();
    let told =
        "\nAlso takes, as setters or in a document:\n  policy_file=FILE\n      a file whose text";
    assert!(text.contains(told), "{text}");
    let output = crate::tool::tool(["describe", "--json", "SetPolicy"]).run();
    let name = &output.json()["parameters"][0]["name"];
    assert_eq!(name, "policy_file");
}

#[test]
fn examples_show_the_parameters() {
    for (rpc, words) in [
        (
            "CopyFile",
            "src=/etc/hosts dest=/run/kata-containers/shared/containers/hosts",
        ),
        ("SetPolicy", "policy_file=-"),
        ("CreateContainer", "spec=-"),
    ] {
        let command = format!("{rpc} {words}");
        let text = crate::tool::tool(["describe", rpc])
            .run()
            .succeeded()
            .text();
        let (_, told) = text.split_once("\n  # a convenience").unwrap();
        assert!(told.ends_with(&format!("'{command}'\n")), "{text}");
        let output = crate::tool::tool(["describe", "--json", rpc]).run().json();
        let mut examples = output["examples"].as_array().unwrap().iter();
        assert!(examples.any(|it| it["form"] == "convenience" && it["command"] == *command));
    }
}
