//! On a node: which sandboxes there are, and what is wrong with one.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[Topic {
    name: "node",
    title: "On a node: find a pod's sandbox, see what is wrong with it, and get inside",
    examples: &[
        Example {
            text: "The sandboxes of this host, with their pods and their agents' addresses. Then, of one of\n\
                   them, how far a call gets and what is in its way: on a node, write --sandbox and the pod\n\
                   as namespace/pod in place of the address.",
            rpcs: &["Check"],
            session: r#"
$ kata-agent-ctl sandboxes
...
$ kata-agent-ctl doctor --server-address sim:// | grep Check
ok       ttrpc        Check is answered
"#,
        },
        Example {
            text: "Which of this build's RPCs does the agent have, and which release is it by that? Nothing\n\
                   is run. To get inside of a container: kata-agent-ctl exec -it NAMESPACE/POD -- sh",
            rpcs: &["AddSwapPath"],
            session: r#"
$ kata-agent-ctl probe --server-address sim:// | grep AddSwapPath
has  grpc.AgentService/AddSwapPath                     since 3.15
"#,
        },
    ],
}];
