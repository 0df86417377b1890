//! A simulated agent whose log nobody reads for a while: calls wait for it, so that
//! it never has more to keep than a bounded number of lines.

use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

use crate::many_clients::{call, try_call};
use crate::tool::program;
use crate::wire::read_frame;

/// More calls than a pipe holds lines of, and more than may wait.
const CALLS: usize = 5000;
/// What a pipe holds, in bytes.
const PIPE: usize = 64 << 10;
/// How long it takes at most until what is on its way has come to rest.
const REST: Duration = Duration::from_secs(1);

/// An agent, ended when it is dropped, and the log that nobody reads yet.
struct Served {
    child: Child,
    log: Option<PipeReader>,
    stderr: BufReader<ChildStderr>,
    folder: TempDir,
}

impl Served {
    fn start(arguments: &[&str]) -> Served {
        let (log, writer) = io::pipe().unwrap();
        let mut served = Served::with_log(arguments, writer.into());
        served.log = Some(log);
        served
    }

    fn with_log(arguments: &[&str], log: Stdio) -> Served {
        let folder = TempDir::with_prefix("served").unwrap();
        let mut child = Command::new(program())
            .args(["serve", "--address", "unix://./s"])
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "listening on unix://./s\n");
        Served {
            child,
            log: None,
            stderr,
            folder,
        }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.folder.path().join("s")).unwrap()
    }

    /// How it ends by itself, and what it says.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    /// Ends it, and gives all lines of its log.
    fn end(mut self) -> Vec<Value> {
        let log = BufReader::new(self.log.take().unwrap());
        let lines = thread::spawn(move || {
            let line = |line: io::Result<String>| serde_json::from_str(&line.unwrap()).unwrap();
            log.lines().map(line).collect()
        });
        // The reader gets all that waits, and then the end.
        thread::sleep(REST);
        kill(
            Pid::from_raw(self.child.id().try_into().unwrap()),
            Signal::SIGTERM,
        )
        .unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        lines.join().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn no_answer_comes_before_its_line_has_gone_out() {
    let served = Served::start(&[]);
    let mut client = served.connect();
    client.set_read_timeout(Some(REST)).unwrap();
    let mut check = |number: usize| {
        let id = u32::try_from(2 * number + 1).unwrap();
        call(&mut client, id, "grpc.Health", "Check");
        read_frame(&mut client)
    };
    let answered = (0..CALLS)
        .take_while(|number| check(*number).is_ok())
        .count();
    let lines = served.end();
    // The last call got no answer.
    assert_eq!(lines.len(), answered + 1);
    let shortest = lines.iter().map(|line| line.to_string().len()).min();
    let most = PIPE / shortest.unwrap();
    assert!(answered <= most, "{answered} answers, at most {most} lines");
}

#[test]
fn calls_do_not_begin_while_too_many_lines_wait() {
    let served = Served::start(&["--delay", "Version 1h"]);
    let blocked = || {
        let mut client = served.connect();
        client.set_write_timeout(Some(REST)).unwrap();
        // What there is no room for is not read either.
        let begun = (0..CALLS).take_while(|number| {
            let id = u32::try_from(2 * number + 1).unwrap();
            try_call(&mut client, id, "grpc.Health", "Version").is_ok()
        });
        let begun = begun.count();
        (client, begun)
    };
    // These calls have begun when the last one is answered, and are given up then, each
    // with a line that no answer waits for.
    let (mut first, begun) = blocked();
    assert_eq!(begun, CALLS);
    let last = u32::try_from(2 * CALLS + 1).unwrap();
    call(&mut first, last, "grpc.Health", "Check");
    assert_eq!(read_frame(&mut first).unwrap().0, last);
    drop(first);
    thread::sleep(REST);
    // There is no room for more.
    let (second, _) = blocked();
    thread::sleep(REST);
    drop(second);
    let lines = served.end();
    let of = |number| {
        lines
            .iter()
            .filter(move |line| line["connection"] == number)
    };
    assert_eq!(of(1).count(), CALLS + 1);
    // Some may have begun before, on a busy machine.
    assert!(of(2).count() < CALLS / 2, "{} lines", of(2).count());
}

#[test]
fn a_log_that_takes_no_more_ends_the_agent_after_the_answer() {
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    let gone = || Stdio::from(io::pipe().unwrap().1);
    for (log, status, reason) in [(full(), 1, "no space left on device"), (gone(), 141, "")] {
        let served = Served::with_log(&[], log);
        let mut client = served.connect();
        call(&mut client, 1, "grpc.Health", "Check");
        assert_eq!(read_frame(&mut client).unwrap().0, 1);
        let (ended, said) = served.ended();
        assert_eq!(ended, Some(status), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}
