//! Commands and command lines that are wrong: status 2, one line that says what,
//! where, and what would be right, and nothing sent.

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
        r#"WriteStdin: container_id: the value is not UTF-8 text (the byte at offset 0 is wrong), and only a bytes field takes other bytes"#,
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
        r#"SetPolicy: policy: cannot read file "/no/such/file": no such file or directory"#,
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

#[test]
fn a_wrong_command_line() {
    const NO_ADDRESS: &str = "no server address: give --server-address or set \
        KATA_AGENT_SERVER_ADDRESS, for example unix:///run/agent.sock, vsock://3:1024, \
        hvsock:///run/vc/vm/ID/clh.sock:1024 or sim://";
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
