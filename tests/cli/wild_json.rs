//! JSON as it is in the wild: what Rust's serde writes of an agent's requests, base64 in
//! lines, and documents of another release.

use crate::tool::{connect, tool};

/// A request as it is in the test cases of policies: every field is there.
const CREATE_CONTAINER: &str = r#"{
  "container_id": "web", "exec_id": "web", "string_user": null, "devices": [], "storages": [
    {"driver": "local", "driver_options": [], "source": "local", "fstype": "local",
     "options": ["mode=0777"], "mount_point": "/run/x", "fs_group": null, "shared": false}
  ],
  "OCI": {
    "Version": "1.1.0", "Hostname": "busybox", "Hooks": null, "Solaris": null, "Windows": null,
    "Mounts": [{"destination": "/proc", "source": "proc", "type_": "proc", "options": ["nosuid"]}],
    "Process": {
      "Terminal": false, "ConsoleSize": null, "Args": ["sleep", "3600"], "Cwd": "/",
      "User": {"UID": 0, "GID": 0, "AdditionalGids": [0, 10], "Username": ""},
      "OOMScoreAdj": -998, "Capabilities": {"Ambient": [], "Bounding": ["CAP_KILL"]}
    },
    "Linux": {
      "Sysctl": {}, "Seccomp": {
        "DefaultAction": "SCMP_ACT_ERRNO", "Architectures": [], "Flags": [],
        "Syscalls": [
          {"Names": ["read"], "Action": "SCMP_ACT_ALLOW", "Args": [], "ErrnoRet": null},
          {"Names": ["kill"], "Action": "SCMP_ACT_ERRNO", "Args": [], "ErrnoRet": {"Errnoret": 38}}
        ]
      },
      "Resources": {"CPU": {"Shares": 2, "Quota": 0}, "Memory": null, "Pids": null}
    }
  },
  "sandbox_pidns": false, "shared_mounts": []
}"#;

/// The requests that a dry run prints.
fn printed(format: &str, command: &str, input: &str) -> String {
    let arguments = ["-n", "--dry-run", "-o", format, "-c", command];
    let run = connect("sim://", arguments).stdin(input).run().succeeded();
    assert_eq!(run.stderr, "");
    run.text()
}

#[test]
fn a_request_of_a_policys_test_case_is_taken() {
    let sent = printed("jsonl", "CreateContainer file://-", CREATE_CONTAINER);
    for part in [
        r#""Mounts":[{"destination":"/proc","source":"proc","type":"proc","options":["nosuid"]}]"#,
        r#"{"Names":["kill"],"Action":"SCMP_ACT_ERRNO","errnoret":38}"#,
        r#"{"Names":["read"],"Action":"SCMP_ACT_ALLOW"}"#,
        r#""OOMScoreAdj":"-998""#,
    ] {
        assert!(sent.contains(part), "{part} is not in\n{sent}");
    }
    // As serde it is what it was, and reads back as the same request.
    let serde = printed("serde", "CreateContainer file://-", CREATE_CONTAINER);
    for part in [
        r#""type_":"proc""#,
        r#""ErrnoRet":{"Errnoret":38}"#,
        r#""ErrnoRet":null"#,
        r#""OOMScoreAdj":-998"#,
        r#""Solaris":null"#,
        r#""shared_mounts":[]"#,
    ] {
        assert!(serde.contains(part), "{part} is not in\n{serde}");
    }
    assert_eq!(
        printed("hex", "CreateContainer file://-", &serde),
        printed("hex", "CreateContainer file://-", CREATE_CONTAINER)
    );
}

#[test]
fn a_request_may_be_tagged_with_its_own_call_alone() {
    let tagged = r#"{"type": "ReseedRandomDev", "data": [1]}"#;
    assert_eq!(
        printed("jsonl", "ReseedRandomDev file://-", tagged),
        "{\"data\":\"AQ==\"}\n"
    );
    let refused = |command: &str, what: &str| {
        connect("sim://", ["--dry-run", "-c", command])
            .status(2)
            .stderr(format!("error: {what}\n"))
            .test();
    };
    refused(
        r#"CreateSandbox json://{"type": "ReseedRandomDev"}"#,
        "CreateSandbox: grpc.CreateSandboxRequest has no field \"type\", and is not for the \
         call \"ReseedRandomDev\"",
    );
    refused(
        "ReseedRandomDev type=ReseedRandomDev",
        "ReseedRandomDev: grpc.ReseedRandomDevRequest has no field \"type\"; its only field is \
         \"data\"",
    );
    let arguments = [
        "--dry-run",
        "-n",
        "-o",
        "jsonl",
        "--allow-unknown-fields",
        "-c",
    ];
    connect("sim://", arguments)
        .arguments([r#"CreateSandbox json://{"type": "ReseedRandomDev"}"#])
        .stdout("{}\n")
        .stderr("warn: CreateSandbox: type: this build has no such field; it is left out\n")
        .test();
}

#[test]
fn bytes_are_numbers_or_base64_in_lines() {
    let expected = printed("hex", "ReseedRandomDev data=hex:00ff10", "");
    for document in [r#"{"data": [0, 255, 16]}"#, "{\"data\": \"AP\\n8Q\\n\"}"] {
        assert_eq!(
            printed("hex", "ReseedRandomDev file://-", document),
            expected
        );
    }
    assert_eq!(
        printed("serde", "ReseedRandomDev data=hex:00ff10", ""),
        "{\"data\":[0,255,16]}\n"
    );
}

#[test]
fn fields_of_another_release_pass_with_a_warning_where_that_is_allowed() {
    let document =
        r#"CreateSandbox json://{"hostname":"h","new":{"a":1},"storages":[{"newer":[]}]}"#;
    let setter = r#"CreateSandbox storages={"driver":"blk","newest":1}"#;
    let allowed = |command| {
        let options = ["-n", "--dry-run", "-o", "jsonl", "--allow-unknown-fields"];
        let run = connect("sim://", options.into_iter().chain(["-c", command])).run();
        assert_eq!(run.status, 0, "{}", run.stderr);
        (run.text(), run.stderr)
    };
    let warning = |path| {
        format!("warn: CreateSandbox: {path}: this build has no such field; it is left out\n")
    };
    assert_eq!(
        allowed(document),
        (
            "{\"hostname\":\"h\",\"storages\":[{}]}\n".to_owned(),
            warning("new") + &warning("storages[0].newer")
        )
    );
    assert_eq!(
        allowed(setter),
        (
            "{\"storages\":[{\"driver\":\"blk\"}]}\n".to_owned(),
            warning("storages[0].newest")
        )
    );
    for command in [document, setter] {
        let run = connect("sim://", ["--dry-run", "-c", command]).run();
        assert_eq!(run.status, 2, "{}", run.stderr);
    }
    // A path in the command itself is a mistake all the same.
    let options = [
        "--dry-run",
        "--allow-unknown-fields",
        "-c",
        "CreateSandbox new=1",
    ];
    assert_eq!(connect("sim://", options).run().status, 2);
}

#[cfg(feature = "sim")]
#[test]
fn the_form_of_serde_is_one_of_the_formats() {
    let run = connect("sim://", ["-o", "serde", "-c", "Check"])
        .run()
        .succeeded();
    assert_eq!(run.text(), "{\"status\":1}\n");
    let help = tool(["connect", "--help"]).run().succeeded().text();
    assert!(help.contains("--allow-unknown-fields"), "{help}");
}
