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
            text: "Which of this build's RPCs does the agent have, and which release is it by that? Nothing\n\
                   is run. To get inside of a container: kata-agent-ctl exec -it NAMESPACE/POD -- sh",
            rpcs: &["Check", "AddSwapPath"],
            session: r#"
$ kata-agent-ctl probe --server-address sim:// | grep AddSwapPath
has  grpc.AgentService/AddSwapPath                     since 3.15
"#,
        },
    ],
}];
