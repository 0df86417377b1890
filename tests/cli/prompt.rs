//! The prompt on a terminal: commands, errors, interruption, lost connections.

use std::fs;
use std::os::unix::net::UnixListener;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;
use typed_peer::{Answer, Peer};

use crate::sent::lines;
use crate::terminal::at_terminal;
use crate::tool::connect;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const UP: &str = "\x1b[A";

#[cfg(feature = "sim")]
#[test]
fn a_command_is_answered_and_ctrl_d_leaves() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    let screen = terminal.enter("Check");
    assert!(screen.contains("\"status\": \"SERVING\""), "{screen}");
    let screen = terminal.enter("help");
    assert!(screen.contains("Ctrl-D leaves"), "{screen}");
    let screen = terminal.enter("describe OnlineCPUMem");
    assert!(screen.contains("\n  OnlineCPUMem nb_cpus=1"), "{screen}");
    assert!(!screen.contains("kata-agent-ctl connect"), "{screen}");
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn it_opens_without_commands_on_a_terminal() {
    let mut terminal = at_terminal("sim://", []).start();
    terminal.sees_prompt();
    terminal.keys("quit\r");
    assert_eq!(terminal.end().0, Some(0));

    connect("sim://", [""; 0])
        .status(2)
        .stderr("error: nothing to run: give commands with -c or --script, or type them with -i\n")
        .test();
}

#[test]
fn commands_that_were_given_run_first() {
    let peer = Peer::start();
    peer.answer("Version", Answer::error(13, "no"));
    let mut terminal = at_terminal(peer.address(), ["-i", "-n", "-c", "Version", "Check"]).start();
    let screen = terminal.sees_prompt();
    assert!(screen.contains("code: INTERNAL (13): no"), "{screen}");
    terminal.enter("ListRoutes");
    assert_eq!(lines(&peer), ["Version", "Check", "ListRoutes"]);
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));

    // A mistake on the command line is one as without a prompt.
    let terminal = at_terminal(peer.address(), ["-i", "-c", "Check", "NoSuchCall"]).start();
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(2));
    assert!(bytes.contains("there is no RPC"), "{bytes}");
    assert_eq!(lines(&peer), [""; 0]);
}

#[test]
fn errors_are_shown_and_the_prompt_stays() {
    let peer = Peer::start();
    peer.answer("Check", Answer::error(5, "no \x1b[31mred\x07"));
    let mut terminal = at_terminal(peer.address(), ["-i"]).start();
    for (command, error) in [
        (
            "NoSuchCall",
            "error: there is no RPC or built-in command \"NoSuchCall\"",
        ),
        (
            "Check nosuch=1",
            "error: Check: grpc.CheckRequest has no field \"nosuch\"",
        ),
        ("Check json://{]", "error: Check: json://: "),
        (
            "Check file://-",
            "error: Check: standard input can be read only once",
        ),
        (
            "Check",
            r"error: Check: the agent answered code: NOT_FOUND (5): no \x1b[31mred\x07",
        ),
    ] {
        let screen = terminal.enter(command);
        assert!(screen.contains(error), "{screen}");
    }
    terminal.enter("Version");
    assert_eq!(lines(&peer), ["Check", "Version"]);
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));
}

#[cfg(feature = "sim")]
#[test]
fn options_are_set_for_what_follows() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i"]).start();
    let screen = terminal.sees_prompt();
    assert!(
        screen.contains("\"help\" shows what can be typed, and \"quit\" ends\n"),
        "{screen}"
    );
    terminal.enter("set output hex");
    terminal.enter("set metadata trace=42");
    terminal.enter("set no-auto-values true");
    terminal.enter("StartContainer");
    assert_eq!(lines(&peer), ["StartContainer"]);
    terminal.enter("set no-auto-values false");
    terminal.enter("StartContainer");
    assert_ne!(lines(&peer), ["StartContainer"]);
    for (command, seen) in [
        (
            "set nothing x",
            "error: set: there is no option \"nothing\" to set: write set bundle-dir|metadata|no-auto-values|output|timeout VALUE\n",
        ),
        (
            "set bundle-dir /no/such",
            "error: set: \"/no/such\": no such file or directory; a bundle",
        ),
        ("set output yaml", "error: set: "),
        ("set timeout x", "error: set: \"x\" is not a time"),
        ("?", "\nset OPTION VALUE "),
        ("help set", "\n  set timeout "),
        ("help Check", "\nrpc grpc.Health/Check "),
        ("template Check", "\n  \"service\": \"\"\n"),
        ("examples", "\nnode: On a node"),
        ("examples health", "Is the agent up?"),
    ] {
        terminal.keys("\x0c");
        let screen = terminal.enter(command);
        assert!(screen.contains(seen), "{command}: {screen}");
    }
    terminal.keys("exit\r");
    assert_eq!(terminal.end().0, Some(0));

    // Metadata and formats are checked as they will be when the command runs.
    connect(
        "sim://",
        [
            "-o",
            "jsonl",
            "-c",
            "set output hex",
            "Check",
            "set output jsonl",
            "Check",
        ],
    )
    .stdout("0801\n{\"status\":\"SERVING\"}\n")
    .test();
    connect(
        "sim://",
        ["-c", "Check", "set output raw", "GetGuestDetails"],
    )
    .status(2)
    .stderr(
        "error: GetGuestDetails: grpc.GuestDetailsResponse has no bytes or string field that \
             could be printed raw\n",
    )
    .test();
    let settings = [
        "set metadata a=1",
        "set metadata b=2",
        "set metadata a",
        "Check",
    ];
    let output = connect(peer.address(), ["-v", "-c"])
        .arguments(settings)
        .run();
    let sent = "> grpc.Health/Check (0 bytes)\n> b: 2\n> {}\n";
    assert!(output.stderr.starts_with(sent), "{}", output.stderr);
}

#[test]
fn another_sandbox_asks_for_yes_where_a_person_types() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n"]).start();
    terminal.enter("CreateSandbox");
    assert_eq!(lines(&peer), ["CreateSandbox"]);
    let question = "another sandbox empties the root filesystems of this one's containers; type \
                    yes to send it all the same:";
    for (answer, sent, refused) in [("no", 0, 1), ("", 0, 2), ("yes", 1, 2)] {
        terminal.keys("CreateSandbox\r");
        terminal.sees_last(question);
        terminal.keys(&format!("{answer}\r"));
        let screen = terminal.sees_prompt();
        let said = screen.matches("CreateSandbox: not sent\n").count();
        assert_eq!((said, lines(&peer).len()), (refused, sent), "{screen}");
    }
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));

    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.enter("CreateSandbox");
    let screen = terminal.enter("CreateSandbox");
    assert!(!screen.contains("yes"), "{screen}");

    connect(peer.address(), ["-i", "-n"])
        .stdin("CreateSandbox\nCreateSandbox\n")
        .stdout("{}\n{}\n")
        .test();
}

#[test]
fn ctrl_c_abandons_a_line() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.sees_prompt();
    terminal.keys("echo one");
    terminal.sees_last("kata-agent> echo one");
    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    terminal.keys("CreateSandbox json://{\r\"hostname\":");
    terminal.sees("\n\"hostname\":");
    terminal.keys(CTRL_C);
    let screen = terminal.enter("echo two");
    assert!(screen.contains("\ntwo\n"), "{screen}");
    assert!(
        !screen.contains("\none\n") && !screen.contains("error"),
        "{screen}"
    );
}

#[cfg(feature = "sim")]
#[test]
fn ctrl_c_abandons_a_file_that_blocks() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    let pipe = terminal.home().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    terminal.sees_prompt();
    terminal.keys("SetPolicy policy=@pipe\r");
    // It opens when the tool has opened the other side.
    let _writer = fs::File::options().write(true).open(&pipe).unwrap();
    terminal.keys(CTRL_C);
    terminal.sees("policy: \"pipe\": interrupted\n");
    let screen = terminal.enter("Check");
    assert!(screen.contains("SERVING"), "{screen}");
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn keys_that_are_no_text_are_one_error() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n"]).start();
    terminal.sees_prompt();
    // As pasted from a page in another encoding: nothing of it may run.
    terminal.bytes(b"Check service=caf\xe9 n\xe9\rVersion\r");
    let screen = terminal.sees("error: a key that was typed is not UTF-8 text\n");
    assert_eq!(screen.matches("error").count(), 1, "{screen}");
    let screen = terminal.enter("ListRoutes");
    assert_eq!(screen.matches("error").count(), 1, "{screen}");
    assert_eq!(lines(&peer), ["ListRoutes"]);
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn ctrl_c_abandons_a_call_and_the_next_one_connects_anew() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let silent = UnixListener::bind(&path).unwrap();
    let mut terminal = at_terminal(&format!("unix://{}", path.display()), ["-i"]).start();
    terminal.sees_prompt();
    terminal.keys("WaitProcess cid=a\r");
    let connection = silent.accept().unwrap();
    terminal.sees("still waiting");
    terminal.keys(CTRL_C);
    let screen = terminal.sees_prompt();
    assert!(
        screen.contains("\nerror: WaitProcess: interrupted\n"),
        "{screen}"
    );
    drop((silent, connection));
    fs::remove_file(&path).unwrap();
    let peer = Peer::at_path(&path);
    terminal.enter("Version");
    assert_eq!(lines(&peer), ["Version"]);

    // What is repeated ends as well, and commands may follow.
    terminal.enter("repeat -1");
    terminal.keys("echo tick\r");
    terminal.sees("\ntick\ntick\n");
    terminal.keys(CTRL_C);
    terminal.sees("error: interrupted\n");
    terminal.enter("Check");
    assert_eq!(lines(&peer), ["Check"]);
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_lost_connection_is_made_anew() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let first = Peer::at_path(&path);
    let mut terminal = at_terminal(&format!("unix://{}", path.display()), ["-i"]).start();
    terminal.enter("Check");
    assert_eq!(lines(&first), ["Check"]);
    drop(first);
    let _ = fs::remove_file(&path);
    let second = Peer::at_path(&path);
    let screen = terminal.enter("Version");
    // The call that finds the connection lost fails; none is sent twice.
    if screen.contains("error: Version: ") {
        terminal.enter("Version");
    }
    assert_eq!(lines(&second), ["Version"]);
}

#[test]
fn json_goes_on_in_the_next_line() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n"]).start();
    terminal.sees_prompt();
    terminal.keys("CreateSandbox json://{\r");
    terminal.keys("\"host\t\"a b\"\r}\r");
    terminal.sees("\n{}\n");
    terminal.sees_prompt();
    terminal.keys("CreateContainer storages={\"driver\":\r\"blk\"}\r");
    terminal.sees("\n\"blk\"}\n{}\n");
    terminal.sees_prompt();
    assert_eq!(
        lines(&peer),
        [
            r#"CreateSandbox hostname: "a b""#,
            r#"CreateContainer storages {driver: "blk"}"#
        ]
    );

    // An empty line gives up; the whole of it is one entry of the history.
    terminal.keys("CreateSandbox json://{\r\r");
    terminal.sees("error: CreateSandbox: json://: ");
    terminal.sees_prompt();
    terminal.keys(UP);
    terminal.keys(UP);
    terminal.sees_last("\"blk\"}");
    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    assert_eq!(lines(&peer), [""; 0]);
}

#[test]
fn several_commands_are_pasted_or_typed_ahead() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n"]).start();
    terminal.sees_prompt();
    terminal.keys("\x1b[200~Check\nVersion\n\x1b[201~\r");
    terminal.sees("\n{}\n{}\n");
    terminal.sees_prompt();
    assert_eq!(lines(&peer), ["Check", "Version"]);
    terminal.keys("Check\rListRoutes\rrepeat 2\rVersion\rquit\r");
    assert_eq!(terminal.end().0, Some(0));
    assert_eq!(lines(&peer), ["Check", "ListRoutes", "Version", "Version"]);
}

#[test]
fn an_empty_line_in_a_paste_is_a_part_of_it() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n"]).start();
    terminal.sees_prompt();
    let document = "{\n  \"hostname\": \"a\",\n\n  \"dns\": [\n\n]\n}";
    terminal.keys(&format!(
        "\x1b[200~CreateSandbox json://{document}\n\x1b[201~\r"
    ));
    terminal.sees("\n{}\n");
    terminal.sees_prompt();
    assert_eq!(lines(&peer), [r#"CreateSandbox hostname: "a""#]);
    // One that lacks its end sends nothing: what follows is not a command.
    terminal.keys("\x1b[200~CreateSandbox json://{\n\nDestroySandbox\n\x1b[201~\r");
    terminal.sees("error: CreateSandbox: json://: ");
    terminal.sees_prompt();
    assert_eq!(lines(&peer), [""; 0]);
}

#[test]
fn slow_connecting_is_said_and_ctrl_c_gives_it_up() {
    let folder = TempDir::new().unwrap();
    let address = format!("unix://{}", folder.path().join("agent.sock").display());
    let arguments = ["--connect-timeout", "1m", "-i"];
    let mut terminal = at_terminal(&address, arguments).start();
    terminal.sees_prompt();
    terminal.keys("Check\r");
    terminal.sees(&format!("\nstill connecting to {address}; Ctrl-C gives up"));
    terminal.keys(CTRL_C);
    terminal.sees("error: Check: interrupted\n");
    terminal.sees_prompt();
    // Nothing is said of a connection that has come.
    let peer = Peer::at_path(&folder.path().join("agent.sock"));
    terminal.enter("Version");
    assert_eq!(lines(&peer), ["Version"]);
    terminal.keys(CTRL_D);
    let (status, bytes) = terminal.end();
    assert_eq!((status, bytes.matches("still").count()), (Some(0), 1));
}

#[test]
fn repeat_is_for_the_next_command() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n"]).start();
    terminal.enter("repeat 3");
    terminal.enter("Check nosuch=1");
    terminal.enter("Check");
    terminal.enter("Version");
    assert_eq!(lines(&peer), ["Check", "Check", "Check", "Version"]);
    peer.answer("Check", Answer::error(13, "no"));
    terminal.enter("repeat -1");
    terminal.enter("Check");
    assert_eq!(lines(&peer), ["Check"]);
}

#[test]
fn an_endless_repeat_ends_with_what_it_did() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i", "-n", "-o", "jsonl"]).start();
    terminal.enter("repeat -1");
    terminal.keys("Check\r");
    terminal.sees("{}");
    terminal.keys("\x03");
    let shown = terminal.sees(" 0 failed, in ");
    assert!(shown.contains("Check: "), "{shown}");
    terminal.enter("Version");
}

#[test]
fn values_are_remembered_and_the_sandbox_s_end_is_the_end() {
    let peer = Peer::start();
    let mut terminal = at_terminal(peer.address(), ["-i"]).start();
    terminal.enter("StartContainer cid=web");
    terminal.enter("PauseContainer");
    assert_eq!(
        lines(&peer),
        [
            r#"StartContainer container_id: "web""#,
            r#"PauseContainer container_id: "web""#
        ]
    );
    terminal.sees_prompt();
    terminal.keys("DestroySandbox\r");
    assert_eq!(terminal.end().0, Some(0));
}

#[cfg(feature = "sim")]
#[test]
fn standard_output_holds_responses_only() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    let mut terminal = at_terminal("sim://", ["-i", "-o", "jsonl"])
        .stdout(fs::File::create(&path).unwrap())
        .start();
    terminal.enter("Check");
    terminal.enter("NoSuchCall");
    terminal.keys(CTRL_D);
    terminal.end();
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        "{\"status\":\"SERVING\"}\n"
    );
}

#[test]
fn a_request_to_end_leaves_the_terminal_in_order() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.enter("Check");
    terminal.signal(Signal::SIGTERM);
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(130));
    // The last word to the terminal is that pasted text is no longer marked.
    let after = bytes.rsplit("\x1b[?2004h").next().unwrap();
    assert!(after.contains("\x1b[?2004l"), "{after:?}");
}

#[test]
fn a_terminal_without_a_cursor() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("agent.sock");
    let silent = UnixListener::bind(&path).unwrap();
    let mut terminal = at_terminal(&format!("unix://{}", path.display()), ["-i"])
        .variable("TERM", "dumb")
        .start();
    terminal.sees_prompt();
    terminal.keys("echo one\n");
    terminal.sees("\none\nkata-agent>");
    terminal.keys("WaitProcess cid=a\n");
    let connection = silent.accept().unwrap();
    terminal.sees("still waiting");
    terminal.keys(CTRL_C);
    terminal.sees("\nerror: WaitProcess: interrupted\nkata-agent>");
    drop(connection);
    terminal.keys(CTRL_D);
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(0));
    assert!(!bytes.contains('\x1b'), "{bytes:?}");
}
