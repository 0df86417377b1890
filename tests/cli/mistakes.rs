//! Commands and command lines that are wrong: status 2, one line that says what,
//! where, and what would be right, and nothing sent.

use std::io::Read;
use std::os::unix::net::UnixListener;

use tempfile::TempDir;
use typed_peer::Peer;

use crate::tool::{connect, tool};

/// Commands that are wrong, and what is said of them.
const MISTAKES: &[(&str, &str)] = &[
    (
        r#"NoSuchCall"#,
        r#"there is no RPC or built-in command "NoSuchCall"; "list" shows the RPCs"#,
    ),
    (
        r#"GetGuestDetail"#,
        r#"there is no RPC or built-in command "GetGuestDetail"; did you mean "GetGuestDetails"?"#,
    ),
    (
        r#"Check servic=x"#,
        r#"Check: grpc.CheckRequest has no field "servic"; did you mean "service"?"#,
    ),
    (
        r#"Check service"#,
        r#"Check: "service" is neither field=value nor a document (json://{...} or file:///path.json)"#,
    ),
    (
        r#"Check json://{"servic":"x"}"#,
        r#"Check: grpc.CheckRequest has no field "servic"; did you mean "service"?"#,
    ),
    (
        r#"Check json://{"service":1}"#,
        r#"Check: service: 1 is not a string"#,
    ),
    (
        r#"Check json://{"service":"x","service":"y"}"#,
        r#"Check: service: given twice"#,
    ),
    (
        r#"Check json://{"service":"\ud800"}"#,
        r#"Check: json://: invalid JSON at line 1, column 19: half of a surrogate pair without its other half"#,
    ),
    (
        r#"Check json://{} json://{}"#,
        r#"Check: there are two documents; give one, and setters after it"#,
    ),
    (
        r#"Check service=x json://{}"#,
        r#"Check: the document must come before the setters, which change it"#,
    ),
    (
        r#"Check file:///no/such/file.json"#,
        r#"Check: "/no/such/file.json": no such file or directory"#,
    ),
    (
        r#"Check service='x"#,
        r#"Check: the quote ' at column 15 is not closed"#,
    ),
    (
        r#"Check service.x=1"#,
        r#"Check: service: string has no fields"#,
    ),
    (
        r#"CreateContainer storages[0].fs_group.group_id=abc"#,
        r#"CreateContainer: storages[0].fs_group.group_id: "abc" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"RemoveContainer timeout=4294967296"#,
        r#"RemoveContainer: timeout: "4294967296" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"CreateSandbox sandbox_pidns=yes"#,
        r#"CreateSandbox: sandbox_pidns: "yes" is not true, false, 1 or 0"#,
    ),
    (
        r#"CreateSandbox storages[1].driver=x"#,
        r#"CreateSandbox: storages[1]: the index is beyond the end of the list; its length is 0, so index 0 appends"#,
    ),
    (
        r#"CreateSandbox storages[0].fs_group.group_change_policy=Sometimes"#,
        r#"CreateSandbox: storages[0].fs_group.group_change_policy: "Sometimes" is not a value of types.FSGroupChangePolicy (Always, OnRootMismatch) or a 32-bit number"#,
    ),
    (
        r#"CopyFile data=hex:zz"#,
        r#"CopyFile: data: "hex:zz" is not bytes: 'z' at character 1 is not a hexadecimal digit"#,
    ),
    (
        r#"CreateContainer OCI={"Root":{"Path":1}}"#,
        r#"CreateContainer: OCI.Root.Path: 1 is not a string"#,
    ),
    (
        r#"sleep soon"#,
        r#"sleep: "soon" is not a time: write a number and a unit of ns, us, ms, s, m or h, as in 500ms or 2m"#,
    ),
    (
        r#"repeat 0"#,
        r#"repeat: "0" is not a count: write a number from 1, or -1 for ever"#,
    ),
    (
        r#"repeat 2"#,
        r#"repeat: the command to repeat must follow"#,
    ),
    (
        r#"SignalProcess signal=4294967296"#,
        r#"SignalProcess: signal: "4294967296" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"SignalProcess signal=-1"#,
        r#"SignalProcess: signal: "-1" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r##"Check service=a # b=c"##,
        r##"Check: "#" is neither field=value nor a document (json://{...} or file:///path.json)"##,
    ),
    (
        r#"quit now"#,
        r#"quit: it takes no arguments, but "now" was given"#,
    ),
    (
        r#"SignalProcess signal=SIGFOO"#,
        r#"SignalProcess: signal: "SIGFOO" is neither a signal's name, such as SIGUSR1 or term, nor a number"#,
    ),
    (
        r#"CreateContainer OCI.Root={"Path":"/r", Readonly: true}"#,
        r#"CreateContainer: OCI.Root: invalid JSON at line 1, column 15: key must be a string"#,
    ),
    (
        r#"WriteStdin container_id="\xff""#,
        r#"WriteStdin: container_id: the value is not UTF-8 text: the byte at offset 0 is wrong, and only a bytes field takes other bytes"#,
    ),
    (
        r#""#,
        r#"an empty command; name an RPC or a built-in command"#,
    ),
    (
        r#" "#,
        r#"an empty command; name an RPC or a built-in command"#,
    ),
    (
        r#"Check json://{"#,
        r#"Check: json://: invalid JSON at line 1, column 1: EOF while parsing an object"#,
    ),
    (
        r#"Check service=x\"#,
        r#"Check: there is nothing after the backslash at the end; write two for a backslash"#,
    ),
    (
        r#"SetPolicy policy=@/no/such/file"#,
        r#"SetPolicy: policy: "/no/such/file": no such file or directory"#,
    ),
    (
        r#"RemoveContainer timeout=-1"#,
        r#"RemoveContainer: timeout: "-1" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"RemoveContainer timeout=1.5"#,
        r#"RemoveContainer: timeout: "1.5" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"RemoveContainer timeout="#,
        r#"RemoveContainer: timeout: "" is not an unsigned 32-bit number (0 to 4294967295)"#,
    ),
    (
        r#"CreateSandbox storages[x].driver=x"#,
        r#"CreateSandbox: storages: "x" is not an index (0, 1, 2, ...)"#,
    ),
    (
        r#"CreateSandbox storages[0.driver=x"#,
        r#"CreateSandbox: path "storages[0.driver": no "]" closes the "[" at character 9"#,
    ),
    (
        r#"CreateSandbox storages.driver=x"#,
        r#"CreateSandbox: storages: it is a list; name one of its elements, as in storages[0].driver"#,
    ),
    (
        r#"CreateSandbox storages=x"#,
        r#"CreateSandbox: storages: "x" is not a JSON object or array; give one, or a part of it as in storages[0].driver=..."#,
    ),
    (
        r#"CreateSandbox storages={x"#,
        r#"CreateSandbox: storages[0]: invalid JSON at line 1, column 2: key must be a string"#,
    ),
    (
        r#"CreateSandbox hostname.x=y"#,
        r#"CreateSandbox: hostname: string has no fields"#,
    ),
    (
        r#"CreateContainer OCI=x"#,
        r#"CreateContainer: OCI: "x" is not a JSON object; give one, or a part of it as in OCI.Version=..."#,
    ),
    (
        r#"CopyFile data=hex:0"#,
        r#"CopyFile: data: "hex:0" is not bytes: an odd number of hexadecimal digits (1)"#,
    ),
    (
        r#"CopyFile data=base64:*"#,
        r#"CopyFile: data: "base64:*" is not bytes: '*' at character 1 is not a base64 digit"#,
    ),
];

#[test]
fn a_mistake_is_told_exactly_and_nothing_is_sent() {
    let peer = Peer::start();
    for (command, line) in MISTAKES {
        connect(peer.address(), ["-c", "Check", "Version", command])
            .status(2)
            .stderr(format!("error: {line}\n"))
            .test();
        assert!(peer.received().is_empty(), "{command}");
    }
}

#[cfg(feature = "sim")]
#[test]
fn a_wrong_command_line() {
    const NO_ADDRESS: &str = "no server address: give --server-address or set \
        KATA_AGENT_SERVER_ADDRESS, for example unix:///run/agent.sock, vsock://3:1024, \
        hvsock:///run/vc/vm/ID/clh.sock:1024 or sim://; on a node, --sandbox takes \
        namespace/pod instead";
    for (arguments, message) in [
        ("frobnicate", "unrecognized subcommand 'frobnicate'"),
        ("connect", NO_ADDRESS),
        ("connect -c Check", NO_ADDRESS),
        (
            "connect --server-address sim://",
            "nothing to run: give commands with -c or --script, or type them with -i",
        ),
        (
            "connect --server-address sim:// -c",
            "a value is required for '--cmd <COMMAND>...' but none was supplied",
        ),
        (
            "connect --server-address sim:// -c Check --timeout soon",
            "invalid value 'soon' for '--timeout <TIME>': \"soon\" is not a time: write a number and \
             a unit of ns, us, ms, s, m or h, as in 500ms or 2m",
        ),
        (
            "connect --server-address sim:// -c Check -o xml",
            "invalid value 'xml' for '--output <FORMAT>': \"xml\" is not an output format; use json, jsonl, text, raw, hex or serde",
        ),
        (
            "connect --server-address sim:// -c Check --metadata x",
            "invalid value 'x' for '--metadata <KEY=VALUE>': metadata is written KEY=VALUE",
        ),
        (
            "connect --server-address sim:// -c Check --repeat 0",
            "invalid value '0' for '--repeat <N>': \"0\" is not a count: write a number from 1, or -1 \
             for ever",
        ),
        (
            "connect --server-address sim:// -c Check --no-such-option",
            "unexpected argument '--no-such-option' found",
        ),
        (
            "connect --server-address sim:// -c Check -n maybe",
            "invalid value 'maybe' for '--no-auto-values [<BOOL>]' [possible values: true, false]",
        ),
        (
            "connect --server-address sim:// --script /no/such/script",
            "\"/no/such/script\": no such file or directory",
        ),
        (
            "describe NoSuchThing",
            "there is no RPC, service, message or enum \"NoSuchThing\"; \"list\" shows \
             the RPCs",
        ),
        (
            "template NoSuchThing",
            "there is no RPC or message \"NoSuchThing\"; \"list\" shows the RPCs",
        ),
        (
            "describe",
            "the following required arguments were not provided: <NAME>",
        ),
    ] {
        tool(arguments.split(' '))
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
    // Without any arguments it is the help that is shown, as an error.
    let help = tool(["-h"]).run().succeeded().text();
    tool([""; 0]).status(2).stderr(help).test();
}

#[test]
fn a_place_in_a_script() {
    let peer = Peer::start();
    let output = connect(peer.address(), ["--script", "-"])
        .stdin("Check\n# fine\nRemoveContainer timeout=x\n")
        .run();
    assert_eq!(output.status, 2);
    let message = "error: -:3: RemoveContainer: timeout: \"x\" is not an unsigned 32-bit number \
                   (0 to 4294967295)";
    assert_eq!(output.error(), message);
    assert!(peer.received().is_empty());
}

#[cfg(feature = "sim")]
#[test]
fn the_commonest_mistakes_get_what_helps() {
    let command = |arguments: &[&str], status, last: &str| {
        let output = tool(arguments).run();
        let line = output.stderr.lines().last().unwrap_or_default();
        assert_eq!((line, output.status), (last, status), "{arguments:?}");
    };
    let sim = |arguments: &[&str], last| {
        let all = [&["connect", "-a", "sim://"], arguments].concat();
        command(&all, 2, last);
    };
    sim(
        &["-c", "CreateSandbox", "dns=8.8.8.8"],
        "error: \"dns=8.8.8.8\" is not a command: if it belongs to CreateSandbox, quote both as one, \
         as in -c 'CreateSandbox dns=8.8.8.8'",
    );
    sim(
        &["-c", "GetGuestDetails", r#"json://{"mem_block_size":true}"#],
        r#"error: "json://{\"mem_block_size\":true}" is not a command: if it belongs to GetGuestDetails, quote both as one, as in -c 'GetGuestDetails json://{"mem_block_size":true}'"#,
    );
    sim(
        &["Check"],
        "error: unexpected argument 'Check' found; calls follow -c, as in kata-agent-ctl connect \
         -c Check",
    );
    sim(
        &["-c", "CreateSandbox hostname:foo"],
        "error: CreateSandbox: \"hostname:foo\" is neither field=value nor a document \
         (json://{...} or file:///path.json); did you mean \"hostname=foo\"?",
    );
    sim(
        &["-c", r#"CreateSandbox json:{"hostname":"foo"}"#],
        "error: CreateSandbox: \"json:{hostname:foo}\" is neither field=value nor a document \
         (json://{...} or file:///path.json); did you mean json://{...}?",
    );
    command(
        &["check"],
        2,
        "error: unrecognized subcommand 'check'; it is a call, as in kata-agent-ctl connect -c Check",
    );
    command(
        &["-c", "Check"],
        2,
        "error: unexpected argument '-c' found; it is an option of connect, as in kata-agent-ctl \
         connect -c Check",
    );
    command(
        &[
            "connect",
            "-a",
            "sim://",
            "-c",
            "CreateSandbox",
            "CreateContainer",
        ],
        77,
        "error: CreateContainer: the agent answered code: INTERNAL (13): EINVAL: Invalid argument; \
         the request has no OCI, which comes from --bundle-dir DIR, spec=FILE, image=REF",
    );
}

#[cfg(feature = "sim")]
#[test]
fn what_may_be_a_mistake_is_warned_of() {
    connect(
        "sim://",
        [
            "--timeout",
            "5",
            "--dry-run",
            "-c",
            "Check",
            "sleep 5",
            "set timeout 7",
        ],
    )
    .stdout("{}\n")
    .stderr(
        "warn: --timeout 5 is 5 nanoseconds, as it has no unit: write 5s for seconds\n\
             warn: this is 7ns: a number without a unit is nanoseconds\n",
    )
    .test();
    connect(
        "sim://",
        [
            "--timeout",
            "5s",
            "--connect-timeout",
            "2000000",
            "-c",
            "Check",
        ],
    )
    .run()
    .succeeded();
    connect("vsock://:1024", ["--dry-run", "-c", "Check"])
        .stdout("{}\n")
        .stderr(
            "warn: \"vsock://:1024\" has no context ID, so that of any guest is meant: is a variable \
             in it empty?\n",
        )
        .test();
}

#[test]
fn a_hypervisors_socket_is_told_from_its_name_or_its_silence() {
    let folder = TempDir::new().unwrap();
    for (name, before) in [
        (
            "clh.sock",
            "warn: \"unix://{}\" has the name of a hypervisor's hybrid vsock socket: write \"hvsock://{}:1024\"\n",
        ),
        ("any.sock", ""),
    ] {
        let path = folder.path().join(name);
        let listener = UnixListener::bind(&path).unwrap();
        // A hypervisor reads a line, which a frame is not.
        let hypervisor = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 10]).unwrap();
        });
        let path = path.to_str().unwrap();
        let output = connect(&format!("unix://{path}"), ["-c", "Check"]).run();
        let told = output
            .stderr
            .strip_prefix(&before.replace("{}", path))
            .unwrap();
        let hint = format!(
            "before it answered; if this is a hypervisor's hybrid vsock socket, write \
             \"hvsock://{path}:1024\"\n"
        );
        assert!(
            told.starts_with("error: Check: the agent ") && told.ends_with(&hint),
            "{told}"
        );
        assert_eq!(output.status, 3);
        hypervisor.join().unwrap();
    }
}
