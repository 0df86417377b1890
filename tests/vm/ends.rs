//! What goes away while a call waits: the agent, and the whole guest.

use std::thread;
use std::time::Duration;

use crate::guest::{AGENT, Guest};
use crate::shared::{with_guest, with_own_guest};

/// Stops an agent in the guest, so that the next call to it waits.
const STOP: &str = "kill -STOP $(cat /victim)";
/// What the client says then.
const CLOSED: &str = "error: Check: the agent closed the connection before it answered\n";
/// What it says of a guest without a kernel.
const NOT_UP: &str = "error: Check: cannot connect to \"hvsock://./vm.sock:1024\": \
                      the hypervisor reset the connection: the guest is not up";
/// What a call needs to get from the client to an agent on a machine that is busy.
const UNDERWAY: Duration = Duration::from_secs(2);

fn start_victim(guest: &Guest, port: u32) {
    guest.run(&format!(
        "kata-agent-ctl serve --address vsock://-1:{port} >/dev/null 2>&1 & echo $! >/victim"
    ));
    guest
        .connect(port, &["-o", "jsonl", "-c", "Check"])
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
}

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn an_agent_that_is_killed_in_a_call() {
    with_guest(|guest| {
        start_victim(guest, 1040);
        guest.run(STOP);
        let call = guest.connect(1040, &["-c", "Check"]).start();
        thread::sleep(UNDERWAY);
        guest.run("kill -KILL $(cat /victim)");
        let output = call.wait();
        assert_eq!((output.status, output.stderr.as_str()), (3, CLOSED));

        // A client within the guest, whose socket is the kernel's own.
        start_victim(guest, 1041);
        guest.run(STOP);
        guest.run("(kata-agent-ctl connect --server-address vsock://1:1041 -c Check >/within 2>&1; echo $? >>/within) &");
        thread::sleep(UNDERWAY);
        guest.run("kill -KILL $(cat /victim)");
        let output =
            guest.run("until grep -q '^[0-9]*$' /within; do usleep 10000; done; cat /within");
        assert_eq!(output, format!("{CLOSED}3\n"));
    });
}

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn a_guest_from_its_boot_to_its_end_in_a_call() {
    with_own_guest("own", |guest| {
        // It has no kernel yet that could answer.
        let early = guest
            .connect(AGENT, &["--connect-timeout", "0", "-c", "Check"])
            .run();
        // This client tries until there is an agent.
        let patient = guest
            .connect(AGENT, &["-o", "jsonl", "-c", "Check"])
            .start();
        assert_eq!((early.status, early.stderr), (3, format!("{NOT_UP}\n")));
        assert_eq!(
            patient.wait().succeeded().text(),
            "{\"status\":\"SERVING\"}\n"
        );

        start_victim(guest, 1042);
        guest.run(STOP);
        let call = guest.connect(1042, &["-c", "Check"]).start();
        thread::sleep(UNDERWAY);
        guest.end();
        let output = call.wait();
        assert_eq!((output.status, output.stderr.as_str()), (3, CLOSED));

        let late = guest
            .connect(AGENT, &["--connect-timeout", "300ms", "-c", "Check"])
            .run();
        assert_eq!(
            (late.status, late.stderr),
            (3, format!("{NOT_UP} (tried for 300ms)\n"))
        );
    });
}
