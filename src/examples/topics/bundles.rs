//! Containers of a bundle or an image, and the files that a guest needs for them.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "container",
        title: "A container's whole life, from an OCI bundle",
        examples: &[
            Example {
                text: "A bundle is a folder with config.json, here the least that an agent takes. It fills OCI of\n\
                       CreateContainer and process of ExecProcess; what a command gives wins. Against a real\n\
                       guest the root filesystem must be there: OCI.Root.Path is its path in the guest.",
                rpcs: &["CreateContainer", "ExecProcess"],
                session: r#"
$ mkdir -p web
$ echo '{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":["sleep","60"],"capabilities":{}},"linux":{"namespaces":[{"type":"mount"}]}}' > web/config.json
$ kata-agent-ctl connect --dry-run -o jsonl --bundle-dir web \
    -c 'CreateContainer cid=web OCI.Root.Path=/run/web' 'ExecProcess exec_id=ls process.Args=["ls","-l"]'
{"container_id":"web","exec_id":"web","OCI":{"Process":{"User":{},"Args":["sleep","60"],"Cwd":"/","Capabilities":{}},"Root":{"Path":"/run/web"},"Linux":{"Namespaces":[{"Type":"mount"}]}}}
{"container_id":"web","exec_id":"ls","process":{"User":{},"Args":["ls","-l"],"Cwd":"/","Capabilities":{}}}
"#,
            },
            Example {
                text: "From the sandbox to its end, in one run: IDs are made up once and remembered. -v would\n\
                       show each request.",
                rpcs: &[
                    "CreateSandbox",
                    "CreateContainer",
                    "StartContainer",
                    "ExecProcess",
                    "StatsContainer",
                    "PauseContainer",
                    "ResumeContainer",
                    "SignalProcess",
                    "WaitProcess",
                    "RemoveContainer",
                    "DestroySandbox",
                ],
                session: r#"
$ mkdir -p web
$ echo '{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":["sleep","60"],"capabilities":{}},"linux":{"namespaces":[{"type":"mount"}]}}' > web/config.json
$ printf '%s\n' > life.txt \
    CreateSandbox CreateContainer StartContainer \
    'ExecProcess exec_id=hi process.Args=["echo","hi"]' 'WaitProcess exec_id=hi' \
    StatsContainer PauseContainer ResumeContainer \
    'SignalProcess signal=term' WaitProcess RemoveContainer \
    DestroySandbox
$ kata-agent-ctl connect --server-address sim:// --bundle-dir web --timeout 30s -o jsonl --script life.txt; echo "status $?"
...
status 0
"#,
            },
            Example {
                text: "Another config.json for one command, and one field of it replaced.",
                rpcs: &["CreateContainer"],
                session: r#"
$ echo '{"root":{"path":"/rootfs"},"hostname":"a","process":{"user":{},"cwd":"/","args":["sh"]}}' > config.json
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c "CreateContainer cid=web spec=file://$PWD/config.json OCI.Hostname=b OCI.Process.Terminal=true"
{"container_id":"web","exec_id":"web","OCI":{"Process":{"Terminal":true,"User":{},"Args":["sh"],"Cwd":"/"},"Root":{"Path":"/rootfs"},"Hostname":"b"}}
"#,
            },
        ],
    },
    Topic {
        name: "copy",
        title: "Copy files into a guest",
        examples: &[
            Example {
                text: "A file of any size, in pieces, with its mode and owner. The agent takes paths below\n\
                       /run/kata-containers/shared/containers/ only. A dest that ends in / keeps the name.",
                rpcs: &["CopyFile"],
                session: r#"
$ echo '127.0.0.1 localhost' > hosts
$ kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CopyFile src=hosts dest=/run/kata-containers/shared/containers/'
{}
"#,
            },
            Example {
                text: "A whole tree, links as links. The total is on standard error.",
                rpcs: &["CopyFile"],
                session: r#"
$ mkdir -p rootfs/etc
$ echo guest > rootfs/etc/hostname
$ ln -s hostname rootfs/etc/name
$ kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CopyFile src=rootfs dest=/run/kata-containers/shared/containers/web recursive=true' 2> total.txt
{}
"#,
            },
            Example {
                text: "The same with a document, and what one piece looks like.",
                rpcs: &["CopyFile"],
                session: r#"
$ echo hello > greeting
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'CopyFile json://{"src":"greeting","dest":"/run/kata-containers/shared/containers/greeting"} uid=0 gid=0 file_mode=0o644'
{"path":"/run/kata-containers/shared/containers/greeting","file_size":"6","file_mode":420,"dir_mode":488,"data":"aGVsbG8K"}
"#,
            },
        ],
    },
    Topic {
        name: "image",
        title: "A container of an image",
        examples: &[Example {
            text: "An unpacked bundle, an OCI image layout (layout:tag), or a name in a registry where skopeo\n\
                   and umoci are installed. The guest must see its root filesystem.",
            rpcs: &["CreateContainer"],
            session: r#"
$ mkdir -p bundle/rootfs
$ echo '{"root":{"path":"rootfs"},"process":{"user":{},"cwd":"/","args":["sh"]}}' > bundle/config.json
$ kata-agent-ctl connect --dry-run -o jsonl -c 'CreateContainer image=./bundle id=web OCI.Root.Path=/run/web'
{"container_id":"web","exec_id":"web","OCI":{"Process":{"User":{},"Args":["sh"],"Cwd":"/"},"Root":{"Path":"/run/web"}}}
"#,
        }],
    },
];
