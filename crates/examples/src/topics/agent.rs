//! Is it there, what is it, and how is it reached?

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "health",
        title: "Is the agent up?",
        examples: &[
            Example {
                text: "\"sim://\" is an agent inside this process, which is enough to try a command. Give the\n\
                       address of a real guest instead, or set KATA_AGENT_SERVER_ADDRESS.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -c Check
{
  "status": "SERVING"
}
"#,
            },
            Example {
                text: "A guest that is still booting: keep trying for up to a minute. Here an agent listens\n\
                       after a second. The exit status tells a script how it went: 0 is up, 3 is no connection.",
                rpcs: &["Check"],
                session: r#"
$ sh -c 'sleep 1; exec timeout 5 kata-agent-ctl serve --address unix://@booting-agent' </dev/null >/dev/null 2>&1 &
$ kata-agent-ctl connect --server-address unix://@booting-agent --connect-timeout 60s -c Check -o jsonl
{"status":"SERVING"}
"#,
            },
            Example {
                text: "Nobody is there: after the given time, one line says what was tried.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address unix://./none.sock --connect-timeout 100ms -c Check
error: Check: cannot connect to "unix://./none.sock": there is no such socket file (tried for 100ms)
"#,
            },
        ],
    },
    Topic {
        name: "version",
        title: "Which agent is this, and what can it do?",
        examples: &[
            Example {
                text: "Standard output holds responses and nothing else, one JSON object each, so jq reads them.",
                rpcs: &["Version"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -c Version | jq -r .grpc_version
0.0.1
"#,
            },
            Example {
                text: "Several answers at once, one line each; the features that an agent was built with, such\n\
                       as a policy, are in its details.",
                rpcs: &["Version", "GetGuestDetails"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -o jsonl -c Version GetGuestDetails \
    | jq -s '.[0].grpc_version, (.[1].agent_details.extra_features // [] | index("agent-policy") != null)' -c
"0.0.1"
false
"#,
            },
            Example {
                text: "Fields at their default are left out of an answer; this shows them too. As text it is\n\
                       easier to read.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -o text --emit-defaults -c Check
status: SERVING
"#,
            },
        ],
    },
    Topic {
        name: "address",
        title: "How is an agent reached?",
        examples: &[
            Example {
                text: "A Unix socket, by an absolute or a relative path. --dry-run checks an address and sends\n\
                       nothing.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address unix:///run/agent.sock --dry-run -o jsonl -c Check
{}
$ kata-agent-ctl connect --server-address unix://./agent.sock --dry-run -o jsonl -c Check
{}
"#,
            },
            Example {
                text: "An abstract socket has a name and no file.",
                rpcs: &["Check"],
                session: r#"
$ timeout 5 kata-agent-ctl serve --address unix://@abstract-agent </dev/null >/dev/null 2>&1 &
$ kata-agent-ctl connect --server-address unix://@abstract-agent -o jsonl -c Check
{"status":"SERVING"}
"#,
            },
            Example {
                text: "QEMU's guests are at vsock://CID:1024; the CID is in QEMU's command line as \"guest-cid=\".",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address vsock://3:1024 --dry-run -o jsonl -c Check
{}
"#,
            },
            Example {
                text: "Cloud Hypervisor and Firecracker put a guest's ports behind one Unix socket. Both ways\n\
                       of writing that are the same.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address hvsock:///run/vc/vm/0123abcd/clh.sock:1024 --dry-run -o jsonl -c Check
{}
$ kata-agent-ctl connect --server-address unix:///run/vc/vm/0123abcd/clh.sock --hybrid-vsock --dry-run -o jsonl -c Check
{}
"#,
            },
            Example {
                text: "The address can be set once for all commands. That of a running sandbox is told by its\n\
                       shim: curl -s --unix-socket /run/vc/sbs/ID/shim-monitor.sock http://shim/agent-url",
                rpcs: &["Check"],
                session: r#"
$ env KATA_AGENT_SERVER_ADDRESS=sim:// kata-agent-ctl connect -o jsonl -c Check
{"status":"SERVING"}
"#,
            },
        ],
    },
    Topic {
        name: "timeouts",
        title: "Calls that take too long, and metadata",
        examples: &[
            Example {
                text: "Some calls are meant to block, so a call waits forever unless --timeout limits it. The\n\
                       limit is sent to the agent as well. A call that takes longer ends with status 4.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// --timeout 5s -o jsonl -c Check
{"status":"SERVING"}
"#,
            },
            Example {
                text: "ttRPC metadata for each call. -v shows on standard error what was sent and how long the\n\
                       answer took.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// --metadata trace=42 -v -o jsonl -c Check
> grpc.Health/Check (0 bytes)
> trace: 42
> {}
{"status":"SERVING"}
...
"#,
            },
        ],
    },
];
