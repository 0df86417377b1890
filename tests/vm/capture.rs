//! A container's life on vsock, captured from the packets that the kernel copies, beside what a
//! proxy in between has recorded.

use crate::guest::Guest;
use crate::shared::with_guest;

/// The port of an agent of this test's own, over the loopback of vsock.
const PORT: u32 = 1050;

/// A specification with all that an agent wants.
const CONFIG: &str = r#"{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":["sleep","60"],"env":["PATH=/bin"]},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}]}"#;

/// The life, with a file in it of which a small buffer would lose packets.
const LIFE: &str = r#"connect --server-address unix:///p.sock -o jsonl \
-c Check 'CreateSandbox hostname=captured' \
-c 'CreateContainer cid=web spec=file:///config.json' StartContainer \
-c 'ExecProcess exec_id=hi process.Args=["sh","-c","echo hi; exit 3"] process.Env=["PATH=/bin"]' \
-c 'ReadStdout len=65536' WaitProcess 'StatsContainer cid=web' \
-c 'CopyFile src=/large dest=/run/kata-containers/shared/containers/large' \
-c 'SignalProcess exec_id= signal=9' RemoveContainer DestroySandbox"#;

/// Starts the tool in the guest, and waits until it says this.
fn start(guest: &Guest, name: &str, command: &str, says: &str) {
    guest.run(&format!(
        "kata-agent-ctl {command} </dev/null >/{name}.lines 2>/{name}.said & echo $! >/{name}.id"
    ));
    guest.run(&format!(
        "for n in $(seq 600); do grep -q '{says}' /{name}.said && break; usleep 100000; done; \
         grep '{says}' /{name}.said || {{ cat /{name}.said; false; }}"
    ));
}

fn end(guest: &Guest, name: &str) -> String {
    guest.run(&format!(
        "kill $(cat /{name}.id); while test -d /proc/$(cat /{name}.id); do usleep 10000; done; \
         cat /{name}.said"
    ))
}

#[test]
#[ignore = "boots a virtual machine: make test-vm"]
fn a_containers_life_is_captured_as_a_proxy_records_it() {
    with_guest(|guest| {
        guest.run(&format!("echo '{CONFIG}' > /config.json"));
        guest.run("dd if=/dev/urandom of=/large bs=1024 count=3000 2>/dev/null");
        let serve = format!("serve --address vsock://-1:{PORT}");
        start(guest, "agent", &serve, "listening on");
        let capture = format!("capture --cid 1 --port {PORT} -w /captured");
        start(guest, "capture", &capture, "capturing vsock://1:1050");
        let proxy = format!("proxy --listen unix:///p.sock --to vsock://1:{PORT} -w /proxied");
        start(guest, "proxy", &proxy, "listening on");
        let answers = guest.run(&format!("kata-agent-ctl {}", LIFE.replace("\\\n", "")));
        assert!(
            answers.contains("{\"data\":\"aGkK\"}\n{\"status\":3}"),
            "{answers}"
        );
        end(guest, "proxy");
        let said = end(guest, "capture");
        assert_eq!(said, "capturing vsock://1:1050\n");
        end(guest, "agent");

        let differs = guest.run("kata-agent-ctl diff /proxied /captured");
        assert_eq!(differs, "");
        // A call of each command, and of CopyFile one for each chunk.
        let counts = guest.run("grep -c '\"method\"' /proxy.lines /capture.lines");
        let counts: Vec<&str> = counts.lines().collect();
        let count = |name: &str| {
            let line = counts.iter().find(|line| line.starts_with(name)).unwrap();
            line.rsplit(':').next().unwrap().parse::<u32>().unwrap()
        };
        assert!(count("/proxy") >= 14, "{counts:?}");
        assert_eq!(count("/proxy"), count("/capture"));
        // Bytes, the beginning and the end of the connection too.
        let of = |file: &str| {
            let close = format!("grep '\"kind\":\"close\"' {file} | grep -o '\"bytes[^,}}]*'");
            guest.run(&close)
        };
        assert_eq!(of("/captured"), of("/proxied"));
        let link = guest.run("ip link | grep -c vsockmon || true");
        assert_eq!(link, "0\n");
        assert_eq!(guest.run("stat -c %a /captured"), "600\n");
        guest.run("rm -f /large /captured /proxied /p.sock");
    });
}
