//! The process that policies are evaluated in. A policy may need endless time, all memory, or
//! a deeper stack than there is, and the engine's own limits do not reach all of that; here it
//! takes with it nothing but this process.

use std::io::{self, BufRead, Write};
use std::os::fd::AsFd as _;
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};

use crate::engine::{self, Engine, Rego};
use crate::protocol::{Answer, Question};
use crate::trace::Tracer;

/// How much memory a policy and its evaluation may take, in bytes.
const MAX_MEMORY: u64 = 3 << 30;
/// How deep the engine may go, in bytes of stack: eight times what an agent gives it.
const MAX_STACK: usize = 16 << 20;

/// Answers questions from standard input until it ends. This is the whole of a process that
/// [`crate::Judge`] starts.
///
/// # Errors
/// When the limits cannot be set, or an answer cannot be written.
pub fn work() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_AS, MAX_MEMORY, MAX_MEMORY)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    thread::Builder::new()
        .name("hangup".to_owned())
        .spawn(end_with_asker)?;
    // A thread of its own, whose stack is as deep as it is meant to be.
    let engine = thread::Builder::new()
        .name("policy".to_owned())
        .stack_size(MAX_STACK)
        .spawn(answer_all)?;
    let ended = engine.join();
    ended.unwrap_or_else(|_| Err(io::Error::other("the engine panicked")))
}

/// Waits for whoever asks to go, and ends the process then, whatever the engine does.
fn end_with_asker() {
    let stdin = io::stdin();
    loop {
        // Only that the other end was closed is waited for, not what comes from it.
        let mut fds = [PollFd::new(stdin.as_fd(), PollFlags::empty())];
        match poll(&mut fds, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            _ => std::process::exit(0),
        }
    }
}

fn answer_all() -> io::Result<()> {
    let mut desk = Desk::default();
    let mut stdout = io::stdout().lock();
    write(&mut stdout, &Answer::Ready)?;
    let mut stdin = io::stdin().lock();
    let mut line = Vec::new();
    while stdin.read_until(b'\n', &mut line)? > 0 {
        let answer = match serde_json::from_slice(&line) {
            Ok(question) => desk.answer(question),
            Err(error) => Answer::Cannot(format!("not a question: {error}")),
        };
        write(&mut stdout, &answer)?;
        line.clear();
    }
    Ok(())
}

fn write(out: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// The engine, and what it was given.
#[derive(Default)]
struct Desk {
    engine: Option<Engine>,
    /// The policy, unless it was not taken.
    text: Option<String>,
    rego: Rego,
    tracer: Option<Tracer>,
}

impl Desk {
    fn answer(&mut self, question: Question<'_>) -> Answer {
        match question {
            Question::Policy { text, rego, state } => self.take(text, rego, state),
            Question::Allow { rule, input, keep } => {
                let engine = self.engine.get_or_insert_with(|| Engine::new(Rego::V1));
                let (verdict, has_changed) = engine.allow(&rule, input.get(), keep);
                let state = has_changed.then(|| engine.state());
                Answer::Verdict { verdict, state }
            }
            Question::Why { rule, input } => match self.why(&rule, input.get()) {
                Ok(reasons) => Answer::Why(reasons),
                Err(error) => Answer::Cannot(error),
            },
            Question::Stops { lines } => match self.tracer() {
                Ok(tracer) => Answer::Stops(tracer.stops(&lines)),
                Err(error) => Answer::Cannot(error),
            },
            Question::Constants => {
                let state = self.engine.as_ref().map(Engine::state);
                let state = serde_json::from_str(&state.unwrap_or_default()).unwrap_or_default();
                match self.tracer() {
                    Ok(tracer) => Answer::Constants(tracer.constants(&state)),
                    Err(error) => Answer::Cannot(error),
                }
            }
        }
    }

    fn take(&mut self, text: String, rego: Rego, state: Option<String>) -> Answer {
        self.tracer = None;
        self.text = None;
        self.rego = rego;
        let engine = match &mut self.engine {
            Some(engine) if engine.rego() == rego => engine,
            none => none.insert(Engine::new(rego)),
        };
        let taken = engine.set_policy(text.clone());
        let taken = taken.and_then(|()| state.map_or(Ok(()), |state| engine.set_state(&state)));
        match taken {
            Ok(()) => {
                self.text = Some(text);
                Answer::Taken {
                    allow_failures: engine.allows_failures(),
                }
            }
            Err(error) => Answer::NotTaken {
                error,
                is_v0: rego == Rego::V1 && engine::parses(&text, Rego::V0),
            },
        }
    }

    fn why(&mut self, rule: &str, input: &str) -> Result<Vec<crate::Reason>, String> {
        let engine = self.engine.as_ref().ok_or("there is no policy")?;
        let state = engine.state();
        if self.text.is_none() {
            return Ok(vec![crate::Reason::no_rule(rule)]);
        }
        self.tracer()?.why(rule, input, &state)
    }

    fn tracer(&mut self) -> Result<&mut Tracer, String> {
        Ok(match &mut self.tracer {
            Some(tracer) => tracer,
            none => {
                let text = self.text.as_ref().ok_or("there is no policy")?;
                none.insert(Tracer::new(text, self.rego)?)
            }
        })
    }
}
