//! On a node: which sandboxes there are, and what is wrong with one.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[Topic {
    name: "node",
    title: "On a node: find a pod's sandbox, see what is wrong with it, and get inside",
    examples: &[
        Example {
            text: "The sandboxes of this host, with their pods and their agents' addresses. What is left\n\
                   over of one that is gone, a warning tells.",
            rpcs: &["Check"],
            session: r#"
$ kata-agent-ctl sandboxes
...
"#,
        },
        Example {
            text: "How far does a call get, and what is in its way? On a node, write --sandbox and the pod as\n\
                   namespace/pod in place of the address.",
            rpcs: &["Check", "StatsContainer"],
            session: r#"
$ kata-agent-ctl doctor --server-address sim:// | grep ttrpc
ok       ttrpc        Check is answered
"#,
        },
        Example {
            text: "A command in a container, through the agent alone. On a node, write the pod as\n\
                   namespace/pod in place of the container, and no address.",
            rpcs: &[
                "CreateContainer",
                "StartContainer",
                "ExecProcess",
                "ReadStdout",
                "WaitProcess",
            ],
            session: r#"
$ kata-agent-ctl serve --address unix://./agent.sock > requests.jsonl 2> serve.log & server=$!
$ export KATA_AGENT_SERVER_ADDRESS=unix://./agent.sock
$ mkdir -p web
$ echo '{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":["sleep","60"],"capabilities":{}},"linux":{"namespaces":[{"type":"mount"}]}}' > web/config.json
$ kata-agent-ctl connect --bundle-dir web -o jsonl -c 'CreateContainer cid=web' StartContainer
{}
{}
$ kata-agent-ctl exec -e GREETING=hello web -- sh -c 'echo $GREETING; exit 3'; echo "status $?"
hello
status 3
$ kill $server
"#,
        },
    ],
}];
