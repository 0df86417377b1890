//! What calls change of the guest around its containers, and what they answer.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::called::Called;
use super::script::create;
use crate::host::Host;
use crate::{Feature, GuestOptions};

fn plain() -> Called {
    Called::new(GuestOptions::default())
}

fn with(feature: Feature) -> Called {
    Called::new(GuestOptions::new([feature], None))
}

const MISSING: &str = r#"13 Os { code: 2, kind: NotFound, message: "No such file or directory" }"#;

#[test]
fn the_network() {
    plain().talk(&[
        (
            "ListInterfaces",
            "{}",
            r#"{"Interfaces":[{"name":"lo","hwAddr":"00:00:00:00:00:00","mtu":"65536","IPAddresses":[
                {"family":"v6","address":"127.0.0.1","mask":"8"},{"address":"::1","mask":"128"}]}]}"#,
        ),
        ("ListRoutes", "{}", "{}"),
        (
            "UpdateInterface",
            r#"{"interface":{"device":"x","name":"eth0","hwAddr":"52:54:00:12:34:56","mtu":1400,
                "devicePath":"02/00","IPAddresses":[{"address":"10.0.2.15","mask":"24"}]}}"#,
            r#"{"device":"x","name":"eth0","hwAddr":"52:54:00:12:34:56","mtu":"1400",
                "devicePath":"02/00","IPAddresses":[{"address":"10.0.2.15","mask":"24"}]}"#,
        ),
        (
            "UpdateRoutes",
            r#"{"routes":{"Routes":[{"gateway":"10.0.2.2","device":"eth0","mtu":1300}]}}"#,
            r#"{"Routes":[{"dest":"10.0.2.0/24","device":"eth0","scope":253},
                {"dest":"0.0.0.0","gateway":"10.0.2.2","device":"eth0","mtu":1300},
                {"dest":"fe80::/64","device":"eth0"}]}"#,
        ),
        (
            "AddARPNeighbors",
            r#"{"neighbors":{"ARPNeighbors":[{"toIPAddress":{"address":"10.0.2.2"},"device":"eth0",
                "lladdr":"02:00:00:00:00:01"}]}}"#,
            "{}",
        ),
        ("UpdateInterface", "{}", r#"3 "empty update interface request""#),
        ("UpdateRoutes", "{}", r#"3 "empty update routes request""#),
        ("AddARPNeighbors", "{}", r#"3 "empty add arp neighbours request""#),
        (
            "UpdateInterface",
            r#"{"interface":{"hwAddr":"x"}}"#,
            r#"13 "update interface: Failed to parse MAC address: x\n\nCaused by:\n    invalid digit found in string""#,
        ),
        (
            "UpdateRoutes",
            r#"{"routes":{"Routes":[{"device":"eth7"}]}}"#,
            r#"13 "Failed to update routes: Received a netlink error message No such device (os error 19)""#,
        ),
        (
            "AddARPNeighbors",
            r#"{"neighbors":{"ARPNeighbors":[{}]}}"#,
            r#"13 "Failed to add ARP neighbours: Failed to add ARP neighbor : Unable to determine ip address of ARP neighbor""#,
        ),
        ("UpdateRoutes", r#"{"routes":{"Routes":[]}}"#,
            r#"{"Routes":[{"dest":"10.0.2.0/24","device":"eth0","scope":253},
                {"dest":"0.0.0.0","gateway":"10.0.2.2","device":"eth0","mtu":1300},
                {"dest":"fe80::/64","device":"eth0"}]}"#,
        ),
    ]);
}

#[test]
fn ip_tables() {
    plain().talk(&[
        ("GetIPTables", "{}", MISSING),
        ("SetIPTables", "{}", MISSING),
    ]);
    let filter = r#"{"data":"KmZpbHRlcgo6SU5QVVQgQUNDRVBUIFswOjBdCkNPTU1JVAo="}"#;
    with(Feature::IpTables).talk(&[
        ("GetIPTables", "{}", "{}"),
        ("SetIPTables", filter, "{}"),
        ("GetIPTables", "{}", filter),
        ("GetIPTables", r#"{"is_ipv6":true}"#, "{}"),
        (
            "SetIPTables",
            r#"{"is_ipv6":true,"data":"eA=="}"#,
            r#"13 "/sbin/ip6tables-restore failed: \"ip6tables-restore: line 1 failed\\n\"""#,
        ),
    ]);
}

#[test]
fn files_and_volumes() {
    let mut agent = plain();
    agent.talk(&[
        (
            "CopyFile",
            r#"{"path":"/etc/x"}"#,
            "13 removing \"/run/kata-containers/shared/containers/\" prefix from /etc/x\n\n\
             Caused by:\n    prefix not found",
        ),
        (
            "CopyFile",
            r#"{"path":"/run/kata-containers/shared/containers/q","file_mode":420,"data":"YWJj","file_size":3}"#,
            "{}",
        ),
        (
            "CopyFile",
            r#"{"path":"/run/kata-containers/shared/containers/q/x","file_mode":420}"#,
            "13 mkdir_all parent\n\nCaused by:\n    Not a directory (os error 20)",
        ),
        ("GetVolumeStats", "{}", MISSING),
        ("GetVolumeStats", r#"{"volume_guest_path":"/no/such"}"#, MISSING),
        (
            "ResizeVolume",
            r#"{"volume_guest_path":"/"}"#,
            r#"12 "resize_volume is not implemented in kata-agent""#,
        ),
    ]);
    let path = r#"{"volume_guest_path":"/run/kata-containers/shared/containers/q"}"#;
    let answer = agent.call("GetVolumeStats", path).unwrap();
    assert_eq!(answer["volume_condition"]["message"], "OK");
    let number = |usage: usize, name: &str| -> u64 {
        let text = answer["usage"][usage][name].as_str().unwrap();
        text.parse().unwrap()
    };
    for (usage, unit) in [(0, "BYTES"), (1, "INODES")] {
        assert_eq!(answer["usage"][usage]["unit"], unit);
        let (used, available) = (number(usage, "used"), number(usage, "available"));
        assert_eq!(used + available, number(usage, "total"));
        assert!(used > 0);
    }
}

#[test]
fn swap() {
    let path = r#"{"path":"/run/kata-containers/shared/containers/swap"}"#;
    let mut area = vec![0; 4086];
    area.extend_from_slice(b"SWAPSPACE2");
    let data = BASE64_STANDARD.encode(&area);
    let copy = format!(
        r#"{{"path":"/run/kata-containers/shared/containers/swap","file_size":4096,"data":"{data}"}}"#
    );
    plain().talk(&[
        (
            "AddSwap",
            "{}",
            "13 PCI path must have at least one element",
        ),
        (
            "AddSwap",
            r#"{"PCIPath":[2,32]}"#,
            "13 PCI slot 32 should be in range [0..0x1f]",
        ),
        ("AddSwap", r#"{"PCIPath":[2,31]}"#, "{}"),
        (
            "AddSwap",
            r#"{"PCIPath":[2,31]}"#,
            "13 libc::swapon get error Device or resource busy (os error 16)",
        ),
        (
            "AddSwapPath",
            path,
            "13 libc::swapon get error No such file or directory (os error 2)",
        ),
        (
            "AddSwapPath",
            r#"{"path":"/"}"#,
            "13 libc::swapon get error Invalid argument (os error 22)",
        ),
        ("CopyFile", &copy, "{}"),
        ("AddSwapPath", path, "{}"),
        (
            "AddSwapPath",
            path,
            "13 libc::swapon get error Device or resource busy (os error 16)",
        ),
    ]);
}

#[test]
fn clock_entropy_and_hotplug() {
    let mut agent = plain();
    agent.talk(&[
        ("SetGuestDateTime", "{}", "13 EINVAL: Invalid argument"),
        ("SetGuestDateTime", r#"{"Sec":4000000000,"Usec":1}"#, "{}"),
        ("ReseedRandomDev", "{}", "13 missing entropy data"),
        ("ReseedRandomDev", r#"{"data":"YQ=="}"#, "{}"),
        ("OnlineCPUMem", "{}", "{}"),
        ("OnlineCPUMem", r#"{"nb_cpus":4}"#, "{}"),
        ("MemHotplugByProbe", "{}", "{}"),
    ]);
    let probed = match Host::this().has_memory_probe() {
        true => "{}",
        false => "13 No such file or directory (os error 2)",
    };
    agent.talk(&[(
        "MemHotplugByProbe",
        r#"{"memHotplugProbeAddr":[1]}"#,
        probed,
    )]);
}

#[test]
fn mounts_and_diagnostics() {
    plain().talk(&[
        ("UpdateEphemeralMounts", "{}", "{}"),
        (
            "UpdateEphemeralMounts",
            r#"{"storages":[{"driver":"ephemeral","mount_point":"/run/tmp/x"}]}"#,
            "{}",
        ),
        (
            "UpdateEphemeralMounts",
            r#"{"storages":[{"driver":"blk"}]}"#,
            r#"13 "Failed to update mounts: Unsupported storage type for syncing mounts blk. Only ephemeral storage update is supported""#,
        ),
        (
            "UpdateEphemeralMounts",
            r#"{"storages":[{"driver":"ephemeral","mount_point":"/x","source":"tmpfs","options":["ro"]}]}"#,
            r#"13 "Failed to update mounts: need mount FS type""#,
        ),
        (
            "UpdateEphemeralMounts",
            r#"{"storages":[{"driver":"ephemeral","mount_point":"/x","source":"tmpfs","fstype":"tmpfs","options":["ro"]}]}"#,
            "{}",
        ),
        ("RemoveStaleVirtiofsShareMounts", "{}", "{}"),
        (
            "GetDiagnosticData",
            r#"{"log_type":"zz"}"#,
            r#"3 "unsupported diagnostic log_type: zz""#,
        ),
        (
            "GetDiagnosticData",
            r#"{"log_type":"termination_log","container_id":"x"}"#,
            "13 Invalid container id: x",
        ),
    ]);
}

#[test]
fn a_new_sandbox_empties_the_folder_of_containers_and_fails_having_done_so() {
    let copy = |path: &str| {
        let path = format!("/run/kata-containers/shared/containers/{path}");
        let piece = serde_json::json!({"path": path, "file_size": 1, "file_mode": 0o100_644, "data": "YQ=="});
        piece.to_string()
    };
    let swap = r#"{"path":"/run/kata-containers/shared/containers/x"}"#;
    let there = "13 libc::swapon get error Invalid argument (os error 22)";
    let gone = "13 libc::swapon get error No such file or directory (os error 2)";
    let failed = "13 setup persistent IPC namespace";
    plain().talk(&[
        ("CopyFile", &copy("x"), "{}"),
        ("AddSwapPath", swap, there),
        ("CreateSandbox", "{}", "{}"),
        ("AddSwapPath", swap, gone),
        ("CopyFile", &copy("x"), "{}"),
        ("AddSwapPath", swap, there),
        ("CreateSandbox", "{}", failed),
        ("AddSwapPath", swap, gone),
        ("CopyFile", &copy("deep/x"), "{}"),
        (
            "CreateSandbox",
            r#"{"kernel_modules":[{}]}"#,
            "13 Kernel module name is empty",
        ),
        (
            "GetVolumeStats",
            r#"{"volume_guest_path":"/run/kata-containers/shared"}"#,
            MISSING,
        ),
    ]);
}

#[test]
fn a_containers_last_words() {
    let mut agent = plain();
    let shared = "/run/kata-containers/shared/containers/";
    let mut make = |id: &str, path: Option<&str>, source: &str| {
        let annotations = path.map(
            |path| serde_json::json!({"io.kubernetes.container.terminationMessagePath": path}),
        );
        let mounts = serde_json::json!([
            {"destination": "/dev/log", "type": "bind"},
            {"destination": "/dev/log/", "type": "bind", "source": source},
        ]);
        let changes = serde_json::json!({"Annotations": annotations, "Mounts": mounts});
        let call = create(id, &changes);
        let (name, document) = call.split_once(' ').unwrap();
        agent.talk(&[(name, document, "{}")]);
    };
    make("none", None, "/log");
    make("elsewhere", Some("/dev/other"), "/log");
    make("silent", Some("/dev/log"), "/log");
    make("folder", Some("/dev/log"), shared);
    make("spoke", Some("/dev/log"), &format!("{shared}log"));
    let mut words = b"bad \xff".to_vec();
    words.resize(5000, b'x');
    let piece = serde_json::json!({
        "path": format!("{shared}log"), "file_size": 5000, "file_mode": 0o100_644,
        "data": BASE64_STANDARD.encode(&words),
    });
    let told = format!("bad \u{fffd}{}", "x".repeat(4091));
    let asked = |id: &str| {
        serde_json::json!({"log_type": "termination_log", "container_id": id}).to_string()
    };
    for (id, answer) in [
        ("none", "13 No terminationMessagePath annotation"),
        (
            "elsewhere",
            "13 termination message mount not found for /dev/other",
        ),
        ("silent", "{}"),
        (
            "folder",
            "13 Failed to read termination log: Is a directory (os error 21)",
        ),
        ("spoke", &serde_json::json!({ "data": told }).to_string()),
    ] {
        agent.talk(&[
            ("CopyFile", &piece.to_string(), "{}"),
            ("GetDiagnosticData", &asked(id), answer),
        ]);
    }
}

#[test]
fn the_memory_agent() {
    for (feature, answer) in [
        (Feature::MemoryAgent, "{}"),
        (Feature::Policy, "13 mem-agent is disabled"),
    ] {
        with(feature).talk(&[
            (
                "MemAgentMemcgSet",
                r#"{"disabled":false,"swappiness_max":300}"#,
                answer,
            ),
            ("MemAgentCompactSet", r#"{"compact_order":9}"#, answer),
        ]);
    }
}

#[test]
fn a_policy_is_asked_about_every_request_but_those_for_health() {
    let set = |text: &str| serde_json::json!({ "policy": text }).to_string();
    plain().talk(&[(
        "SetPolicy",
        &set("package agent_policy"),
        "5 /grpc.AgentService/SetPolicy is not supported",
    )]);
    let some = set(
        "package agent_policy\ndefault SetPolicyRequest := true\ndefault ListRoutesRequest := true\n\
         default ReadStreamRequest := false\ndefault MemAgentMemcgConfig := false\n",
    );
    with(Feature::Policy).talk(&[
        ("ListRoutes", "{}", "{}"),
        ("SetPolicy", &some, "{}"),
        ("ListRoutes", "{}", "{}"),
        ("Check", "{}", r#"{"status":"SERVING"}"#),
        ("ReadStdout", "{}", r#"7 "ReadStreamRequest is blocked by policy: ""#),
        ("MemAgentMemcgSet", "{}", r#"7 "MemAgentMemcgConfig is blocked by policy: ""#),
        (
            "ListInterfaces",
            "{}",
            r#"13 "ListInterfacesRequest: internal error policy check: unexpected eval_query result len QueryResults { result: [] }""#,
        ),
        (
            "SetPolicy",
            &set("package agent_policy\ndefault x :=\n"),
            "3 \n--> agent_policy:3:1\nerror: a value is expected",
        ),
        (
            "SetPolicy",
            &some,
            r#"13 "SetPolicyRequest: internal error policy check: unexpected eval_query result len QueryResults { result: [] }""#,
        ),
        ("Check", "{}", r#"{"status":"SERVING"}"#),
    ]);
}

#[test]
fn a_policy_is_among_the_agents_features() {
    let details = |mut agent: Called| agent.call("GetGuestDetails", "{}").unwrap();
    let features = |details: &serde_json::Value| {
        let list = details["agent_details"]["extra_features"].as_array();
        list.is_some_and(|list| list.contains(&"agent-policy".into()))
    };
    assert!(features(&details(with(Feature::Policy))));
    assert!(!features(&details(plain())));
}
