//! What the manual page says beyond what other tables hold.

/// A term and what it means.
pub(super) type Row<'a> = (&'a str, &'a str);

pub(super) const DESCRIPTION: &str = "\
kata-agent-ctl makes any call to a Kata Containers agent over ttRPC, valid or not, in any order, \
and prints the answers. What can be called is what the proto files of the build have: \
\"kata-agent-ctl list\" shows it, and \"kata-agent-ctl describe NAME\" every field of a call.

Responses go to standard output and nothing else does; logs, progress and errors go to standard \
error. Everything given is read and checked before the first call is sent.

It is a tool for testing. A call can break a running sandbox. Only a second CreateSandbox at the \
prompt asks before it is sent.";

pub(super) const ADDRESSES: &[Row<'_>] = &[
    (
        "-a, --address, --server-address",
        "are one option, of every sub-command that has an agent's address. Only root can reach \
         most of the Unix sockets.",
    ),
    (
        "vsock://CID:PORT",
        "A port of a guest, such as vsock://3:1024, by the host's vsock: QEMU and StratoVirt. An \
         empty CID or -1 is any.",
    ),
    (
        "hvsock:///PATH:PORT",
        "The same by its hypervisor's Unix socket: Cloud Hypervisor, Firecracker, Dragonball and \
         OpenVMM. unix:///PATH with --hybrid-vsock is another form of it.",
    ),
    (
        "unix:///PATH, unix://@NAME",
        "A Unix socket, by its file or its abstract name.",
    ),
    (
        "remote:///PATH, mock:///PATH",
        "A plain Unix socket, as the runtime writes it. A port behind the path is ignored.",
    ),
    ("sim://", "A simulated agent inside this process."),
];

pub(super) const CALLS: &[Row<'_>] = &[
    (
        "NAME",
        "Call an RPC with its defaults, and automatic values unless -n.",
    ),
    ("NAME field=value ...", "Set fields, from left to right."),
    (
        "NAME json://{...}",
        "The request as ProtoJSON, whole or partial, taken verbatim to its end.",
    ),
    (
        "NAME file:///path.json",
        "The same from a file; file://- is standard input.",
    ),
    (
        "NAME json://{...} field=value",
        "A document, then setters on top of it.",
    ),
    (
        "Names",
        "GetGuestDetails, AgentService.GetGuestDetails and grpc.AgentService/GetGuestDetails are \
         one call, in any case that fits only one.",
    ),
    (
        "Words",
        "end at white space. Quotes and backslashes work as in a shell, without any expansion; in \
         double quotes \\n, \\t, \\r, \\0, \\\\, \\\" and \\xHH are escapes too.",
    ),
    (
        "Precedence",
        "A setter beats the document, which beats a value remembered from an earlier command of \
         the run, which beats an automatic value.",
    ),
];

pub(super) const SETTERS: &[Row<'_>] = &[
    (
        "process.Cwd=/tmp",
        "A field of a message inside the request.",
    ),
    (
        "dns=8.8.8.8 dns=1.1.1.1",
        "Appends to a list. dns=[\"8.8.8.8\"] replaces it; storages={\"driver\":\"blk\"} appends a \
         message; storages[0].driver=blk sets one by its index.",
    ),
    (
        "OCI.Annotations[key]=value",
        "An entry of a map. The key may be a JSON string in double quotes.",
    ),
    ("OCI.Root={\"Path\":\"/r\"}", "Merges JSON into a message."),
    (
        "Numbers",
        "decimal, 0x, 0o and 0b, with _ between digits; true, false, 1 and 0 for a bool; an enum by \
         name or number.",
    ),
    ("Bytes", "the text itself, hex:00ff or base64:AP8=."),
    (
        "policy=@FILE",
        "The file's content for a string or bytes field; @@x is a literal @x.",
    ),
    (
        "field=null",
        "Clears a field; on a string or bytes field it is text.",
    ),
];

pub(super) const KEYS: &[Row<'_>] = &[
    (
        "Tab",
        "completes commands, RPCs, fields at any depth, enum values, signals, files, and field \
         names within JSON.",
    ),
    (
        "Right",
        "accepts the dimmed rest of the line, which is from the history.",
    ),
    (
        "Enter",
        "runs the line. Within JSON or a quote that is still open it starts another line, and an \
         empty line gives up.",
    ),
    (
        "Ctrl-C",
        "abandons the line, or the running call; the next command then connects again.",
    ),
    ("Ctrl-D", "leaves, as quit does."),
];

pub(super) const ENVIRONMENT: &[Row<'_>] = &[
    (
        "KATA_AGENT_SERVER_ADDRESS",
        "The address of the agent, where --server-address is not given.",
    ),
    ("NO_COLOR", "If it is set to anything, nothing is coloured."),
];

pub(super) const FILES: &[Row<'_>] = &[
    (
        "$XDG_STATE_HOME/kata-agent-ctl/history",
        "What was typed at the prompt; below ~/.local/state where the variable is not set.",
    ),
    (
        "/run/vc/sbs/ID/shim-monitor.sock, /run/kata/ID/shim-monitor.sock",
        "Where the shim of a running sandbox, of the Go runtime and of runtime-rs, tells the \
         address of its agent: curl --unix-socket FILE http://shim/agent-url",
    ),
];
