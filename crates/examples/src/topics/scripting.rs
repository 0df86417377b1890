//! The tool as a part of scripts and of continuous integration.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "script",
        title: "Many commands in a file",
        examples: &[
            Example {
                text: "One command per line, from --script FILE or from standard input. All of them are checked before the first one runs, and errors say\n\
                       which line they are of.",
                rpcs: &["Check", "Version"],
                session: r#"
$ printf '%s\n' '# Is it there at all?' 'echo checking' Check 'sleep 10ms' Version \
    | kata-agent-ctl connect --server-address sim:// -o jsonl --script -
checking
{"status":"SERVING"}
...
$ echo Chekc | kata-agent-ctl connect --server-address sim:// --script -
error: -:1: there is no RPC or built-in command "Chekc"; did you mean "Check"?
"#,
            },
            Example {
                text: "A request from another program: file://- is standard input, and setters come on top.",
                rpcs: &["CreateSandbox"],
                session: r#"
$ jq -n '{hostname: "guest", dns: ["8.8.8.8"]}' \
    | kata-agent-ctl connect --dry-run -o jsonl -c 'CreateSandbox file://- sandbox_id=sb'
{"hostname":"guest","dns":["8.8.8.8"],"sandbox_id":"sb"}
"#,
            },
            Example {
                text: "A random ID.",
                rpcs: &["StartContainer"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl -c "StartContainer cid=$(kata-agent-ctl generate-cid)" | sed 's/[0-9a-f]\{64\}/THE-ID/'
{"container_id":"THE-ID"}
"#,
            },
        ],
    },
    Topic {
        name: "ci",
        title: "Errors for programs to read",
        examples: &[
            Example {
                text: "Each error is one JSON object on standard error: kind and exit_status say what sort of\n\
                       error it is, path in which field, and code_name what the agent answered.",
                rpcs: &["OnlineCPUMem"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// --error-format json -c 'OnlineCPUMem nb_cpus=many' 2>&1 \
    | jq -r '.kind, .command, .path, .exit_status'
usage
OnlineCPUMem
nb_cpus
2
"#,
            },
            Example {
                text: "A job that waits for a guest. Its exit status is 0 where the guest is up, 3 where there is\n\
                       no connection, 4 where it is too slow, and from 64 on where it refuses.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// --connect-timeout 60s --timeout 10s -o jsonl -c Check
{"status":"SERVING"}
"#,
            },
            Example {
                text: "What can be called, for programs: RPCs with their types, and every field of one.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl list --json | jq -r '.[].rpcs[].name' | grep -x Check
Check
$ kata-agent-ctl describe Check --json | jq -r '.request.name // .request'
...
"#,
            },
        ],
    },
    Topic {
        name: "log",
        title: "What happened, on standard error",
        examples: &[Example {
            text: "One line for each answered call at level info, each connection at debug, and the bytes\n\
                   at trace. Standard output stays as it is.",
            rpcs: &["Check"],
            session: r#"
$ kata-agent-ctl -l info connect --server-address sim:// -o jsonl -c Check 2>&1 | sed 's/time=.*/time=TIME/'
{"status":"SERVING"}
info: response received: Check status=OK time=TIME
"#,
        }],
    },
];
