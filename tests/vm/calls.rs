//! Calls that a guest answers: in each form, many of them, and many clients.

use std::fs;

use crate::guest::AGENT;
use crate::shared::with_guest;
use crate::tool::Running;

/// Calls in a row.
const CALLS: usize = 1000;
/// Clients at once.
const CLIENTS: usize = 100;
const CLIENT_IN_GUEST: &str = "kata-agent-ctl connect --server-address vsock://1:1024 -o jsonl";

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn every_form_of_a_call_reaches_the_agent() {
    // A marked call in each form, and the number of seconds that it is marked by.
    let forms = [
        ("SetGuestDateTime Sec=7001", 7001),
        ("SetGuestDateTime json://{\"Sec\":\"7002\"}", 7002),
        ("SetGuestDateTime file://request.json", 7003),
        ("SetGuestDateTime file://-", 7004),
        ("SetGuestDateTime json://{\"Sec\":\"1\"} Sec=7005", 7005),
        ("SetGuestDateTime file://request.json Sec=0x1b5e", 7006),
    ];
    with_guest(|guest| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("request.json");
        fs::write(&file, "{\"Sec\": 7003}").unwrap();
        let path = file.display().to_string();
        for (form, mark) in forms {
            let command = form.replace("request.json", &path);
            guest
                .connect(AGENT, &["-o", "jsonl", "-c", &command])
                .stdin("{\"Sec\": 7004}")
                .stdout("{}\n")
                .test();
            guest.run(&format!(
                "test $(grep -c '\"Sec\":\"{mark}\"' /requests) = 1"
            ));
        }
        // The defaults, and the same forms within the guest.
        guest
            .connect(AGENT, &["-n", "-o", "jsonl", "-c", "Check"])
            .stdout("{\"status\":\"SERVING\"}\n")
            .test();
        guest.run("echo '{\"Sec\": 7013}' > /request.json");
        for (form, mark) in [
            ("-c 'SetGuestDateTime Sec=7011'", 7011),
            ("-c 'SetGuestDateTime json://{\"Sec\":7012}'", 7012),
            ("-c 'SetGuestDateTime file:///request.json'", 7013),
            ("-c 'SetGuestDateTime file:///request.json Sec=7014'", 7014),
        ] {
            assert_eq!(
                guest.run(&format!("{CLIENT_IN_GUEST} {form}")),
                "{}\n",
                "{form}"
            );
            guest.run(&format!(
                "test $(grep -c '\"Sec\":\"{mark}\"' /requests) = 1"
            ));
        }
    });
}

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn a_thousand_calls() {
    with_guest(|guest| {
        let repeat = CALLS.to_string();
        guest
            .connect(AGENT, &["-o", "jsonl", "--repeat", &repeat, "-c", "Check"])
            .stdout("{\"status\":\"SERVING\"}\n".repeat(CALLS))
            .test();
        let within = format!("{CLIENT_IN_GUEST} --repeat {CALLS} -c Check | sort | uniq -c");
        let counted = guest.run(&within);
        assert_eq!(
            counted.trim(),
            format!("{CALLS} {{\"status\":\"SERVING\"}}")
        );
    });
}

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn a_hundred_clients_at_once() {
    with_guest(|guest| {
        let start = |_| {
            let arguments = ["-o", "jsonl", "--repeat", "3", "-c", "Check"];
            guest.connect(AGENT, &arguments).start()
        };
        let clients: Vec<Running> = (0..CLIENTS).map(start).collect();
        for client in clients {
            let output = client.wait().succeeded();
            assert_eq!(output.text(), "{\"status\":\"SERVING\"}\n".repeat(3));
        }
    });
}
