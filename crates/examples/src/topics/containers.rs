//! Sandboxes, containers and the processes in them.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "sandbox",
        title: "A sandbox: the first call and the last one",
        examples: &[
            Example {
                text: "The agent takes calls for containers once there is a sandbox. If no ID is given, a random\n\
                       one is used for the whole run. After DestroySandbox the agent is gone, which ends the\n\
                       run.",
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
                text: "A container of a bundle's config.json, here from standard input; a process in it with its\n\
                       own ID, the process's output and its exit status. \"cid\" is short for container_id; the\n\
                       commands after it use the same one, and the same process. Fields at their default, such\n\
                       as status 0, are left out of answers.",
                rpcs: &[
                    "CreateContainer",
                    "StartContainer",
                    "ExecProcess",
                    "ReadStdout",
                    "WaitProcess",
                ],
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CreateContainer cid=web spec=-' StartContainer \
    -c 'ExecProcess exec_id=hi process.Args=["sh","-c","echo $GREETING; exit 3"] process.Env=["PATH=/bin","GREETING=hi"]' \
    -c 'ReadStdout len=65536' WaitProcess
{}
{}
{}
{"data":"aGkK"}
{"status":3}
"#,
                ),
            },
            Example {
                text: "Bytes come as base64 in JSON. Format \"raw\" prints just the bytes of a response's only\n\
                       field, here for one call, and for all of a run with -o raw.\n\
                       Input is text, or hex: and base64: for other bytes; then it is closed.",
                rpcs: &[
                    "CreateContainer",
                    "StartContainer",
                    "ExecProcess",
                    "WriteStdin",
                    "ReadStdout",
                    "CloseStdin",
                    "WaitProcess",
                ],
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CreateContainer cid=web spec=-' StartContainer 'ExecProcess exec_id=cat process.Args=cat' \
    -c 'WriteStdin data="a line\n"' 'set output raw' 'ReadStdout len=65536' 'set output jsonl' \
    -c 'WriteStdin data=hex:00ff' 'ReadStdout len=65536' \
    -c CloseStdin WaitProcess
{}
{}
{}
{"len":7}
a line
{"len":2}
{"data":"AP8="}
{}
{}
"#,
                ),
            },
        ],
    },
    Topic {
        name: "signal",
        title: "Signals, and waiting for the end of a process",
        examples: &[
            Example {
                text: "Signals by name or number; SIGKILL when none is given. A process that a signal ended has\n\
                       128 and its number as its status. The ID of a process, once given, is that of later\n\
                       commands too; an empty one is the container's first process. That ends by SIGTERM only\n\
                       if it handles it; the agent sends SIGKILL instead if it does not.",
                rpcs: &[
                    "CreateContainer",
                    "StartContainer",
                    "ExecProcess",
                    "SignalProcess",
                    "WaitProcess",
                ],
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CreateContainer cid=web spec=-' StartContainer 'ExecProcess exec_id=nap process.Args=["sleep","9"]' \
    -c 'SignalProcess signal=usr1' WaitProcess \
    -c 'SignalProcess exec_id= signal=15' WaitProcess
{}
{}
{}
{}
{"status":138}
{}
{"status":137}
"#,
                ),
            },
            Example {
                text: "An empty exec_id means the first process of the container, and for SIGKILL all of them.\n\
                       What is given is never filled in.",
                rpcs: &["SignalProcess"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c 'SignalProcess cid=web exec_id= signal=KILL'
{"container_id":"web","signal":9}
"#,
            },
        ],
    },
    Topic {
        name: "stats",
        title: "What a container uses, and changing its limits",
        examples: &[
            Example {
                text: "Two answers, a second apart. Here one line of each is shown, with jq it would be\n\
                       .cgroup_stats.pids_stats.current",
                rpcs: &["CreateContainer", "StartContainer", "StatsContainer"],
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --server-address sim:// -o text \
    -c 'CreateContainer cid=web spec=-' StartContainer StatsContainer 'sleep 1s' StatsContainer \
    | grep -w current
    current: 1
    current: 1
"#,
                ),
            },
            Example {
                text: "New limits, for a container that is paused in between.",
                rpcs: &[
                    "CreateContainer",
                    "StartContainer",
                    "PauseContainer",
                    "UpdateContainer",
                    "ResumeContainer",
                    "StatsContainer",
                ],
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --server-address sim:// -o text \
    -c 'CreateContainer cid=web spec=-' StartContainer PauseContainer \
    -c 'UpdateContainer resources.Memory.Limit=0x1000_0000' \
    -c ResumeContainer StatsContainer | sed -n 's/^ *limit: */limit: /p'
limit: 268435456
limit: 18446744073709551615
"#,
                ),
            },
        ],
    },
];
