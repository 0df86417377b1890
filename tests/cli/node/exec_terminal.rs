//! `exec -it` in a pseudo-terminal, as a person sits at it.

use nix::sys::signal::Signal;

use super::exec::Pod;
use crate::terminal::{Terminal, program_at_terminal};
use crate::tool::program;

/// `exec -it` with these options in the pod's container, in a terminal of 40 lines of 120
/// columns.
fn exec(pod: &Pod, options: &[&str], command: &[&str]) -> Terminal {
    let root = pod.host.option();
    let mut arguments = vec!["exec", "-it", &root];
    arguments.extend(options);
    arguments.extend(["shop/till", "--"]);
    arguments.extend(command);
    program_at_terminal(program(), arguments).start()
}

/// A shell that shows this when it waits.
const SHELL: [&str; 2] = ["-e", "PS1=ready> "];

fn shell(pod: &Pod) -> Terminal {
    exec(pod, &SHELL, &["bash", "--norc", "--noediting"])
}

#[test]
fn a_shell_at_a_terminal() {
    let pod = Pod::start();
    let mut terminal = shell(&pod);
    terminal.sees_last("ready>");
    assert!(terminal.is_raw());
    terminal.keys("stty size; echo $TERM $OWN; test -t 0 && test -t 2 && echo both\r");
    terminal.sees_line("40 120");
    terminal.sees_line("xterm container");
    terminal.sees_line("both");
    // The window's size changes.
    terminal.sees_last("ready>");
    terminal.resize(50, 100);
    terminal.keys("until [ \"$(stty size)\" = '50 100' ]; do sleep 0.05; done; echo resi''zed\r");
    terminal.sees_line("resized");
    terminal.sees_last("ready>");
    // Ctrl-C ends what runs in the shell, and not the shell or the tool. What runs says itself
    // that it does: bash gives it the terminal after it has started it, and a Ctrl-C before that
    // is bash's.
    terminal.keys("sh -c \"echo sta''rted; exec sleep 1000\"\r");
    terminal.sees_line("started");
    terminal.keys("\x03");
    terminal.sees_last("ready>");
    terminal.keys("echo $?\r");
    terminal.sees_line("130");
    terminal.sees_last("ready>");
    terminal.keys("exit 3\r");
    assert_eq!(terminal.ends_restored(), Some(3));
}

#[test]
fn the_end_of_input_does_not_end_the_terminal() {
    let pod = Pod::start();
    let mut terminal = exec(&pod, &[], &["sh", "-c", "cat; echo after"]);
    terminal.keys("line\r");
    terminal.gets("line\r\nline\r\n");
    terminal.keys("\x04");
    terminal.gets("after");
    assert_eq!(terminal.ends_restored(), Some(0));
}

#[test]
fn keys_that_leave_the_process_alone() {
    let pod = Pod::start();
    let options = [&SHELL[..], &["--exec-id", "left"]].concat();
    let mut terminal = exec(&pod, &options, &["bash", "--norc", "--noediting"]);
    terminal.sees_last("ready>");
    // One that is not followed by the other is passed on; ctrl-u takes it back.
    terminal.keys("\x10");
    terminal.keys("\x15echo a''b\r");
    terminal.sees_line("ab");
    terminal.keys("\x10\x11");
    terminal.gets("detached; the process lives on as exec ID left of the container c0ffee0123");
    assert_eq!(terminal.ends_restored(), Some(0));
    // It still takes input, and a signal ends it.
    pod.served
        .call(&[
            "WriteStdin cid=c0ffee0123 exec_id=left data=\"exit 9\\n\"",
            "WaitProcess cid=c0ffee0123 exec_id=left",
        ])
        .stdout("{\"len\":7}\n{\"status\":9}\n")
        .test();

    // Other keys, and none.
    let options = [&SHELL[..], &["--detach-keys", "ctrl-a,d"]].concat();
    let mut terminal = exec(&pod, &options, &["bash", "--norc", "--noediting"]);
    terminal.sees_last("ready>");
    terminal.keys("\x01d");
    terminal.gets("detached;");
    assert_eq!(terminal.ends_restored(), Some(0));
    let mut terminal = exec(
        &pod,
        &["--detach-keys", ""],
        &["sh", "-c", "read line; echo got"],
    );
    terminal.keys("\x10\x11x\r");
    terminal.gets("got");
    assert_eq!(terminal.ends_restored(), Some(0));
}

#[test]
fn the_terminal_is_as_before_whatever_happens() {
    let pod = Pod::start();
    // A signal to the tool.
    let terminal = exec(&pod, &[], &["sh", "-c", "echo sta''rted; sleep 1000"]);
    terminal.gets("started");
    assert!(terminal.is_raw());
    terminal.signal(Signal::SIGTERM);
    assert_eq!(terminal.ends_restored(), Some(143));
    // A limit of time.
    let options = ["--timeout", "1s"];
    let terminal = exec(&pod, &options, &["sh", "-c", "echo sta''rted; sleep 1000"]);
    terminal.gets("started");
    terminal.gets("error: the process did not end within 1s, and was killed\r\n");
    assert_eq!(terminal.ends_restored(), Some(125));
    // Another stop, after which it is raw again.
    let mut terminal = exec(&pod, &[], &["sh", "-c", "echo sta''rted; cat"]);
    terminal.gets("started");
    terminal.signal(Signal::SIGSTOP);
    terminal.cook();
    terminal.signal(Signal::SIGCONT);
    while !terminal.is_raw() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    terminal.keys("\x04");
    assert_eq!(terminal.ends_restored(), Some(0));
    // The agent goes away.
    let terminal = exec(&pod, &[], &["sh", "-c", "echo sta''rted; sleep 1000"]);
    terminal.gets("started");
    pod.served.end(Signal::SIGKILL);
    // It has closed or reset it, by what it had not read.
    terminal.gets(" the connection before it answered\r\n");
    assert_eq!(terminal.ends_restored(), Some(125));
}
