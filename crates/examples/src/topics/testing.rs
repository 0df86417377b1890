//! Putting an agent to the test: wrong calls, many calls, any calls.

use super::{Example, STREAMING, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "errors",
        title: "Wrong calls on purpose, and out of order",
        examples: &[
            Example {
                text: "Anything can be sent: -n sends exactly what is given, here nothing. What the agent\n\
                       answers is the result; its status code is in the exit status, 64 above it.",
                rpcs: &["StartContainer", "Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -n --ignore-errors -o jsonl \
    -c StartContainer \
    -c 'StartContainer container_id="../../etc"' \
    -c Check
error: StartContainer: the agent answered code: INTERNAL (13): Invalid container id
error: StartContainer: the agent answered code: INTERNAL (13): Invalid container id
{"status":"SERVING"}
"#,
            },
            Example {
                text: "A container's life out of order. Without --ignore-errors it ends at the first error.",
                rpcs: &["WaitProcess", "RemoveContainer", "StartContainer", "Check"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// --ignore-errors --timeout 5s -o jsonl \
    -c 'WaitProcess cid=web' RemoveContainer StartContainer Check
error: WaitProcess: the agent answered code: INVALID_ARGUMENT (3): InvalidContainerId
error: RemoveContainer: the agent answered code: INTERNAL (13): Invalid container id
error: StartContainer: the agent answered code: INTERNAL (13): Invalid container id
{"status":"SERVING"}
"#,
            },
            Example {
                text: "Values that the agent's API cannot hold are not sent. If there is a mistake in any command,\n\
                       no command runs.",
                rpcs: &["Check", "OnlineCPUMem"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -c Check -c 'OnlineCPUMem nb_cpus=-1'
error: OnlineCPUMem: nb_cpus: "-1" is not an unsigned 32-bit number (0 to 4294967295)
"#,
            },
        ],
    },
    Topic {
        name: "stress",
        title: "The same call many times",
        examples: &[
            Example {
                text: "Repeat all commands with --repeat, or the next one with the command repeat. With -1 they\n\
                       go on until Ctrl-C, which shows how often each ran and failed.",
                rpcs: &["Check", "Version"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// --repeat 1000 -o jsonl -c Check | sort | uniq -c | sed 's/^ *//'
1000 {"status":"SERVING"}
$ kata-agent-ctl connect --server-address sim:// -o jsonl -c 'repeat 2' Check Version
{"status":"SERVING"}
{"status":"SERVING"}
...
"#,
            },
            Example {
                text: "Several runs at the same time, each with its own connection.",
                rpcs: &["Check"],
                session: r#"
$ seq 4 | xargs -P 4 -I '{}' kata-agent-ctl connect --server-address sim:// --repeat 50 -o jsonl -c Check | sort | uniq -c | sed 's/^ *//'
200 {"status":"SERVING"}
"#,
            },
        ],
    },
    Topic {
        name: "dry-run",
        title: "See a request before it is sent, and begin from a template",
        examples: &[
            Example {
                text: "As JSON, as a document that may be edited, and as the bytes on the wire.",
                rpcs: &["Check"],
                session: r#"
$ kata-agent-ctl connect --dry-run -c 'Check service=grpc.Health'
{
  "service": "grpc.Health"
}
$ kata-agent-ctl connect --dry-run -o hex -c 'Check service=grpc.Health'
0a0b677270632e4865616c7468
"#,
            },
            Example {
                text: "A template has every field. Setters on the command line beat what is in the document,\n\
                       here from standard input; file:///PATH reads it from a file.",
                rpcs: &["StartContainer"],
                session: r#"
$ kata-agent-ctl template StartContainer
{
  "container_id": ""
}
$ kata-agent-ctl template StartContainer \
    | kata-agent-ctl connect --dry-run -o jsonl -c 'StartContainer file://- container_id=web'
{"container_id":"web"}
"#,
            },
        ],
    },
    Topic {
        name: "streams",
        title: "RPCs that stream",
        examples: &[Example {
            text: "The command has the first message, and each line of standard input is one more, as\n\
                   JSON. The end of input ends the client's side. Answers are printed as they come.",
            rpcs: &[STREAMING],
            session: r#"
$ printf '{}\n{}\n' | kata-agent-ctl connect --server-address sim:// -o jsonl -c STREAMING
...
"#,
        }],
    },
    Topic {
        name: "serve",
        title: "An agent to test something else against",
        examples: &[Example {
            text: "It answers every RPC on a socket, here for five seconds, and prints each call as a line\n\
                   of JSON, here its request alone.",
            rpcs: &["Check"],
            session: r#"
$ timeout 5 kata-agent-ctl serve --address unix://@agent-to-test </dev/null 2>/dev/null | jq --unbuffered -c .request &
$ kata-agent-ctl connect --server-address unix://@agent-to-test -o jsonl -c 'Check service=me' 'sleep 300ms'
...
"#,
        }],
    },
];
