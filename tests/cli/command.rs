//! Every form in which one command can be written, and the request it is read as.

use std::fs;

use tempfile::TempDir;

use crate::sent::{sent_by, sent_exactly};
use crate::tool::connect;

#[test]
fn a_name_alone() {
    assert_eq!(sent_exactly("GetGuestDetails"), "GetGuestDetails");
    for name in [
        "Check",
        "Health.Check",
        "grpc.Health.Check",
        "grpc.Health/Check",
        "check",
    ] {
        assert_eq!(sent_exactly(name), "Check", "{name}");
    }
    assert_eq!(sent_exactly("GetIptables"), "GetIPTables");
    assert_eq!(sent_exactly("setiptables"), "SetIPTables");
}

#[test]
fn exactly_what_was_given() {
    for (command, text) in [
        (
            "GetGuestDetails mem_block_size=true",
            "GetGuestDetails mem_block_size: true",
        ),
        (
            r#"Check json://{"service":"a://b c"}"#,
            r#"Check service: "a://b c""#,
        ),
        (
            r#"CreateSandbox hostname="hello world" dns=8.8.8.8 dns=1.1.1.1 storages[0].driver=blk"#,
            r#"CreateSandbox hostname: "hello world" dns: "8.8.8.8" dns: "1.1.1.1" storages {driver: "blk"}"#,
        ),
    ] {
        assert_eq!(sent_exactly(command), text);
    }
}

#[test]
fn words_are_quoted_as_in_a_shell() {
    for (word, text) in [
        (r#""hello world""#, "hello world"),
        ("'a b'", "a b"),
        (r"a\ b", "a b"),
        (r#""a\\b""#, r"a\\b"),
        (r#""\"""#, r#"\""#),
        (r#""a\tb""#, r"a\tb"),
        (r"'a\tb'", r"a\\tb"),
        (r#""\$x""#, r"\\$x"),
        ("$HOME`x`*?~", "$HOME`x`*?~"),
        ("a=b", "a=b"),
        (r#"a'b 'c"d "e"#, "ab cd e"),
        ("a://b", "a://b"),
        ("{a", "{a"),
        ("[a]", "[a]"),
        ("@@x", "@x"),
        ("null", "null"),
    ] {
        let expected = format!("Check service: \"{text}\"");
        assert_eq!(sent_exactly(&format!("Check service={word}")), expected);
    }
    for empty in ["", "''", "\"\""] {
        assert_eq!(sent_exactly(&format!("Check service={empty}")), "Check");
    }
    assert_eq!(
        sent_exactly(" \t Check \t service=a  \n"),
        r#"Check service: "a""#
    );
}

#[test]
fn json_is_taken_verbatim_to_its_end() {
    for (command, text) in [
        (
            r#"CreateSandbox json://{ "dns": ["a b", "'\"", "\\\u00e9}"] } hostname=x"#,
            r#"CreateSandbox hostname: "x" dns: "a b" dns: "\'\"" dns: "\\\303\251}""#,
        ),
        (
            r#"CreateSandbox dns=["a b", "]"] hostname=x"#,
            r#"CreateSandbox hostname: "x" dns: "a b" dns: "]""#,
        ),
        (
            r#"CreateSandbox storages={"driver": "a } b", "options": ["x=y"]} storages={} hostname=x"#,
            r#"CreateSandbox hostname: "x" storages {driver: "a } b" options: "x=y"} storages {}"#,
        ),
        (
            r#"CreateContainer OCI.Root={"Path": "/a b"} OCI.Root={"Readonly":true}"#,
            r#"CreateContainer OCI {Root {Path: "/a b" Readonly: true}}"#,
        ),
        (
            r#"CreateContainer OCI.Annotations={"a b": "c"}"#,
            r#"CreateContainer OCI {Annotations {key: "a b" value: "c"}}"#,
        ),
    ] {
        assert_eq!(sent_exactly(command), text);
    }
}

#[test]
fn setters_of_every_kind() {
    for (command, text) in [
        (
            "CreateContainer OCI.Process.User.UID=7 OCI.Process.Cwd=/tmp",
            r#"OCI {Process {User {UID: 7} Cwd: "/tmp"}}"#,
        ),
        (
            "CreateContainer OCI.Annotations[io.kubernetes.pod]=x",
            r#"OCI {Annotations {key: "io.kubernetes.pod" value: "x"}}"#,
        ),
        (
            r#"CreateContainer OCI.Linux.Sysctl["net.ipv4.ip_forward"]=1"#,
            r#"OCI {Linux {Sysctl {key: "net.ipv4.ip_forward" value: "1"}}}"#,
        ),
        (
            "CreateContainer OCI.Annotations[a=b c]=d",
            r#"OCI {Annotations {key: "a=b c" value: "d"}}"#,
        ),
        (
            "CreateSandbox storages[0].driver=a storages[1].driver=b storages[0].source=c",
            r#"storages {driver: "a" source: "c"} storages {driver: "b"}"#,
        ),
        (
            "CreateSandbox dns=a dns[0]=b dns[1]=c",
            r#"dns: "b" dns: "c""#,
        ),
        (r#"CreateSandbox dns=a dns=["b"]"#, r#"dns: "b""#),
        ("CreateSandbox dns=a dns=null", ""),
        (
            "createsandbox HOSTNAME=a sandboxPidns=1",
            r#"hostname: "a" sandbox_pidns: true"#,
        ),
        ("StartContainer containerId=a", r#"container_id: "a""#),
        ("RemoveContainer timeout=0x1f", "timeout: 31"),
        ("RemoveContainer timeout=0o17", "timeout: 15"),
        ("RemoveContainer timeout=0b101", "timeout: 5"),
        (
            "RemoveContainer timeout=4_294_967_295",
            "timeout: 4294967295",
        ),
        (
            "CopyFile uid=-2147483648 file_size=-1",
            "file_size: -1 uid: -2147483648",
        ),
        (r#"CopyFile data="a\x00\xff\n""#, r#"data: "a\000\377\n""#),
        ("CopyFile data=hex:00Ff", r#"data: "\000\377""#),
        ("CopyFile data=base64:AP8=", r#"data: "\000\377""#),
        ("MemAgentMemcgSet swap=false", "swap: false"),
        ("MemAgentMemcgSet swap=true swap=null", ""),
        ("MemAgentMemcgSet period_secs=0", "period_secs: 0"),
        (
            "CreateContainer OCI.Linux.Seccomp.Syscalls[0].errnoret=0",
            "OCI {Linux {Seccomp {Syscalls {errnoret: 0}}}}",
        ),
        (
            "CreateSandbox storages[0].fs_group.group_change_policy=onrootmismatch",
            "storages {fs_group {group_change_policy: OnRootMismatch}}",
        ),
        (
            "CreateSandbox storages[0].fs_group.group_change_policy=1",
            "storages {fs_group {group_change_policy: OnRootMismatch}}",
        ),
    ] {
        let found = sent_exactly(command);
        let (_, found) = found.split_once(' ').unwrap_or_default();
        assert_eq!(found, text, "{command}");
    }
}

#[test]
fn values_and_documents_from_files() {
    let folder = TempDir::new().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let policy = write("allow all.rego", b"package agent_policy\n");
    let bytes = write("bytes", &[0, 0xff]);
    let document = write(
        "request.json",
        b"{\"hostname\": \"a b\",\n \"dns\": [\"x\"]}\n",
    );

    assert_eq!(
        sent_exactly(&format!("SetPolicy policy=@'{policy}'")),
        r#"SetPolicy policy: "package agent_policy\n""#
    );
    assert_eq!(
        sent_exactly(&format!("CopyFile data=@{bytes}")),
        r#"CopyFile data: "\000\377""#
    );
    let expected = r#"CreateSandbox hostname: "a b" dns: "x""#;
    assert_eq!(
        sent_exactly(&format!("CreateSandbox file://{document}")),
        expected
    );
    assert_eq!(
        sent_by(|address| {
            connect(address, ["-n", "-c", "CreateSandbox file://request.json"])
                .folder(folder.path())
        }),
        [expected]
    );
    assert_eq!(
        sent_by(|address| {
            connect(address, ["-n", "-c", "CreateSandbox file://- dns=y"])
                .stdin(r#"{"dns": ["x"]}"#)
        }),
        [r#"CreateSandbox dns: "x" dns: "y""#]
    );
}

#[test]
fn a_setter_beats_the_document() {
    assert_eq!(
        sent_exactly(r#"CreateSandbox json://{"hostname":"a","sandbox_id":"b"} hostname=c"#),
        r#"CreateSandbox hostname: "c" sandbox_id: "b""#
    );
    assert_eq!(
        sent_exactly(
            r#"CreateContainer json://{"OCI":{"Root":{"Path":"a","Readonly":true}}} OCI.Root.Path=b"#
        ),
        r#"CreateContainer OCI {Root {Path: "b" Readonly: true}}"#
    );
    assert_eq!(
        sent_exactly(r#"MemAgentMemcgSet json://{"swap":true,"disabled":false} swap=null"#),
        "MemAgentMemcgSet disabled: false"
    );
}
