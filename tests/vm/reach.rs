//! Finding the agent of a guest, or nobody.

use crate::guest::AGENT;
use crate::shared::with_guest;

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn the_agent_answers_from_outside_and_from_within() {
    with_guest(|guest| {
        let check = ["-o", "jsonl", "-c", "Check"];
        guest
            .connect(AGENT, &check)
            .stdout("{\"status\":\"SERVING\"}\n")
            .test();
        let old = [
            "--hybrid-vsock",
            "--server-address",
            "unix://./vm.sock",
            "-o",
            "jsonl",
            "-c",
            "Check",
        ];
        guest
            .connect(AGENT, &old)
            .stdout("{\"status\":\"SERVING\"}\n")
            .test();
        let within = "kata-agent-ctl connect --server-address vsock://1:1024 -o jsonl -c Check";
        assert_eq!(guest.run(within), "{\"status\":\"SERVING\"}\n");
    });
}

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn nobody_is_on_the_port() {
    with_guest(|guest| {
        let arguments = ["--connect-timeout", "1s", "-c", "Check"];
        guest
            .connect(1999, &arguments)
            .status(3)
            .stderr(
                "error: Check: cannot connect to \"hvsock://./vm.sock:1999\": the hypervisor closed \
                 the connection without an answer: nothing listens on this port of the guest, or the \
                 guest is not up (tried for 1s)\n",
            )
            .test();
    });
    // The second is a guest that is not there.
    for (cid, reason) in [
        ("1", "nothing listens on this port of the guest"),
        ("7", "the guest did not answer"),
    ] {
        with_guest(|guest| {
            let within = format!(
                "kata-agent-ctl connect --server-address vsock://{cid}:1999 --connect-timeout 300ms -c Check"
            );
            let (status, output) = guest.run_any(&within);
            assert_eq!(
                (status, output.as_str()),
                (3, format!("error: Check: cannot connect to \"vsock://{cid}:1999\": {reason} (tried for 300ms)\n").as_str())
            );
        });
    }
}
