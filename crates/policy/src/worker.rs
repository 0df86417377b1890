//! The process that policies are evaluated in. A policy may need endless time, all memory, or
//! a deeper stack than there is, and the engine's own limits do not reach all of that; here it
//! takes with it nothing but this process.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;

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
    let (sender, questions) = mpsc::channel();
    // A thread of its own, whose stack is as deep as it is meant to be.
    let engine = thread::Builder::new()
        .name("policy".to_owned())
        .stack_size(MAX_STACK)
        .spawn(move || answer_all(&questions))?;
    // This thread goes on reading whatever the engine does: when whoever asks has gone, so has
    // the process.
    for line in io::stdin().lock().lines() {
        if sender.send(line?).is_err() {
            break;
        }
    }
    if engine.is_finished() {
        return engine.join().unwrap_or(Ok(()));
    }
    std::process::exit(0)
}

fn answer_all(questions: &Receiver<String>) -> io::Result<()> {
    let mut desk = Desk::default();
    let mut stdout = io::stdout().lock();
    write(&mut stdout, &Answer::Ready)?;
    for line in questions {
        let answer = match serde_json::from_str(&line) {
            Ok(question) => desk.answer(question),
            Err(error) => Answer::Cannot(format!("not a question: {error}")),
        };
        write(&mut stdout, &answer)?;
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
    text: String,
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
        }
    }

    fn take(&mut self, text: String, rego: Rego, state: Option<String>) -> Answer {
        self.tracer = None;
        self.text.clone_from(&text);
        self.rego = rego;
        let engine = match &mut self.engine {
            Some(engine) if engine.rego() == rego => engine,
            none => none.insert(Engine::new(rego)),
        };
        let taken = engine.set_policy(text);
        let taken = taken.and_then(|()| state.map_or(Ok(()), |state| engine.set_state(&state)));
        match taken {
            Ok(()) => Answer::Taken {
                allow_failures: engine.allows_failures(),
            },
            Err(error) => Answer::NotTaken {
                error,
                is_v0: rego == Rego::V1 && engine::parses(&self.text, Rego::V0),
            },
        }
    }

    fn why(&mut self, rule: &str, input: &str) -> Result<Vec<crate::Reason>, String> {
        let engine = self.engine.as_ref().ok_or("there is no policy")?;
        let state = engine.state();
        self.tracer()?.why(rule, input, &state)
    }

    fn tracer(&mut self) -> Result<&mut Tracer, String> {
        Ok(match &mut self.tracer {
            Some(tracer) => tracer,
            none => none.insert(Tracer::new(&self.text, self.rego)?),
        })
    }
}
