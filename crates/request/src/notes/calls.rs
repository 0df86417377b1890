//! For each RPC of an agent a call that does what the RPC is there for, on the simulated agent
//! too: what `describe` shows. A row names its RPC and fields as text, and what the protos do
//! not have is left out.

use crate::auto::is_of;
use agent_schema::Rpc;
use agent_schema::describe::Call;

/// One row: an RPC as `service/method`, and a call of it.
type Row = (&'static str, Call);

/// What an example needs that is about a container: a sandbox, and a container in it.
macro_rules! container {
    ($args:literal $(, $more:literal)?) => {
        concat!(
            "CreateContainer cid=web OCI={\"Root\":{\"Path\":\"/run/kata-containers/web/rootfs\"},",
            "\"Process\":{\"Args\":",
            $args,
            ",\"Cwd\":\"/\",\"Env\":[\"PATH=/usr/bin:/bin\"],\"User\":{},\"Capabilities\":{}},",
            "\"Mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},",
            "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}],",
            "\"Linux\":{\"Namespaces\":[{\"Type\":\"mount\"}]}}",
            $(" ", $more)?
        )
    };
}

const SANDBOX: &str = "CreateSandbox";
const START: &str = "StartContainer";
const SLEEPING: &str = container!("[\"sleep\",\"60\"]");
const CREATED: &[&str] = &[SANDBOX, SLEEPING];
const RUNNING: &[&str] = &[SANDBOX, SLEEPING, START];
const PRINTING: &[&str] = &[SANDBOX, container!("[\"echo\",\"hello\"]"), START];
const FAILING: &[&str] = &[SANDBOX, container!("[\"cat\",\"/none\"]"), START];
const READING: &[&str] = &[SANDBOX, container!("[\"cat\"]"), START];
const ENDING: &[&str] = &[SANDBOX, container!("[\"true\"]"), START];
const ON_TERMINAL: &[&str] = &[
    SANDBOX,
    container!("[\"sleep\",\"60\"]", "OCI.Process.Terminal=true"),
    START,
];
const LOGGING: &[&str] = &[
    SANDBOX,
    container!(
        "[\"sleep\",\"60\"]",
        "OCI.Annotations[io.kubernetes.container.terminationMessagePath]=/dev/termination-log \
         OCI.Mounts={\"destination\":\"/dev/termination-log\",\"type\":\"bind\",\
         \"source\":\"/run/kata-containers/shared/containers/web-termination-log\"}"
    ),
    START,
];
const CARD: &str = "UpdateInterface interface={\"device\":\"eth0\",\"name\":\"eth0\",\
                    \"IPAddresses\":[{\"address\":\"10.0.0.2\",\"mask\":\"24\"}],\"mtu\":1500,\
                    \"hwAddr\":\"02:00:ca:fe:00:01\"}";

/// A call that needs nothing before it.
const ALONE: Call = Call {
    before: &[],
    setters: &[],
    is_alone: true,
    limit: "",
    outcome: "",
};
/// One that does nothing without fields.
const GIVEN: Call = Call {
    is_alone: false,
    ..ALONE
};

/// Every row.
static CALLS: &[Row] = &[
    (
        "grpc.AgentService/CreateContainer",
        Call {
            before: &[SANDBOX],
            setters: &[
                ("container_id", "web"),
                ("OCI.Root.Path", "/run/kata-containers/web/rootfs"),
                (
                    "OCI.Process",
                    "{\"Args\":[\"sleep\",\"60\"],\"Cwd\":\"/\",\"Env\":[\"PATH=/usr/bin:/bin\"],\
                     \"User\":{},\"Capabilities\":{}}",
                ),
                (
                    "OCI.Mounts",
                    "[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},\
                     {\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"}]",
                ),
                ("OCI.Linux.Namespaces", "{\"Type\":\"mount\"}"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/StartContainer",
        Call {
            before: CREATED,
            setters: &[("container_id", "web")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/RemoveContainer",
        Call {
            before: CREATED,
            setters: &[("container_id", "web"), ("timeout", "5")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/ExecProcess",
        Call {
            before: RUNNING,
            setters: &[
                ("container_id", "web"),
                ("exec_id", "hello"),
                ("process.Args", "[\"echo\",\"hello\"]"),
                ("process.Cwd", "/"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/SignalProcess",
        Call {
            before: RUNNING,
            setters: &[
                ("container_id", "web"),
                ("exec_id", "web"),
                ("signal", "SIGTERM"),
            ],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/WaitProcess",
        Call {
            before: ENDING,
            setters: &[("container_id", "web"), ("exec_id", "web")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/UpdateContainer",
        Call {
            before: RUNNING,
            setters: &[
                ("container_id", "web"),
                ("resources.Memory.Limit", "268435456"),
            ],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/UpdateEphemeralMounts",
        Call {
            before: &[SANDBOX],
            setters: &[
                ("storages[0].driver", "ephemeral"),
                ("storages[0].source", "shm"),
                ("storages[0].fstype", "tmpfs"),
                (
                    "storages[0].mount_point",
                    "/run/kata-containers/sandbox/shm",
                ),
                ("storages[0].options", "[\"remount\",\"size=64m\"]"),
            ],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/StatsContainer",
        Call {
            before: RUNNING,
            setters: &[("container_id", "web")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/PauseContainer",
        Call {
            before: RUNNING,
            setters: &[("container_id", "web")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/ResumeContainer",
        Call {
            before: &[SANDBOX, SLEEPING, START, "PauseContainer"],
            setters: &[("container_id", "web")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/GetDiagnosticData",
        Call {
            before: LOGGING,
            setters: &[("container_id", "web"), ("log_type", "termination_log")],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/WriteStdin",
        Call {
            before: READING,
            setters: &[
                ("container_id", "web"),
                ("exec_id", "web"),
                ("data", "hello"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/ReadStdout",
        Call {
            before: PRINTING,
            setters: &[
                ("container_id", "web"),
                ("exec_id", "web"),
                ("len", "65536"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/ReadStderr",
        Call {
            before: FAILING,
            setters: &[
                ("container_id", "web"),
                ("exec_id", "web"),
                ("len", "65536"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/CloseStdin",
        Call {
            before: READING,
            setters: &[("container_id", "web"), ("exec_id", "web")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/TtyWinResize",
        Call {
            before: ON_TERMINAL,
            setters: &[
                ("container_id", "web"),
                ("exec_id", "web"),
                ("row", "24"),
                ("column", "80"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/UpdateInterface",
        Call {
            setters: &[
                ("interface.device", "eth0"),
                ("interface.name", "eth0"),
                (
                    "interface.IPAddresses",
                    "{\"address\":\"10.0.0.2\",\"mask\":\"24\"}",
                ),
                ("interface.hwAddr", "02:00:ca:fe:00:01"),
                ("interface.mtu", "1500"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/UpdateRoutes",
        Call {
            before: &[CARD],
            setters: &[
                ("routes.Routes[0].dest", "10.1.0.0/16"),
                ("routes.Routes[0].gateway", "10.0.0.1"),
                ("routes.Routes[0].device", "eth0"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/AddARPNeighbors",
        Call {
            before: &[CARD],
            setters: &[
                ("neighbors.ARPNeighbors[0].toIPAddress.address", "10.0.0.3"),
                ("neighbors.ARPNeighbors[0].device", "eth0"),
                ("neighbors.ARPNeighbors[0].lladdr", "02:00:ca:fe:00:02"),
                ("neighbors.ARPNeighbors[0].state", "128"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/GetIPTables",
        Call {
            setters: &[("is_ipv6", "true")],
            outcome: "answers INTERNAL where the guest has no iptables, as the simulated one",
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/SetIPTables",
        Call {
            setters: &[("is_ipv6", "true"), ("data", "*filter\nCOMMIT\n")],
            outcome: "answers INTERNAL where the guest has no iptables, as the simulated one",
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/MemAgentMemcgSet",
        Call {
            setters: &[
                ("disabled", "false"),
                ("swap", "true"),
                ("period_secs", "30"),
            ],
            outcome: "answers INTERNAL where the memory agent is off, as in the simulated one",
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/MemAgentCompactSet",
        Call {
            setters: &[("disabled", "false"), ("period_secs", "60")],
            outcome: "answers INTERNAL where the memory agent is off, as in the simulated one",
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/CreateSandbox",
        Call {
            setters: &[
                ("sandbox_id", "pod"),
                ("hostname", "guest"),
                ("dns", "8.8.8.8"),
            ],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/DestroySandbox",
        Call {
            before: &[SANDBOX],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/OnlineCPUMem",
        Call {
            setters: &[("nb_cpus", "1"), ("cpu_only", "true")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/ReseedRandomDev",
        Call {
            setters: &[("data", "hex:0123456789abcdef")],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/GetGuestDetails",
        Call {
            setters: &[("mem_block_size", "true"), ("mem_hotplug_probe", "true")],
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/MemHotplugByProbe",
        Call {
            setters: &[("memHotplugProbeAddr", "0x100000000")],
            outcome: "answers INTERNAL where the kernel cannot be told of memory, as most",
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/SetGuestDateTime",
        Call {
            setters: &[("Sec", "1704067200"), ("Usec", "500000")],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/CopyFile",
        Call {
            setters: &[
                ("path", "/run/kata-containers/shared/containers/hello"),
                ("file_mode", "0o100644"),
                ("dir_mode", "0o755"),
                ("file_size", "5"),
                ("data", "hello"),
            ],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/GetOOMEvent",
        Call {
            limit: "1s",
            outcome: "waits until a container runs out of memory",
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/AddSwap",
        Call {
            setters: &[("PCIPath", "[2]")],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/AddSwapPath",
        Call {
            setters: &[("path", "/dev/vdb")],
            outcome: "answers INTERNAL where the guest has no such device, as the simulated one",
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/GetVolumeStats",
        Call {
            setters: &[("volume_guest_path", "/")],
            ..GIVEN
        },
    ),
    (
        "grpc.AgentService/ResizeVolume",
        Call {
            setters: &[
                ("volume_guest_path", "/run/kata-containers/volume"),
                ("size", "1073741824"),
            ],
            outcome: "answers UNIMPLEMENTED",
            ..ALONE
        },
    ),
    (
        "grpc.AgentService/SetPolicy",
        Call {
            setters: &[(
                "policy",
                "package agent_policy\ndefault AllowRequestsFailingPolicy := true\n",
            )],
            outcome: "answers NOT_FOUND where the agent was built without policies, as the \
                      simulated one",
            ..GIVEN
        },
    ),
    (
        "grpc.Health/Check",
        Call {
            setters: &[("service", "grpc.AgentService")],
            ..ALONE
        },
    ),
    (
        "grpc.Health/Version",
        Call {
            setters: &[("service", "grpc.AgentService")],
            ..ALONE
        },
    ),
];

/// The call of an RPC, if it has a row.
pub(super) fn of(rpc: &Rpc) -> Option<Call> {
    let (_, call) = CALLS.iter().find(|(name, _)| is_of(name, rpc))?;
    Some(*call)
}
