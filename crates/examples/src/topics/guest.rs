//! The guest around the containers: files, policy, network, memory, diagnosis.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "policy",
        title: "Set the policy that the agent checks calls against",
        examples: &[
            Example {
                text: "From a file; - is standard input. An agent without policy support answers NOT_FOUND, which is status 69.",
                rpcs: &["SetPolicy"],
                session: r#"
$ printf 'package agent_policy\n\ndefault AllowRequestsFailingPolicy := true\n' \
    | kata-agent-ctl connect --dry-run -o jsonl -c 'SetPolicy policy_file=-'
{"policy":"package agent_policy\n\ndefault AllowRequestsFailingPolicy := true\n"}
"#,
            },
            Example {
                text: "A call that the policy forbids is an error with the agent's reason. --ignore-errors goes\n\
                       on, to see what else is forbidden. The exit status is that of the first failure: 71 for\n\
                       PERMISSION_DENIED.",
                rpcs: &["SetPolicy", "Check"],
                session: r#"
$ echo 'package agent_policy' \
    | kata-agent-ctl connect --server-address sim:// --ignore-errors -o jsonl -c 'SetPolicy policy_file=-' Check
...
{"status":"SERVING"}
"#,
            },
        ],
    },
    Topic {
        name: "policy-check",
        title: "Find out what a policy allows, and which line of it denies a call",
        examples: &[
            Example {
                text: "Without an agent: one line for each call, with the agent's words. The policy is that of a\n\
                       file, or of standard input. The exit status is 1 if one is denied.",
                rpcs: &["ExecProcess"],
                session: r#"
$ printf 'package agent_policy\n\ndefault ExecProcessRequest := false\n\nExecProcessRequest if input.process.Args == ["ls"]\n' \
    | kata-agent-ctl policy check -p - -c 'ExecProcess process.Args=ls' 'ExecProcess process.Args=sh'
1  allowed  ExecProcess
2  denied   ExecProcess  code: PERMISSION_DENIED: ExecProcessRequest is blocked by policy:
"#,
            },
            Example {
                text: "Why: the expression that is not true, and its values. The policy may also be a pod's YAML,\n\
                       whose annotation holds it.",
                rpcs: &["ExecProcess"],
                session: r#"
$ printf 'package agent_policy\n\ndefault ExecProcessRequest := false\n\nExecProcessRequest if input.process.Args == ["ls"]\n' \
    | kata-agent-ctl policy why -p - -c 'ExecProcess process.Args=sh'
1  denied   ExecProcess  code: PERMISSION_DENIED: ExecProcessRequest is blocked by policy
  -:5: input.process.Args == ["ls"]
      input.process.Args = ["sh"]
"#,
            },
            Example {
                text: "A denial as an event of kubectl describe pod shows it, made readable.",
                rpcs: &["CopyFile"],
                session: r#"
$ echo 'desc = "CopyFileRequest is blocked by policy: agent_policy:7: path: /etc/x agent_policy:9: not shared"' | kata-agent-ctl policy explain
CopyFileRequest is blocked by policy
  line 7  path: /etc/x
  line 9  not shared
"#,
            },
        ],
    },
    Topic {
        name: "network",
        title: "Interfaces, routes, neighbours and packet filters",
        examples: &[
            Example {
                text: "What there is.",
                rpcs: &["ListInterfaces", "ListRoutes"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -c ListInterfaces ListRoutes
...
"#,
            },
            Example {
                text: "An address for an interface: the agent finds it by its hardware address. It answers the\n\
                       interface as it was asked for.",
                rpcs: &["UpdateInterface"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c 'UpdateInterface interface={"device":"eth0","name":"eth0","IPAddresses":[{"family":"v4","address":"10.0.0.2","mask":"24"}],"mtu":1500,"hwAddr":"02:00:00:00:00:01"}'
{"interface":{"device":"eth0","name":"eth0","IPAddresses":[{"address":"10.0.0.2","mask":"24"}],"mtu":"1500","hwAddr":"02:00:00:00:00:01"}}
"#,
            },
            Example {
                text: "Routes are added, or replace those to the same place, and neighbours are added.",
                rpcs: &["UpdateRoutes", "AddARPNeighbors"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'UpdateRoutes routes.Routes={"dest":"10.0.0.0/24","device":"eth0","scope":253} routes.Routes={"gateway":"10.0.0.1","device":"eth0"}' \
    -c 'AddARPNeighbors neighbors.ARPNeighbors[0].toIPAddress.address=10.0.0.1 neighbors.ARPNeighbors[0].device=eth0 neighbors.ARPNeighbors[0].lladdr=02:00:00:00:00:02 neighbors.ARPNeighbors[0].state=0x80'
{"routes":{"Routes":[{"dest":"10.0.0.0/24","device":"eth0","scope":253},{"gateway":"10.0.0.1","device":"eth0"}]}}
{"neighbors":{"ARPNeighbors":[{"toIPAddress":{"address":"10.0.0.1"},"device":"eth0","lladdr":"02:00:00:00:00:02","state":128}]}}
"#,
            },
            Example {
                text: "Rules as iptables-save writes them: GetIPTables with -o raw prints those of a guest, and\n\
                       data=@FILE sets those of a file, here standard input.",
                rpcs: &["SetIPTables"],
                session: r#"
$ printf '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n' \
    | kata-agent-ctl connect --dry-run -o jsonl -c 'SetIPTables data=@/dev/stdin'
{"data":"KmZpbHRlcgo6SU5QVVQgQUNDRVBUIFswOjBdCkNPTU1JVAo="}
"#,
            },
        ],
    },
    Topic {
        name: "hotplug",
        title: "CPUs, memory and swap that are added to a running guest",
        examples: &[
            Example {
                text: "Bring CPUs and memory online that were plugged in. Some guests must be told of new memory,\n\
                       by the addresses of its blocks.",
                rpcs: &["GetGuestDetails", "MemHotplugByProbe", "OnlineCPUMem"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c GetGuestDetails \
    -c 'MemHotplugByProbe memHotplugProbeAddr=0x1_0000_0000 memHotplugProbeAddr=0x1_0800_0000' \
    -c 'OnlineCPUMem nb_cpus=2'
{"mem_block_size":true,"mem_hotplug_probe":true}
{"memHotplugProbeAddr":["4294967296","4429185024"]}
{"nb_cpus":2}
"#,
            },
            Example {
                text: "An optional field that is given is sent, even at its default.",
                rpcs: &["MemAgentMemcgSet"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c 'MemAgentMemcgSet disabled=false swap=true period_secs=0'
{"disabled":false,"swap":true,"period_secs":"0"}
"#,
            },
        ],
    },
    Topic {
        name: "diagnose",
        title: "Metrics, volumes, killed containers, the guest's clock",
        examples: &[
            Example {
                text: "Metrics as Prometheus reads them: raw, not as a JSON string.",
                rpcs: &["GetMetrics"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -o raw -c GetMetrics | grep scrape | tail -1
kata_agent_scrape_count 1
"#,
            },
            Example {
                text: "GetOOMEvent answers when a container was killed for want of memory, and blocks until\n\
                       then: with --repeat -1 each one is a line, until Ctrl-C.",
                rpcs: &["GetOOMEvent"],
                session: r#"
$ kata-agent-ctl connect --dry-run --repeat 2 -o jsonl -c GetOOMEvent
{}
{}
"#,
            },
            Example {
                text: "A volume by its path in the guest.",
                rpcs: &["GetVolumeStats", "ResizeVolume"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'GetVolumeStats volume_guest_path=/run/data' \
    -c 'ResizeVolume volume_guest_path=/run/data size=1_073_741_824'
{"volume_guest_path":"/run/data"}
{"volume_guest_path":"/run/data","size":"1073741824"}
"#,
            },
            Example {
                text: "Set the guest's clock to the host's, and give its random number generator a new seed.",
                rpcs: &["SetGuestDateTime", "ReseedRandomDev"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c "SetGuestDateTime Sec=$(date +%s)" | sed 's/[0-9]\{10\}/NOW/'
{"Sec":"NOW"}
$ head -c 512 /dev/urandom | kata-agent-ctl connect --dry-run -o hex -n -c 'ReseedRandomDev data=@/dev/stdin' | wc -c
1031
"#,
            },
        ],
    },
];
