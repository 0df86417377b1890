//! Containers of a bundle or an image, and the files that a guest needs for them.

use super::{Example, Topic};

pub(super) static TOPICS: &[Topic] = &[
    Topic {
        name: "container",
        title: "A container's whole life, from an OCI bundle",
        examples: &[
            Example {
                text: "A bundle is a folder with config.json, here the least that an agent takes. It fills OCI of\n\
                       CreateContainer and process of ExecProcess; what a command gives wins. What is for a\n\
                       host is left out, such as a PID namespace; -v tells. Against a real guest the root\n\
                       filesystem must be there: OCI.Root.Path is its path in the guest.",
                rpcs: &["CreateContainer", "ExecProcess"],
                session: concat!(
                    "\n$ mkdir -p web\n",
                    bundle!("sleep", "60"),
                    r#" > web/config.json
$ kata-agent-ctl connect --dry-run -o jsonl --bundle-dir web \
    -c 'CreateContainer cid=web OCI.Root.Path=/run/web' 'ExecProcess exec_id=ls process.Args=["ls","-l"]'
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
                    "\n$ mkdir -p web\n",
                    bundle!("sleep", "60"),
                    r#" > web/config.json
$ printf '%s\n' > life.txt \
    CreateSandbox CreateContainer StartContainer \
    'ExecProcess exec_id=hi process.Args=["echo","hi"]' 'WaitProcess exec_id=hi' \
    StatsContainer PauseContainer ResumeContainer \
    'SignalProcess exec_id= signal=kill' WaitProcess RemoveContainer \
    DestroySandbox
$ kata-agent-ctl connect --server-address sim:// --bundle-dir web --timeout 30s -o jsonl --script life.txt; echo "status $?"
...
status 0
"#,
                ),
            },
            Example {
                text: "Another config.json for one command, and one field of it replaced.",
                rpcs: &["CreateContainer"],
                session: concat!(
                    "\n",
                    bundle!("sh"),
                    r#" > config.json
$ kata-agent-ctl connect --dry-run -o jsonl \
    -c "CreateContainer cid=web spec=file://$PWD/config.json OCI.Root.Path=/run/web OCI.Process.Terminal=true"
{"container_id":"web","exec_id":"web","OCI":{"Process":{"Terminal":true,"User":{},"Args":["sh"],"Env":["PATH=/bin:/usr/bin"],"Cwd":"/","Capabilities":{}},"Root":{"Path":"/run/web"},"Mounts":[{"destination":"/proc","source":"proc","type":"proc"},{"destination":"/dev","source":"tmpfs","type":"tmpfs"}],"Linux":{"Namespaces":[{"Type":"mount"},{"Type":"ipc"},{"Type":"uts"}]}}}
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
            text: "A bundle that \"umoci unpack --image LAYOUT:TAG bundle\" has made, copied into the guest\n\
                   first. image= also takes an image layout, an archive, or a name in a registry, which\n\
                   umoci and skopeo unpack on this host; the guest must see the files then.",
            rpcs: &["CopyFile", "CreateContainer"],
            session: concat!(
                "\n$ mkdir -p bundle/rootfs/bin\n",
                bundle!("sh"),
                r#" > bundle/config.json
$ kata-agent-ctl connect --server-address sim:// -o jsonl \
    -c 'CopyFile src=bundle/rootfs dest=/run/kata-containers/shared/containers/web recursive=true' \
    -c 'CreateContainer image=./bundle id=web OCI.Root.Path=/run/kata-containers/shared/containers/web' 2> total.txt
{}
{}
"#,
            ),
        }],
    },
];
