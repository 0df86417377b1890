//! Asks a policy, in a process of its own that is given a time for each answer. When the
//! policy ends that process, the next question begins another with what was there before.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::value::RawValue;

use crate::engine::{FILE, Rego, Verdict};
use crate::protocol::{Answer, Question};
use crate::trace::{Constants, Reason, Stops};

/// How long a process may take to begin, whatever an answer may take.
const START: Duration = Duration::from_secs(10);

/// What a policy did to its process, or that there is none.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// It did not end.
    #[error(
        "no answer within {}: the policy loops, is too large, or calls a built-in that takes that long",
        agent_text::duration::display(*.0)
    )]
    Timeout(Duration),
    /// The engine called itself too often.
    #[error("the policy nests or recurses too deep for the engine, which ended")]
    Stack,
    /// It took too much memory.
    #[error("the policy takes more memory than there is for it, and the engine ended")]
    Memory,
    /// It ended for another reason.
    #[error("the engine ended: {0}")]
    Ended(String),
    /// The agent does not take it.
    #[error("{}the agent does not take this policy: {what}{}", place(.at), v0_hint(*.is_v0))]
    NotTaken {
        /// The line and the column, from 1, where they are known.
        at: Option<(u32, u32)>,
        /// What is wrong there.
        what: String,
        /// All of the agent's error.
        error: String,
        /// Whether it is a policy for agents to 3.28.
        is_v0: bool,
    },
    /// What went wrong with an answer.
    #[error("{0}")]
    Cannot(String),
    /// The process cannot be started or reached.
    #[error("cannot run the policy's engine: {0}")]
    Io(#[from] io::Error),
}

fn place(at: &Option<(u32, u32)>) -> String {
    at.map_or_else(String::new, |(line, column)| format!("{line}:{column}: "))
}

fn v0_hint(is_v0: bool) -> &'static str {
    match is_v0 {
        true => "; agents to 3.28 take it, and --rego-v0 reads it as they do",
        false => "",
    }
}

/// The engine's error, of several lines, as where and what: after an arrow and the file come
/// the line and the column, and what is wrong after `error:`.
fn not_taken(error: String, is_v0: bool) -> JudgeError {
    let arrow = format!("--> {FILE}:");
    let at = error.split_once(&arrow).and_then(|(_, rest)| {
        let mut numbers = rest.lines().next()?.split(':');
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    });
    let what = match error.rsplit_once("error: ") {
        Some((_, what)) => what,
        None => error.as_str(),
    };
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    JudgeError::NotTaken {
        at,
        what,
        error,
        is_v0,
    }
}

/// A policy that can be asked.
#[derive(Debug)]
pub struct Judge {
    /// What runs [`crate::work`].
    program: fn() -> io::Result<Command>,
    timeout: Duration,
    policy: Option<Policy>,
    process: Option<Process>,
}

/// What another process is given to go on.
#[derive(Debug)]
struct Policy {
    text: String,
    rego: Rego,
    state: Option<String>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// How many bytes of questions may be on the way beside another one. Writing them does not
    /// wait for the process, which may wait for an answer to be read.
    ahead: usize,
}

impl Judge {
    /// Asks by processes that `program` makes, each answer within `timeout`.
    pub fn new(program: fn() -> io::Result<Command>, timeout: Duration) -> Self {
        Self {
            program,
            timeout,
            policy: None,
            process: None,
        }
    }

    /// Takes a policy in place of the one before, and forgets its state. Gives whether requests
    /// that the policy fails to decide are allowed.
    ///
    /// # Errors
    /// When an agent would not take it; there is no policy then.
    pub fn set_policy(&mut self, text: &str, rego: Rego) -> Result<bool, JudgeError> {
        self.policy = None;
        let question = Question::Policy {
            text: text.to_owned(),
            rego,
            state: None,
        };
        match self.ask(&question)? {
            Answer::Taken { allow_failures } => {
                self.policy = Some(Policy {
                    text: text.to_owned(),
                    rego,
                    state: None,
                });
                Ok(allow_failures)
            }
            Answer::NotTaken { error, is_v0 } => Err(not_taken(error, is_v0)),
            other => Err(unexpected(&other)),
        }
    }

    /// Whether the request is allowed that has this JSON; the policy may change its state.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn allow(&mut self, rule: &str, input: &RawValue) -> Result<Verdict, JudgeError> {
        self.verdict(rule, input, true)
    }

    /// Whether the request would be allowed; the policy's state stays as it is.
    ///
    /// # Errors
    /// When the policy does not come to an answer.
    pub fn would_allow(&mut self, rule: &str, input: &RawValue) -> Result<Verdict, JudgeError> {
        self.verdict(rule, input, false)
    }

    /// Asks about one request after the other, and gives `each` what comes of it. Several are on
    /// the way at once, so that the process need not wait for the next one. The first error is
    /// the last that `each` is given.
    ///
    /// # Errors
    /// What `each` gives, after which nothing more is asked.
    pub fn allow_each<'a, E>(
        &mut self,
        requests: impl IntoIterator<Item = (&'a str, &'a RawValue)>,
        each: impl FnMut(Result<Verdict, JudgeError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let requests = requests.into_iter();
        let lines = requests.map(|(rule, input)| question_about(rule, input, true));
        self.verdicts(lines, each)
    }

    /// Asks whether requests of one rule would be allowed, as [`Judge::allow_each`] does; the
    /// policy's state stays as it is.
    ///
    /// # Errors
    /// What `each` gives, after which nothing more is asked.
    pub fn would_allow_each<E>(
        &mut self,
        rule: &str,
        inputs: impl IntoIterator<Item = Box<RawValue>>,
        each: impl FnMut(Result<Verdict, JudgeError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let inputs = inputs.into_iter();
        let lines = inputs.map(|input| question_about(rule, &input, false));
        self.verdicts(lines, each)
    }

    /// Why a request is not allowed, the shortest reason first. The state is that before it.
    ///
    /// # Errors
    /// When the policy cannot be evaluated.
    pub fn why(&mut self, rule: &str, input: &RawValue) -> Result<Vec<Reason>, JudgeError> {
        let question = Question::Why {
            rule: rule.to_owned(),
            input,
        };
        match self.ask(&question)? {
            Answer::Why(reasons) => Ok(reasons),
            other => Err(unexpected(&other)),
        }
    }

    /// What it tells of the policy that it printed from these lines, in this order.
    ///
    /// # Errors
    /// When the policy cannot be read for it.
    pub fn stops(&mut self, lines: Vec<u32>) -> Result<Stops, JudgeError> {
        match self.ask(&Question::Stops { lines })? {
            Answer::Stops(stops) => Ok(stops),
            other => Err(unexpected(&other)),
        }
    }

    /// The values that stand in the policy and in its state.
    ///
    /// # Errors
    /// When the policy cannot be read for it.
    pub(crate) fn constants(&mut self) -> Result<Constants, JudgeError> {
        match self.ask(&Question::Constants)? {
            Answer::Constants(constants) => Ok(constants),
            other => Err(unexpected(&other)),
        }
    }

    fn verdict(&mut self, rule: &str, input: &RawValue, keep: bool) -> Result<Verdict, JudgeError> {
        let mut found = Err(JudgeError::Ended("no answer".to_owned()));
        let line = question_about(rule, input, keep);
        self.verdicts([line].into_iter(), |verdict| {
            found = verdict;
            Ok::<(), JudgeError>(())
        })?;
        found
    }

    /// Puts questions about requests to the process, and keeps the state that each leaves.
    fn verdicts<E>(
        &mut self,
        lines: impl Iterator<Item = Vec<u8>>,
        mut each: impl FnMut(Result<Verdict, JudgeError>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.ask_each(lines, |policy, answer| {
            each(answer.and_then(|answer| match answer {
                Answer::Verdict { verdict, state } => {
                    if let (Some(policy), Some(state)) = (policy, state) {
                        policy.state = Some(state);
                    }
                    Ok(verdict)
                }
                other => Err(unexpected(&other)),
            }))
        })
    }

    /// Puts a question to the process.
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, JudgeError> {
        let mut found = Err(JudgeError::Ended("no answer".to_owned()));
        self.ask_each([line_of(question)].into_iter(), |_, answer| {
            found = answer;
            Ok::<(), JudgeError>(())
        })?;
        found
    }

    /// Puts questions to the process, or to another one where that has ended, and gives `each`
    /// the answers until one fails. A process that owes an answer then is not asked again: a late
    /// one would be taken for that of the next question.
    fn ask_each<E>(
        &mut self,
        lines: impl Iterator<Item = Vec<u8>>,
        mut each: impl FnMut(Option<&mut Policy>, Result<Answer, JudgeError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return Ok(());
        }
        let running = self.process.take().filter(|process| !process.has_ended());
        let mut process = match running.map_or_else(|| self.start(), Ok) {
            Ok(process) => process,
            Err(error) => return each(None, Err(error)),
        };
        let mut lengths = VecDeque::new();
        let mut on_the_way = 0;
        loop {
            while let Some(line) =
                lines.next_if(|line| on_the_way == 0 || on_the_way + line.len() <= process.ahead)
            {
                process.send(&line);
                on_the_way += line.len();
                lengths.push_back(line.len());
            }
            let Some(answered) = lengths.pop_front() else {
                self.process = Some(process);
                return Ok(());
            };
            let answer = process.answer(self.timeout);
            on_the_way -= answered;
            let has_failed = answer.is_err();
            each(self.policy.as_mut(), answer)?;
            if has_failed {
                return Ok(());
            }
        }
    }

    /// A process that has the policy, as far as there is one.
    fn start(&self) -> Result<Process, JudgeError> {
        let mut process = Process::start(self.program)?;
        process.answer(START.max(self.timeout))?;
        if let Some(policy) = &self.policy {
            process.send(&line_of(&Question::Policy {
                text: policy.text.clone(),
                rego: policy.rego,
                state: policy.state.clone(),
            }));
            match process.answer(self.timeout)? {
                Answer::Taken { .. } => {}
                other => return Err(unexpected(&other)),
            }
        }
        Ok(process)
    }
}

/// A question about a request, as a line.
fn question_about(rule: &str, input: &RawValue, keep: bool) -> Vec<u8> {
    line_of(&Question::Allow {
        rule: rule.to_owned(),
        input,
        keep,
    })
}

/// A question as it is sent. Strings, numbers and what was read as JSON can be written as such.
fn line_of(question: &Question<'_>) -> Vec<u8> {
    let mut line = serde_json::to_vec(question).unwrap_or_default();
    line.push(b'\n');
    line
}

fn unexpected(answer: &Answer) -> JudgeError {
    match answer {
        Answer::Cannot(error) => JudgeError::Cannot(error.clone()),
        other => JudgeError::Ended(format!("an answer to another question: {other:?}")),
    }
}

impl Process {
    fn start(program: fn() -> io::Result<Command>) -> io::Result<Self> {
        let mut child = program()?
            // A backtrace would be in the errors.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("no pipe to the process");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        // A quarter of the pipe: lines that do not fill its pages take up to twice their room.
        let room = fcntl(&stdin, FcntlArg::F_GETPIPE_SZ)?;
        Ok(Self {
            ahead: usize::try_from(room).unwrap_or_default() / 4,
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    /// Whether it has ended before it was asked, as one that another program ended.
    fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(
            self.stdout.get_ref().as_fd(),
            PollFlags::empty(),
        )];
        poll(&mut fds, PollTimeout::ZERO) != Ok(0)
    }

    /// Sends a question. That the process has ended shows when its answer is read.
    fn send(&mut self, line: &[u8]) {
        let _ = self.stdin.write_all(line);
    }

    /// The answer to the question that was sent first of those without one. The time begins now:
    /// that question was put, and the answer before it given, no later than that.
    fn answer(&mut self, timeout: Duration) -> Result<Answer, JudgeError> {
        let deadline = Instant::now() + timeout;
        let mut line = Vec::new();
        loop {
            if self.stdout.buffer().is_empty() && !self.is_readable(deadline)? {
                return Err(JudgeError::Timeout(timeout));
            }
            let read = self.stdout.fill_buf()?;
            if read.is_empty() {
                return Err(self.end());
            }
            let end = read.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(read.len(), |end| end + 1);
            line.extend_from_slice(read.get(..taken).unwrap_or_default());
            self.stdout.consume(taken);
            if end.is_some() {
                let answer = serde_json::from_slice(&line);
                return answer.map_err(|error| JudgeError::Ended(error.to_string()));
            }
        }
    }

    /// Waits until there is something to read, or the deadline has passed.
    fn is_readable(&self, deadline: Instant) -> io::Result<bool> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // Rounded up, so that a wait of less than a millisecond is one.
            let left = left + Duration::from_micros(999);
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(
                self.stdout.get_ref().as_fd(),
                PollFlags::POLLIN,
            )];
            match poll(&mut fds, left) {
                Ok(0) if Instant::now() >= deadline => return Ok(false),
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Why the process has ended.
    fn end(&mut self) -> JudgeError {
        let status = self.child.wait();
        let mut said = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.take(4096).read_to_string(&mut said);
        }
        if said.contains("overflowed its stack") {
            return JudgeError::Stack;
        }
        if said.contains("memory allocation of") {
            return JudgeError::Memory;
        }
        let first = said.lines().find(|line| !line.trim().is_empty());
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        JudgeError::Ended(match first {
            Some(line) => format!("{status}: {line}"),
            None => status,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
