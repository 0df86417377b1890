//! Sandboxes, containers and the processes in them.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "sandbox",
        title: "A sandbox: the first call and the last one",
        examples: &[
            Example {
                text: "The agent takes calls for containers once a sandbox is there. Its ID is made up when\n\
                       none is given, and the same for the rest of the run. After DestroySandbox the agent is\n\
                       gone, which ends the run.",
                rpcs: &["CreateSandbox", "DestroySandbox"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CreateSandbox hostname=guest dns=8.8.8.8 dns=1.1.1.1' \
    -c DestroySandbox
{}
{}
"#,
            },
            Example {
                text: "With a storage to mount in the guest: lists are filled by index or by JSON.",
                rpcs: &["CreateSandbox"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c 'CreateSandbox sandbox_id=sb storages[0].driver=ephemeral storages[0].fstype=tmpfs storages[0].source=shm storages[0].mount_point=/run/kata-containers/sandbox/shm storages[0].options=["size=64m","mode=1777"]'
{"storages":[{"driver":"ephemeral","source":"shm","fstype":"tmpfs","options":["size=64m","mode=1777"],"mount_point":"/run/kata-containers/sandbox/shm"}],"sandbox_id":"sb"}
"#,
            },
        ],
    },
    Topic {
        name: "exec",
        title: "Run a command in a container, and read what it prints",
        examples: &[
            Example {
                text: "One command of a script per line: a process with an ID of its own, its output, its exit\n\
                       status. \"cid\" is short for container_id, and remembered by the lines after it. To be\n\
                       run against a guest that has the container, with its address in place of --dry-run.",
                rpcs: &["ExecProcess", "ReadStdout", "WaitProcess"],
                session: r#"
$ printf '%s\n' > exec.txt \
    'ExecProcess cid=web exec_id=ls process.Args=["ls","-l","/"] process.Cwd=/ process.Env=PATH=/bin:/usr/bin' \
    'ReadStdout exec_id=ls len=65536' \
    'WaitProcess exec_id=ls'
$ kata-agent-ctl connect --dry-run -o jsonl --script exec.txt
{"container_id":"web","exec_id":"ls","process":{"Args":["ls","-l","/"],"Env":["PATH=/bin:/usr/bin"],"Cwd":"/"}}
{"container_id":"web","exec_id":"ls","len":65536}
{"container_id":"web","exec_id":"ls"}
"#,
            },
            Example {
                text: "Bytes come as base64 in JSON. Format \"raw\" prints just the bytes of a response's only\n\
                       field: add -o raw to see the output itself, or to write it to a file.\n\
                       Input is text, or hex: and base64: for other bytes; then it is closed.",
                rpcs: &["WriteStdin", "CloseStdin"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'WriteStdin cid=web exec_id=cat data="a line\n"' 'WriteStdin exec_id=cat data=hex:00ff' 'CloseStdin exec_id=cat'
{"container_id":"web","exec_id":"cat","data":"YSBsaW5lCg=="}
{"container_id":"web","exec_id":"cat","data":"AP8="}
{"container_id":"web","exec_id":"cat"}
"#,
            },
        ],
    },
    Topic {
        name: "signal",
        title: "Signals, and waiting for the end of a process",
        examples: &[
            Example {
                text: "Signals by name or number; SIGKILL when none is given. A process that a signal ended has\n\
                       128 and its number as its status.",
                rpcs: &["SignalProcess", "WaitProcess"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'SignalProcess cid=web exec_id=ls signal=usr1' 'SignalProcess exec_id=ls signal=15' SignalProcess 'WaitProcess'
{"container_id":"web","exec_id":"ls","signal":10}
{"container_id":"web","exec_id":"ls","signal":15}
{"container_id":"web","exec_id":"web","signal":9}
{"container_id":"web","exec_id":"web"}
"#,
            },
            Example {
                text: "An empty exec_id means all processes of the container. What is given is never filled in.",
                rpcs: &["SignalProcess"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c 'SignalProcess cid=web exec_id= signal=TERM'
{"container_id":"web","signal":15}
"#,
            },
        ],
    },
    Topic {
        name: "stats",
        title: "What a container uses, and changing its limits",
        examples: &[
            Example {
                text: "One line per second, for example into jq: .cgroup_stats.memory_stats.usage.usage",
                rpcs: &["StatsContainer"],
                session: r#"
$ printf '%s\n' 'StatsContainer cid=web' 'sleep 1s' 'StatsContainer' > stats.txt
$ kata-agent-ctl connect --dry-run -o jsonl --script stats.txt
{"container_id":"web"}
{"container_id":"web"}
"#,
            },
            Example {
                text: "New limits, for a container that is paused in between.",
                rpcs: &["PauseContainer", "UpdateContainer", "ResumeContainer"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'PauseContainer cid=web' \
    -c 'UpdateContainer resources.Memory.Limit=0x1000_0000 resources.CPU.Shares=512' \
    -c ResumeContainer
{"container_id":"web"}
{"container_id":"web","resources":{"Memory":{"Limit":"268435456"},"CPU":{"Shares":"512"}}}
{"container_id":"web"}
"#,
            },
        ],
    },
];
