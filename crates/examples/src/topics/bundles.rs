//! Containers of a bundle or an image, and the files that a guest needs for them.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "container",
        title: "A container's whole life, from an OCI bundle",
        examples: &[
            Example {
                text: "A bundle is a folder with config.json, here the least that an agent takes. It fills OCI of\n\
                       CreateContainer and process of ExecProcess; what a command gives wins. spec=- takes it\n\
                       from standard input, spec=FILE from a file, and --bundle-dir DIR is for all commands.\n\
                       What is for a host is left out, such as a PID namespace; -v tells. Against a real guest\n\
                       the root filesystem must be there: OCI.Root.Path is its path in the guest.",
                rpcs: &["CreateContainer", "ExecProcess"],
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --dry-run -o jsonl \
    -c 'CreateContainer cid=web spec=- OCI.Root.Path=/run/web' 'ExecProcess exec_id=ls process.Args=["ls","-l"]'
{"container_id":"web","exec_id":"web","OCI":{"Process":{"User":{},"Args":["sleep","60"],"Env":["PATH=/bin:/usr/bin"],"Cwd":"/","Capabilities":{}},"Root":{"Path":"/run/web"},"Mounts":[{"destination":"/proc","source":"proc","type":"proc"},{"destination":"/dev","source":"tmpfs","type":"tmpfs"}],"Linux":{"Namespaces":[{"Type":"mount"},{"Type":"ipc"},{"Type":"uts"}]}}}
{"container_id":"web","exec_id":"ls","process":{"User":{},"Args":["ls","-l"],"Env":["PATH=/bin:/usr/bin"],"Cwd":"/"}}
"#,
                ),
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
                session: concat!(
                    bundle!("sleep", "60"),
                    r#"kata-agent-ctl connect --server-address sim:// --timeout 30s -o jsonl \
    -c CreateSandbox 'CreateContainer spec=-' StartContainer \
    -c 'ExecProcess exec_id=hi process.Args=["echo","hi"]' 'WaitProcess exec_id=hi' \
    -c StatsContainer PauseContainer ResumeContainer \
    -c 'SignalProcess exec_id= signal=kill' WaitProcess RemoveContainer DestroySandbox
...
{"status":137}
{}
{}
"#,
                ),
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
$ kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CopyFile src=/etc/hosts dest=/run/kata-containers/shared/containers/'
{}
"#,
            },
            Example {
                text: "A whole tree, links as links. The total is on standard error.",
                rpcs: &["CopyFile"],
                session: r#"
$ kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CopyFile src=/etc/skel dest=/run/kata-containers/shared/containers/web recursive=true'
...
"#,
            },
            Example {
                text: "The same with a document, and what one piece looks like.",
                rpcs: &["CopyFile"],
                session: r#"
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c 'CopyFile json://{"src":"/etc/hosts","dest":"/run/kata-containers/shared/containers/hosts"} uid=0 gid=0 file_mode=0o644' \
    | jq -c 'del(.data, .file_size)'
{"path":"/run/kata-containers/shared/containers/hosts","file_mode":420,"dir_mode":488}
"#,
            },
        ],
    },
    Topic {
        name: "image",
        title: "A container of an image",
        examples: &[Example {
            text: "image= takes a bundle that \"umoci unpack --image LAYOUT:TAG BUNDLE\" has made, an image\n\
                   layout, an archive, or a name in a registry, which umoci and skopeo fetch and unpack on\n\
                   this host. The guest must see the files: copy BUNDLE/rootfs there by CopyFile with\n\
                   recursive=true, and name the copy by OCI.Root.Path. What is not here yet is told.",
            rpcs: &["CreateContainer"],
            session: r#"
$ kata-agent-ctl connect --dry-run \
    -c 'CreateContainer image=docker.io/library/busybox:1.36 id=web OCI.Root.Path=/run/kata-containers/shared/containers/web'
error: CreateContainer: image: "docker.io/library/busybox:1.36" has to be fetched first, which a dry run does not do; it reads image layouts, which "skopeo copy" makes
"#,
        }],
    },
];
