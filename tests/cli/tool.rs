//! Runs a binary with everything around it under control, and compares what it
//! did with what a test expects, exactly.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// How long a run may take, unless a test says otherwise.
const LIMIT: Duration = Duration::from_secs(30);

/// A run to be: what goes in, and what is expected to come out. Unless a test
/// says otherwise that is status 0 and nothing on either output.
#[must_use]
pub(crate) struct Tool {
    binary: PathBuf,
    arguments: Vec<OsString>,
    stdin: Vec<u8>,
    variables: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    memory: Option<u64>,
    heeds_signals: bool,
    user: Option<u32>,
    limit: Duration,
    status: i32,
    stdout: String,
    stderr: String,
}

/// What came out of a run.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit status.
    pub status: i32,
    /// Standard output, which may be no text.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
    /// From start to end.
    pub time: Duration,
}

/// A run that has begun.
pub(crate) struct Running {
    child: Child,
    arguments: Vec<OsString>,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    started: Instant,
    limit: Duration,
    _home: TempDir,
}

/// The binary under test.
pub(crate) fn program() -> &'static str {
    test_support::program(env!("CARGO_BIN_EXE_kata-agent-ctl"))
}

/// The binary under test with these arguments.
pub(crate) fn tool<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Tool {
    Tool {
        binary: PathBuf::from(program()),
        arguments: Vec::new(),
        stdin: Vec::new(),
        variables: Vec::new(),
        folder: None,
        memory: None,
        heeds_signals: false,
        user: None,
        limit: LIMIT,
        status: 0,
        stdout: String::new(),
        stderr: String::new(),
    }
    .arguments(arguments)
}

/// `connect` to the address, with these arguments after it.
pub(crate) fn connect<A: AsRef<OsStr>>(
    address: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Tool {
    tool(["connect", "--server-address", address]).arguments(arguments)
}

impl Tool {
    /// Adds arguments.
    pub(crate) fn arguments<A: AsRef<OsStr>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let more = arguments.into_iter().map(|each| each.as_ref().to_owned());
        self.arguments.extend(more);
        self
    }

    /// Another build of the binary.
    pub(crate) fn binary(mut self, path: &Path) -> Self {
        path.clone_into(&mut self.binary);
        self
    }

    /// The binary that it runs.
    pub(crate) fn path(&self) -> &Path {
        &self.binary
    }

    /// What standard input holds; nothing by default.
    pub(crate) fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        bytes.as_ref().clone_into(&mut self.stdin);
        self
    }

    /// An environment variable. Of the test's own none but PATH is passed on.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The working folder; one that is empty by default.
    pub(crate) fn folder(mut self, path: &Path) -> Self {
        self.folder = Some(path.to_owned());
        self
    }

    /// How many bytes of memory it may use for data; one that needs more ends by a
    /// signal, which no test takes for an end.
    pub(crate) fn memory(mut self, bytes: u64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// No signal is ignored, even if these tests are run by nohup, or in the background of a shell
    /// that leaves out SIGINT and SIGQUIT there.
    pub(crate) fn heeds_signals(mut self) -> Self {
        self.heeds_signals = true;
        self
    }

    /// Whose run it is, and of which group, as root can choose.
    pub(crate) fn user(mut self, id: u32) -> Self {
        self.user = Some(id);
        self
    }

    /// How long it may take.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The exit status to expect.
    pub(crate) fn status(mut self, status: i32) -> Self {
        self.status = status;
        self
    }

    /// The standard output to expect.
    pub(crate) fn stdout(mut self, text: impl Into<String>) -> Self {
        self.stdout = text.into();
        self
    }

    /// The standard error to expect.
    pub(crate) fn stderr(mut self, text: impl Into<String>) -> Self {
        self.stderr = text.into();
        self
    }

    /// Runs it and compares everything.
    #[track_caller]
    pub(crate) fn test(self) -> Output {
        let status = self.status;
        let (stdout, stderr) = (self.stdout.clone(), self.stderr.clone());
        let arguments = self.arguments.clone();
        let output = self.start().wait();
        let mut differences = String::new();
        if output.status != status {
            differences.push_str(&format!("status: {}, not {status}\n", output.status));
        }
        differences.push_str(&difference("standard output", &stdout, &output.text()));
        differences.push_str(&difference("standard error", &stderr, &output.stderr));
        assert!(differences.is_empty(), "{arguments:?}\n{differences}");
        output
    }

    /// Runs it to its end and compares nothing, which is for a run that expects nothing.
    #[track_caller]
    pub(crate) fn run(self) -> Output {
        let expects = (self.status, self.stdout.as_str(), self.stderr.as_str());
        assert_eq!(expects, (0, "", ""), "only \"test\" compares");
        self.start().wait()
    }

    /// Starts it.
    #[track_caller]
    pub(crate) fn start(self) -> Running {
        let home = TempDir::with_prefix("home").unwrap();
        let mut command = Command::new(&self.binary);
        command
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home.path())
            .envs(self.variables)
            .current_dir(self.folder.as_deref().unwrap_or(home.path()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        if let Some(bytes) = self.memory {
            let limit = libc::rlimit {
                rlim_cur: bytes,
                rlim_max: bytes,
            };
            // SAFETY: setrlimit is async-signal-safe and only reads the limit.
            unsafe {
                command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_DATA, &limit) {
                    0 => Ok(()),
                    _ => Err(std::io::Error::last_os_error()),
                });
            }
        }
        if self.heeds_signals {
            // SAFETY: signal is async-signal-safe.
            unsafe {
                command.pre_exec(|| {
                    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
                        libc::signal(signal, libc::SIG_DFL);
                    }
                    Ok(())
                });
            }
        }
        // Before it begins, so that a limit of its own is never longer than this.
        let started = Instant::now();
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.binary.display()));

        let mut stdin = child.stdin.take().unwrap();
        thread::spawn(move || {
            // A program that ends without reading its input is not a mistake.
            let _ = stdin.write_all(&self.stdin);
        });
        Running {
            stdout: read_all(child.stdout.take().unwrap()),
            stderr: read_all(child.stderr.take().unwrap()),
            child,
            arguments: self.arguments,
            started,
            limit: self.limit,
            _home: home,
        }
    }
}

impl Running {
    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) {
        self.signal(Signal::SIGINT);
    }

    /// Its process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill(Pid::from_raw(id), signal).unwrap();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it takes too long, or a signal ended it.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Output {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.started.elapsed() > self.limit {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                let stderr = text(self.stderr.join().unwrap());
                panic!(
                    "{:?} took longer than {:?}\n{stderr}",
                    self.arguments, self.limit
                );
            }
            thread::sleep(Duration::from_millis(1));
        };
        let time = self.started.elapsed();
        let stderr = text(self.stderr.join().unwrap());
        let Some(code) = status.code() else {
            let signal = status.signal();
            panic!("{:?} ended by signal {signal:?}\n{stderr}", self.arguments);
        };
        Output {
            status: code,
            stdout: self.stdout.join().unwrap(),
            stderr,
            time,
        }
    }
}

impl Output {
    /// Standard output, which is text.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        text(self.stdout.clone())
    }

    /// Standard output, which is one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The same, if the run succeeded and had nothing to complain of.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""));
        self
    }

    /// Standard error, which is one line, without the end of that line.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        let line = self.stderr.strip_suffix('\n');
        let line = line.filter(|line| !line.is_empty() && !line.contains('\n'));
        line.unwrap_or_else(|| panic!("not one line: {:?}", self.stderr))
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

#[track_caller]
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("the output is UTF-8")
}

/// The lines of two texts side by side as a diff shows them; empty when they are equal.
pub(crate) fn difference(what: &str, expected: &str, found: &str) -> String {
    if expected == found {
        return String::new();
    }
    let expected: Vec<_> = expected.split_inclusive('\n').collect();
    let found: Vec<_> = found.split_inclusive('\n').collect();
    let same = |pair: &(&&str, &&str)| pair.0 == pair.1;
    let before = expected.iter().zip(&found).take_while(same).count();
    let after = expected[before..]
        .iter()
        .rev()
        .zip(found[before..].iter().rev())
        .take_while(same)
        .count();

    let mut text = format!("{what} (- expected, + found):\n");
    let mut show = |mark: &str, lines: &[&str]| {
        for line in lines {
            text.push_str(&format!("{mark} {}\n", line.escape_debug()));
        }
    };
    show(" ", &expected[before.saturating_sub(3)..before]);
    show("-", &expected[before..expected.len() - after]);
    show("+", &found[before..found.len() - after]);
    show(" ", &expected[expected.len() - after..][..after.min(3)]);
    text
}

#[test]
fn a_difference_shows_the_lines_around_it() {
    assert_eq!(difference("it", "a\n", "a\n"), "");
    assert_eq!(
        difference("it", "a\nb\nc\n", "a\nx\ty\nz\nc\n"),
        "it (- expected, + found):\n  a\\n\n- b\\n\n+ x\\ty\\n\n+ z\\n\n  c\\n\n"
    );
    assert_eq!(
        difference("it", "", "a"),
        "it (- expected, + found):\n+ a\n"
    );
}
