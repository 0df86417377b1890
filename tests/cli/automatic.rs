//! Values that are filled in, remembered for the run, or known by another name.

use typed_peer::Peer;
use typed_peer::protos::agent::{
    ExecProcessRequest, RemoveContainerRequest, SignalProcessRequest, StartContainerRequest,
};

use crate::sent::{lines, sent};
use crate::tool::connect;

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte))
}

#[test]
fn ids_are_made_and_remembered() {
    let peer = Peer::start();
    let run = || {
        let commands = ["-c", "StartContainer", "RemoveContainer", "ExecProcess"];
        connect(peer.address(), commands).run().succeeded();
        let received = peer.received();
        let id = received[0]
            .request::<StartContainerRequest>()
            .container_id
            .clone();
        assert!(is_id(&id), "{id}");
        assert_eq!(
            received[1].request::<RemoveContainerRequest>().container_id,
            id
        );
        let exec = received[2].request::<ExecProcessRequest>();
        assert_eq!((&exec.container_id, &exec.exec_id), (&id, &id));
        id
    };
    assert_ne!(run(), run());
}

#[test]
fn explicit_ids_are_remembered() {
    assert_eq!(
        sent(&[
            "-c",
            "StartContainer container_id=a",
            "PauseContainer",
            "ResumeContainer cid=b",
            "PauseContainer",
            "ExecProcess exec_id=e",
            "Check cid=c sid=s",
            "StartContainer",
            "CreateSandbox",
        ]),
        [
            r#"StartContainer container_id: "a""#,
            r#"PauseContainer container_id: "a""#,
            r#"ResumeContainer container_id: "b""#,
            r#"PauseContainer container_id: "b""#,
            r#"ExecProcess container_id: "b" exec_id: "e""#,
            "Check",
            r#"StartContainer container_id: "c""#,
            r#"CreateSandbox sandbox_id: "s""#,
        ]
    );
    // The same in a document.
    assert_eq!(
        sent(&[
            "-c",
            r#"Check json://{"cid": "c", "sid": null, "service": "x"}"#,
            "StartContainer",
        ]),
        [
            r#"Check service: "x""#,
            r#"StartContainer container_id: "c""#
        ]
    );
    // An explicit empty value is a value.
    assert_eq!(
        sent(&["-c", "StartContainer container_id=a", "PauseContainer cid="]),
        [r#"StartContainer container_id: "a""#, "PauseContainer"]
    );
    // Without automatic values nothing is remembered, but an alias is an alias.
    assert_eq!(
        sent(&["-n", "-c", "StartContainer cid=a", "PauseContainer"]),
        [r#"StartContainer container_id: "a""#, "PauseContainer"]
    );
}

/// As the IDs of containers are, and each with its container.
#[test]
fn a_process_that_is_given_is_remembered_with_its_container() {
    assert_eq!(
        sent(&[
            "-c",
            "WaitProcess cid=a",
            "ExecProcess exec_id=e",
            "ReadStdout len=1",
            "ReadStderr len=1",
            "WriteStdin",
            "CloseStdin",
            "TtyWinResize",
            "SignalProcess",
            "WaitProcess",
            // Another container has processes of its own, and the first is as it was.
            "WaitProcess cid=b",
            "WaitProcess exec_id=f",
            "WaitProcess cid=a",
            "WaitProcess cid=b",
            // An empty ID is the first process, and it is that from then on.
            "SignalProcess exec_id=",
            "WaitProcess",
            // Another process is not one that was given, and neither is a new container's.
            "ExecProcess cid=a",
            "CreateContainer",
            "WaitProcess",
        ]),
        [
            r#"WaitProcess container_id: "a" exec_id: "a""#,
            r#"ExecProcess container_id: "a" exec_id: "e""#,
            r#"ReadStdout container_id: "a" exec_id: "e" len: 1"#,
            r#"ReadStderr container_id: "a" exec_id: "e" len: 1"#,
            r#"WriteStdin container_id: "a" exec_id: "e""#,
            r#"CloseStdin container_id: "a" exec_id: "e""#,
            r#"TtyWinResize container_id: "a" exec_id: "e""#,
            r#"SignalProcess container_id: "a" exec_id: "e" signal: 9"#,
            r#"WaitProcess container_id: "a" exec_id: "e""#,
            r#"WaitProcess container_id: "b" exec_id: "b""#,
            r#"WaitProcess container_id: "b" exec_id: "f""#,
            r#"WaitProcess container_id: "a" exec_id: "e""#,
            r#"WaitProcess container_id: "b" exec_id: "f""#,
            r#"SignalProcess container_id: "b" signal: 9"#,
            r#"WaitProcess container_id: "b" exec_id: "b""#,
            r#"ExecProcess container_id: "a" exec_id: "a""#,
            r#"CreateContainer container_id: "a" exec_id: "a""#,
            r#"WaitProcess container_id: "a" exec_id: "a""#,
        ]
    );
    // Without automatic values nothing is remembered.
    assert_eq!(
        sent(&[
            "-n",
            "-c",
            "ExecProcess cid=a exec_id=e",
            "WaitProcess cid=a"
        ]),
        [
            r#"ExecProcess container_id: "a" exec_id: "e""#,
            r#"WaitProcess container_id: "a""#
        ]
    );
}

#[test]
fn automatic_values_are_those_of_the_table() {
    assert_eq!(
        sent(&[
            "-c",
            "GetGuestDetails",
            "GetGuestDetails mem_block_size=false"
        ]),
        [
            "GetGuestDetails mem_block_size: true mem_hotplug_probe: true",
            "GetGuestDetails mem_hotplug_probe: true"
        ]
    );
}

#[test]
fn signals_by_name_and_number() {
    let peer = Peer::start();
    for (word, number) in [
        ("", 9),
        ("signal=usr1", 10),
        ("signal=USR1", 10),
        ("signal=SIGUSR1", 10),
        ("signal=sigterm", 15),
        ("signal=10", 10),
        ("signal=0", 0),
        (r#"json://{"signal": 1}"#, 1),
    ] {
        let command = format!("SignalProcess {word}");
        connect(peer.address(), ["-c", &command]).run().succeeded();
        let signal = peer.only().request::<SignalProcessRequest>().signal;
        assert_eq!(signal, number, "{command}");
    }
    let command = "SignalProcess signal=usr1 sid=s cid=c";
    connect(peer.address(), ["-n", "-c", command])
        .run()
        .succeeded();
    assert_eq!(
        lines(&peer),
        [r#"SignalProcess container_id: "c" signal: 10"#]
    );
}
