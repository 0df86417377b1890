//! `sandboxes`, and `--sandbox` in place of an address.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};
use serde_json::{Value, json};

use super::host::{CONTAINERD, Host, K3S, ok, said};
use crate::served::{proxy, serve};
use crate::tool::{Output, Tool, connect, tool};

/// An ID of 64 digits that begins so.
fn id(begin: &str) -> String {
    format!("{begin:0<64}")
}

fn list(host: &Host) -> Output {
    tool(["sandboxes", &host.option()]).run()
}

fn as_json(host: &Host) -> Vec<Value> {
    let output = tool(["sandboxes", "-o", "json", &host.option()]).run();
    output.json().as_array().unwrap().clone()
}

#[track_caller]
fn only(host: &Host) -> Value {
    let found = as_json(host);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn both_runtimes_and_each_hypervisor() {
    let host = Host::new();
    let root = host.root().display().to_string();
    let mut addresses = Vec::new();
    for (begin, hypervisor, url) in [
        ("a1", "qemu", "vsock://2:1024"),
        ("a2", "stratovirt", "vsock://4294967294:1024"),
        ("a3", "clh", "hvsock:///run/vc/vm/ID/clh.sock:1024"),
        (
            "a4",
            "firecracker",
            "hvsock:///run/vc/firecracker/SHORT/root/kata.hvsock:1024",
        ),
        ("a5", "remote", "remote:///run/peerpod/pod.sock:1024"),
        ("a6", "mock", "mock:///tmp/kata-mock-hybrid-vsock.socket"),
    ] {
        let id = id(begin);
        let url = url.replace("ID", &id).replace("SHORT", &id[..32]);
        host.go(&id, hypervisor, 0, "");
        host.shim(&format!("run/vc/sbs/{id}"), ok(&url));
        addresses.push((id, "go", hypervisor, url));
    }
    for (begin, hypervisor, url) in [
        (
            "b1",
            "cloud-hypervisor",
            "hvsock:///run/kata/ID/ch-vm.sock:1024",
        ),
        (
            "b2",
            "firecracker",
            "hvsock:///run/kata/firecracker/ID/root/kata.hvsock:1024",
        ),
        (
            "b3",
            "dragonball",
            "hvsock:///run/kata/ID/root/kata.hvsock:1024",
        ),
        ("b4", "openvmm", "hvsock:///run/kata/ID/vsock.sock:1024"),
        ("b5", "qemu", "vsock://77:1024"),
    ] {
        let id = id(begin);
        let url = url.replace("ID", &id);
        host.rust(&id, hypervisor, 0, false);
        host.shim(&format!("run/kata/{id}"), ok(&url));
        addresses.push((id, "rust", hypervisor, url));
    }
    let found = as_json(&host);
    assert_eq!(found.len(), addresses.len());
    for (found, (id, runtime, hypervisor, url)) in found.iter().zip(&addresses) {
        assert_eq!(found["id"], *id);
        assert_eq!(found["runtime"], *runtime);
        assert_eq!(found["hypervisor"], *hypervisor);
        assert_eq!(found["state"], "running");
        assert_eq!(found["advice"], Value::Null);
        // Sockets are where the host's files are.
        let here = url.replace(":///", &format!("://{root}/"));
        assert_eq!(found["address"], here);
    }
}

#[test]
fn pods_and_containers_of_each_manager() {
    let host = Host::new();
    let (one, two, three, four) = (id("1"), id("2"), id("3"), id("4"));
    for (id, folder) in [
        (&one, "vc/sbs"),
        (&two, "kata"),
        (&three, "kata"),
        (&four, "kata"),
    ] {
        host.shim(&format!("run/{folder}/{id}"), ok("vsock://3:1024"));
    }
    host.pod(CONTAINERD, &one, ("default", "web"), (&id("11"), "nginx"));
    host.pod(K3S, &two, ("kube-system", "dns"), (&id("22"), "coredns"));
    let crio = |id: &str, kind: &str, name: &str| {
        host.bundle(
            &format!("run/containers/storage/overlay-containers/{id}/userdata"),
            json!({
                "io.kubernetes.cri-o.SandboxID": three,
                "io.kubernetes.cri-o.ContainerType": kind,
                "io.kubernetes.cri-o.Namespace": "shop",
                "io.kubernetes.cri-o.KubeName": "till",
                "io.kubernetes.container.name": name,
            }),
            json!({}),
        );
    };
    crio(&three, "sandbox", "POD");
    crio(&id("33"), "container", "cash");
    crio(&id("34"), "container", "bell");
    // A container without a pod.
    let moby = CONTAINERD.replace("k8s.io", "moby");
    host.bundle(&format!("{moby}/{four}"), json!({}), json!({}));
    // One of another runtime.
    host.pod(
        CONTAINERD,
        &id("9"),
        ("default", "runc"),
        (&id("99"), "app"),
    );
    tool(["sandboxes", &host.option()])
        .stdout(
            "\
ID            POD              RUNTIME  HYPERVISOR  STATE    CONTAINERS    ADDRESS
100000000000  default/web      go       -           running  nginx         vsock://3:1024
200000000000  kube-system/dns  rust     -           running  coredns       vsock://3:1024
300000000000  shop/till        rust     -           running  bell,cash     vsock://3:1024
400000000000  -                rust     -           running  400000000000  vsock://3:1024
",
        )
        .test();
}

#[test]
fn short_ids_are_as_long_as_they_must_be() {
    let host = Host::new();
    for end in ["aa", "ab", "b"] {
        let id = format!("0123456789abcdef{end}");
        host.shim(&format!("run/kata/{id}"), ok("vsock://3:1024"));
    }
    let text = list(&host).succeeded().text();
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        ids,
        [
            "ID",
            "0123456789abcdefaa",
            "0123456789abcdefab",
            "0123456789abcdefb"
        ]
    );
}

#[test]
fn tab_completes_sandboxes() {
    let host = Host::new();
    let (one, two) = (id("3f1"), id("3f2"));
    host.shim(&format!("run/vc/sbs/{one}"), ok("vsock://3:1024"));
    host.pod(CONTAINERD, &one, ("default", "web"), (&id("77a"), "nginx"));
    host.shim(&format!("run/kata/{two}"), ok("vsock://4:1024"));
    let option = host.option();
    let complete = |line: &str| {
        let line = format!("kata-agent-ctl connect {option} --sandbox {line}");
        tool(["complete", "fish", &line]).run().succeeded().text()
    };
    let (row_one, row_two) = (format!("{one}\tdefault/web\n"), format!("{two}\tsandbox\n"));
    let pod = format!("default/web\t{one}\n");
    let container = format!("{}\tdefault/web/nginx\n", id("77a"));
    assert_eq!(complete("3f"), format!("{row_one}{row_two}"));
    assert_eq!(complete("3f2"), row_two);
    assert_eq!(complete("d"), pod);
    assert_eq!(complete("7"), container);
    assert_eq!(complete("x"), "");
    // A pod that is named to mislead a terminal.
    let odd = id("4a0");
    host.shim(&format!("run/kata/{odd}"), ok("vsock://5:1024"));
    host.pod(
        CONTAINERD,
        &odd,
        ("\u{1b}[2J", "a\u{202e}b"),
        (&id("88a"), "\u{1b}[2J"),
    );
    assert_eq!(complete("4a"), format!("{odd}\t\\x1b[2J/a\\u{{202e}}b\n"));
    assert_eq!(complete("$'\\x1b"), "");
    // Containers of the sandbox that was named.
    let containers = |line: &str| {
        let line = format!("kata-agent-ctl exec {option} {line} ");
        tool(["complete", "fish", &line]).run().succeeded().text()
    };
    let (inner, full) = (id("77a"), format!("{}\tdefault/web/nginx\n", id("77a")));
    assert!(containers("").contains(&full));
    let of_web = format!("nginx\t{inner}\n{inner}\tnginx\n");
    assert_eq!(containers("--sandbox default/web"), of_web);
    assert_eq!(containers("--sandbox=3f1"), of_web);
    assert_eq!(containers("--sandbox 3f2"), "");
}

#[test]
fn what_a_shim_answers_in_place_of_an_address() {
    let id = id("5");
    let folder = format!("run/kata/{id}");
    for (answer, state, address, advice) in [
        (
            said("500 Internal Server Error", "sandbox is gone\n"),
            "running",
            Value::Null,
            "its shim answers 500 when it is asked for the agent's address: \"sandbox is gone\""
                .to_owned(),
        ),
        (
            ok(""),
            "running",
            Value::Null,
            "its shim does not know the agent's address yet, as the guest is not up; try again \
             in a few seconds"
                .to_owned(),
        ),
        (
            ok(":1024"),
            "running",
            Value::Null,
            "its shim does not know the agent's address yet, as the guest is not up; try again \
             in a few seconds"
                .to_owned(),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nvsock\r\n9\r\n://8:1024\r\n\
             0\r\n\r\n"
                .to_owned(),
            "running",
            json!("vsock://8:1024"),
            String::new(),
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\nvsock://8:1024\n".to_owned(),
            "running",
            json!("vsock://8:1024"),
            String::new(),
        ),
        (
            ok("\u{1b}[2Jvsock"),
            "running",
            Value::Null,
            "what its shim answers is not an address: \"\\x1b[2Jvsock\"".to_owned(),
        ),
        (
            "SSH-2.0-OpenSSH_9.9\r\n".to_owned(),
            "running",
            Value::Null,
            format!(
                "what answers on {{}}/{folder}/shim-monitor.sock does not speak HTTP, so it is \
                 not a shim of Kata's"
            ),
        ),
        (
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n{}",
                "x".repeat(100_000)
            ),
            "running",
            Value::Null,
            format!(
                "what its shim answers is not an address: \"{}...\"",
                "x".repeat(60)
            ),
        ),
    ] {
        let host = Host::new();
        host.shim(&folder, answer.clone());
        let found = only(&host);
        let advice = advice.replace("{}", &host.root().display().to_string());
        assert_eq!(found["state"], state, "{answer:.100}");
        assert_eq!(found["address"], address, "{answer:.100}");
        assert_eq!(
            found["advice"].as_str().unwrap_or_default(),
            advice,
            "{answer:.100}"
        );
    }
}

#[test]
fn the_state_files_where_the_shim_says_nothing() {
    let host = Host::new();
    let root = host.root().display().to_string();
    let error = said("500 Internal Server Error", "no");
    host.go(&id("c1"), "clh", 0, "hvsock:///run/vc/vm/c1/clh.sock:1024");
    host.shim(&format!("run/vc/sbs/{}", id("c1")), error.clone());
    for (begin, hypervisor, is_jailed) in [
        ("d1", "cloud-hypervisor", false),
        ("d2", "firecracker", false),
        ("d3", "firecracker", true),
        ("d4", "dragonball", false),
        ("d5", "openvmm", false),
        ("d6", "qemu", false),
        ("d7", "something-new", false),
    ] {
        let id = id(begin);
        host.rust(&id, hypervisor, 400, is_jailed);
        host.shim(&format!("run/kata/{id}"), ok(""));
    }
    let name = format!("sandbox-{}", id("d6"));
    let device = "vhost-vsock-pci,disable-modern=false,vhostfd=3,guest-cid=51234,romfile=";
    host.process(
        400,
        &[
            "/usr/bin/qemu-system-x86_64",
            "-name",
            &name,
            "-device",
            device,
        ],
    );
    let found: Vec<String> = as_json(&host)
        .iter()
        .map(|found| {
            found["address"]
                .as_str()
                .unwrap_or("none")
                .replace(&root, "")
        })
        .collect();
    let of = |begin: &str, path: &str| path.replace("ID", &id(begin));
    assert_eq!(
        found,
        [
            "hvsock:///run/vc/vm/c1/clh.sock:1024".to_owned(),
            of("d1", "hvsock:///run/kata/ID/ch-vm.sock:1024"),
            of("d2", "hvsock:///run/kata/ID/kata.hvsock:1024"),
            of(
                "d3",
                "hvsock:///run/kata/firecracker/ID/root/kata.hvsock:1024"
            ),
            of("d4", "hvsock:///run/kata/ID/root/kata.hvsock:1024"),
            of("d5", "hvsock:///run/kata/ID/vsock.sock:1024"),
            "vsock://51234:1024".to_owned(),
            "none".to_owned(),
        ]
    );
}

#[test]
fn left_over_ones_are_shown_with_what_to_do() {
    let host = Host::new();
    let (dead, alive, empty, other) = (id("a"), id("b"), id("c"), id("d"));
    host.go(&dead, "qemu", 100, "vsock://3:1024");
    // Nobody listens on a socket whose process is gone.
    drop(host.bind(&format!("run/vc/sbs/{dead}/shim-monitor.sock")));
    host.go(&alive, "qemu", 200, "vsock://4:1024");
    host.process(200, &["qemu", "-name", &format!("sandbox-{alive}")]);
    host.write(
        &format!("run/kata/{empty}/state.json"),
        "{\"hypervisor\": {\"pid\"",
    );
    // Another process has the number by now.
    host.rust(&other, "dragonball", 300, false);
    host.process(300, &["bash"]);
    let root = host.root().display();
    tool(["sandboxes", &host.option()])
        .stdout(format!(
            "\
ID            POD  RUNTIME  HYPERVISOR  STATE      CONTAINERS  ADDRESS
a00000000000  -    go       qemu        left over  -           vsock://3:1024
b00000000000  -    go       qemu        left over  -           vsock://4:1024
c00000000000  -    rust     -           left over  -           -
d00000000000  -    rust     dragonball  left over  -           hvsock://{root}/run/kata/{other}/root/kata.hvsock:1024
"
        ))
        .stderr(format!(
            "\
warn: {dead}: left over from a sandbox that is gone, as is its hypervisor, process 100: remove \
{root}/run/vc/sbs/{dead}
warn: {alive}: left over: its shim is gone, and its hypervisor, process 200, still runs; end \
that process, then remove {root}/run/vc/sbs/{alive}
warn: {empty}: left over from a sandbox that is gone, or one that is only just starting; if it \
is the same in a minute, remove {root}/run/kata/{empty}
warn: {other}: left over from a sandbox that is gone, as is its hypervisor, process 300: remove \
{root}/run/kata/{other}
"
        ))
        .test();
    tool(["connect", "--sandbox", "a0", &host.option(), "-c", "Check"])
        .status(3)
        .stderr(format!(
            "error: the sandbox {dead}: left over from a sandbox that is gone, as is its \
             hypervisor, process 100: remove {root}/run/vc/sbs/{dead}\n"
        ))
        .test();
}

#[test]
fn a_process_that_cannot_be_seen_is_not_gone() {
    let host = Host::new();
    host.go("a", "qemu", 100, "vsock://3:1024");
    fs::remove_dir_all(host.path("proc")).unwrap();
    let root = host.root().display();
    let found = only(&host);
    assert_eq!(found["process"], json!({"id": 100, "is_alive": null}));
    assert_eq!(
        found["advice"],
        format!(
            "left over: its shim is gone, and whether its hypervisor, process 100, runs cannot \
             be seen from here; see to that, then remove {root}/run/vc/sbs/a"
        )
    );
    let doctor = tool(["doctor", &host.option(), "--sandbox", "a"]).run();
    assert!(
        doctor.text().contains(
            "skipped  process      whether qemu runs as process 100 cannot be seen from here\n"
        ),
        "{}",
        doctor.text()
    );
}

#[test]
fn hostile_files_do_no_harm() {
    let host = Host::new();
    let broken = [
        ("{", "half"),
        ("[]", "list"),
        (
            r#"{"AgentState":{"URL":7},"HypervisorState":{"Type":[],"Pid":-1}}"#,
            "types",
        ),
        (
            r#"{"AgentState":{"URL":"vsock://x"},"HypervisorState":{"Pid":1e300}}"#,
            "values",
        ),
        (
            r#"{"AgentState":null,"HypervisorState":{"Type":"\u001b[31mqemu\nx"}}"#,
            "colour",
        ),
    ];
    for (content, name) in broken {
        host.write(&format!("run/vc/sbs/{name}/persist.json"), content);
        host.shim(&format!("run/vc/sbs/{name}"), ok("vsock://3:1024"));
    }
    host.write("run/kata/nested/state.json", "[".repeat(100_000));
    host.write("run/kata/large/state.json", vec![b' '; 9 << 20]);
    fs::create_dir_all(host.path("run/kata/pipe")).unwrap();
    mkfifo(&host.path("run/kata/pipe/state.json"), Mode::S_IRWXU).unwrap();
    fs::create_dir_all(host.path("run/kata/link")).unwrap();
    symlink("/dev/zero", host.path("run/kata/link/state.json")).unwrap();
    // Neither a folder of a sandbox.
    fs::create_dir_all(host.path("run/kata/firecracker/x")).unwrap();
    host.write("run/kata/file", "");
    symlink("/", host.path("run/kata/root")).unwrap();
    let bundle = |id: &str| format!("{CONTAINERD}/{id}");
    host.bundle(
        &bundle("half"),
        json!({
            "io.kubernetes.cri.sandbox-id": 7,
            "io.kubernetes.cri.sandbox-namespace": "\u{1b}[2J",
            "io.kubernetes.cri.sandbox-name": "a\nb",
        }),
        json!({}),
    );
    host.write(
        &format!("{}/config.json", bundle("types")),
        "{\"annotations\": 1}",
    );
    mkfifo_at(&host, &bundle("list"));
    let output = list(&host);
    assert_eq!(output.status, 0);
    let text = output.text();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 1 + broken.len() + 4, "{text}");
    assert!(text.contains(r"\x1b[31mqemu\nx"), "{text}");
    assert!(text.contains(r"\x1b[2J/a\nb"), "{text}");
    let found = as_json(&host);
    assert_eq!(found.len(), broken.len() + 4);
}

#[test]
fn a_host_without_sandboxes() {
    let host = Host::new();
    tool(["sandboxes", &host.option()])
        .stdout("ID  POD  RUNTIME  HYPERVISOR  STATE  CONTAINERS  ADDRESS\n")
        .stderr("there is no Kata sandbox on this host\n")
        .test();
    host.write("file", "");
    for (root, error) in [
        ("/no/such/host".to_owned(), ": no such file or directory"),
        (host.path("file").display().to_string(), " is not a folder"),
    ] {
        for command in [
            &["sandboxes"][..],
            &["doctor"],
            &["connect", "--sandbox", "x"],
        ] {
            tool(command)
                .arguments(["--host-root", &root])
                .arguments(if command[0] == "connect" {
                    &["-c", "Check"][..]
                } else {
                    &[]
                })
                .status(2)
                .stderr(format!("error: --host-root: {root:?}{error}\n"))
                .test();
        }
    }
}

#[test]
fn addresses_and_links_stay_below_the_root() {
    let host = Host::new();
    let root = host.root().display().to_string();
    let url = "hvsock:///../../../etc/passwd:1024";
    host.shim("run/kata/out", ok(url));
    fs::create_dir_all(host.path("run/vc/vm")).unwrap();
    symlink("/run", host.path("var")).unwrap();
    host.shim("run/kata/var", ok("hvsock:///var/vc/vm/clh.sock:1024"));
    let found = as_json(&host);
    let addresses: Vec<_> = found
        .iter()
        .map(|it| it["address"].as_str().unwrap())
        .collect();
    assert_eq!(
        addresses,
        [
            format!("hvsock://{root}/etc/passwd:1024"),
            format!("hvsock://{root}/run/vc/vm/clh.sock:1024"),
        ]
    );
}

fn mkfifo_at(host: &Host, bundle: &str) {
    fs::create_dir_all(host.path(bundle)).unwrap();
    mkfifo(&host.path(&format!("{bundle}/config.json")), Mode::S_IRWXU).unwrap();
}

#[test]
fn what_may_not_be_read_is_told_and_the_rest_is_shown() {
    let host = Host::new();
    host.shim("run/kata/one", ok("vsock://3:1024"));
    // A file in the place of a folder cannot be read by anybody.
    host.write("run/vc/sbs", "");
    let root = host.root().display().to_string();
    let row = "one  -    rust     -           running  -           vsock://3:1024\n";
    let head = "ID   POD  RUNTIME  HYPERVISOR  STATE    CONTAINERS  ADDRESS\n";
    let output = list(&host);
    assert_eq!(output.text(), format!("{head}{row}"));
    assert_eq!(
        output.error(),
        format!(
            "warn: cannot read {root}/run/vc/sbs: not a directory; sandboxes or containers may \
             be missing here"
        )
    );
}

#[test]
fn what_another_user_may_not_see() {
    // Root may see everything, so it becomes another user.
    let as_other = |run: Tool| match geteuid().is_root() {
        true => run.user(65_534),
        false => run,
    };
    let host = Host::new();
    let root = host.root().display().to_string();
    let as_nobody = |arguments: &[&str]| as_other(tool(arguments).arguments([host.option()]));
    let close = |path: &str| {
        fs::set_permissions(host.path(path), fs::Permissions::from_mode(0o000)).unwrap();
    };
    host.pod(CONTAINERD, "5a0", ("shop", "till"), ("c0ffee", "cash"));
    host.go("5a0", "qemu", 100, "vsock://3:1024");
    // A state file that only others may read is not a reason to remove anything.
    close("run/vc/sbs/5a0/persist.json");
    let output = as_nobody(&["sandboxes"]).run();
    assert!(
        output
            .text()
            .contains("5a0  shop/till  go       -           left over")
    );
    assert_eq!(
        output.stderr,
        format!(
            "warn: cannot read {root}/run/vc/sbs/5a0/persist.json: permission denied; sandboxes \
             or containers may be missing here: run this as root\n\
             warn: 5a0: its shim is gone, and what the runtime has written down in \
             {root}/run/vc/sbs/5a0 may not be read; run this as root\n"
        )
    );
    // Neither is one that may not be looked into a folder of something else.
    close("run/vc/sbs/5a0");
    fs::create_dir_all(host.path("run/kata/6b0")).unwrap();
    close("run/kata/6b0");
    as_nobody(&["sandboxes"])
        .stdout("ID  POD  RUNTIME  HYPERVISOR  STATE  CONTAINERS  ADDRESS\n")
        .stderr(format!(
            "warn: cannot read {root}/run/vc/sbs/5a0: permission denied, nor another place; \
             sandboxes or containers may be missing here: run this as root\n\
             there is no Kata sandbox that this user may see\n"
        ))
        .test();
    // Nor is its container one of another runtime.
    for (command, status, error) in [
        (
            &["connect", "--sandbox", "shop/till", "-c", "Check"][..],
            2,
            "nothing that this user may see on this host matches \"shop/till\"; run this as root",
        ),
        (
            &["exec", "--host-root", &root, "c0ff", "--", "true"],
            125,
            "nothing that this user may see on this host matches \"c0ff\"; run this as root",
        ),
        (
            &["doctor", "--sandbox", "shop/till"],
            1,
            "the stage \"sandbox\" failed: nothing that this user may see on this host matches \
             \"shop/till\"",
        ),
    ] {
        let run = match command[0] {
            "exec" => as_other(tool(command)),
            _ => as_nobody(command),
        };
        let output = run.run();
        assert_eq!(output.status, status, "{command:?}");
        let last = output.stderr.lines().last().unwrap();
        assert_eq!(last, format!("error: {error}"));
    }
    let output = as_nobody(&["doctor"]).run();
    assert!(
        output.text().contains("to do: run this as root\n"),
        "{}",
        output.text()
    );
    // An address needs nothing of the host.
    let served = serve(&[]);
    served.listening();
    let socket = served.address().replace("unix://", "");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    let folder = std::path::Path::new(&socket).parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let address = served.address();
    let root_option = host.option();
    as_other(tool([
        "exec",
        "-a",
        &address,
        &root_option,
        "c0ff",
        "--",
        "true",
    ]))
    .status(125)
    .stderr("error: ExecProcess: the agent answered code: INTERNAL (13): Invalid container id\n")
    .test();
}

#[test]
fn many_are_asked_side_by_side() {
    let host = Host::new();
    for index in 0..300 {
        let folder = format!("run/kata/{index:03}");
        match index % 3 {
            // Silent, once it has taken the connection or without that.
            0 => host.listen(&format!("{folder}/shim-monitor.sock"), |mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
                std::thread::sleep(Duration::from_secs(60));
            }),
            1 => std::mem::forget(host.bind(&format!("{folder}/shim-monitor.sock"))),
            _ => host.shim(&folder, ok("vsock://3:1024")),
        }
    }
    let started = Instant::now();
    let found = as_json(&host);
    let time = started.elapsed();
    assert_eq!(found.len(), 300);
    let count = |state: &str| found.iter().filter(|it| it["state"] == state).count();
    assert_eq!((count("running"), count("no answer")), (100, 200));
    // Twice the limit of one, as they are asked in two groups, and not 200 times it.
    assert!(time < Duration::from_secs(10), "{time:?}");
}

#[test]
fn a_sandbox_in_place_of_an_address() {
    let host = Host::new();
    let served = serve(&[]);
    served.listening();
    let socket = served.address().replace("unix://", "");
    let (one, two) = (id("3f1"), id("3f2"));
    // The path in the address is below the host's root.
    fs::create_dir_all(host.path("run/agent")).unwrap();
    fs::hard_link(&socket, host.path("run/agent/s")).unwrap();
    host.shim(
        &format!("run/vc/sbs/{one}"),
        ok("remote:///run/agent/s:1024"),
    );
    host.pod(CONTAINERD, &one, ("default", "web"), (&id("77a"), "nginx"));
    host.shim(&format!("run/kata/{two}"), ok("remote:///run/agent/s:1024"));
    host.pod(CONTAINERD, &two, ("default", "db"), (&id("77b"), "sql"));
    host.pod(
        CONTAINERD,
        &id("9"),
        ("default", "plain"),
        (&id("99"), "app"),
    );
    let option = host.option();
    for which in ["3f1", &one, "77a", &id("77a"), "default/web", "default/db"] {
        tool([
            "connect",
            "--sandbox",
            which,
            &option,
            "-o",
            "jsonl",
            "-c",
            "Check",
        ])
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
    }
    let by_variable = tool([
        "connect",
        "--sandbox",
        "3f2",
        &option,
        "-o",
        "jsonl",
        "-c",
        "Check",
    ]);
    by_variable
        .variable("KATA_AGENT_SERVER_ADDRESS", "unix:///no/such/socket")
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
    for (which, error) in [
        (
            "3f",
            format!("\"3f\" could be any of the sandboxes {one} (default/web), {two} (default/db)"),
        ),
        (
            "77",
            format!("\"77\" could be any of the sandboxes {one} (default/web), {two} (default/db)"),
        ),
        (
            "default/none",
            "no sandbox of this host matches \"default/none\", by its ID, a container's ID or \
             namespace/pod; \"kata-agent-ctl sandboxes\" lists what there is"
                .to_owned(),
        ),
        (
            "99",
            format!(
                "the container \"{}\" is not in a Kata sandbox: another runtime runs it",
                id("99")
            ),
        ),
        ("", "\"\" names no sandbox".to_owned()),
    ] {
        tool(["connect", "--sandbox", which, &option, "-c", "Check"])
            .status(2)
            .stderr(format!("error: {error}\n"))
            .test();
    }
    connect("sim://", ["--sandbox", "3f1", "-c", "Check"])
        .status(2)
        .stderr("error: give --server-address or --sandbox, not both\n")
        .test();
    let bench = [
        "bench",
        "--sandbox",
        "default/web",
        &option,
        "-c",
        "Check",
        "--calls",
        "1",
    ];
    tool(bench).run().succeeded();
    // A proxy's agent as well.
    let proxy = proxy(&["--sandbox", "default/web", &option]);
    proxy.listening();
    connect(&proxy.address(), ["-o", "jsonl", "-c", "Check"])
        .stdout("{\"status\":\"SERVING\"}\n")
        .test();
    for with in [&["--to", "sim://"][..], &["--interpose", "/no/such"]] {
        let output = tool(["proxy", "--listen", "unix:///no/such", "--sandbox", "x"])
            .arguments(with)
            .run();
        assert_eq!(output.status, 2, "{}", output.stderr);
        assert!(
            output.error().contains("cannot be used with"),
            "{}",
            output.stderr
        );
    }
}
