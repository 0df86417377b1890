//! Runs against an agent that the test states, with all that is printed and shown in the
//! order in which it came.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot do its work has failed"
)]

mod agent;
mod answers;
mod connection;
mod observers;
mod preparing;
mod running;
mod series;
mod skew;
mod streams;
mod values;

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use super::Source;
use super::messages::Messages;
use super::prepare::prepare;
use super::{CallOptions, Observers, Options, Output, PrintOptions, Session, Settings};
use crate::builtin::Times;
use agent::Agent;
use agent_client::ConnectOptions;
use agent_report::error::ErrorFormat;
use agent_report::log::{Level, Logger};
use agent_request::RequestOptions;
use agent_request::input::Inputs;
use agent_schema::Schema;
use agent_schema::printer::Format;

/// What stands before each line of standard output in what came of a run.
const PRINTED: &str = "| ";

/// How a run is made: lines of JSON, no values of its own, and only what every run shows.
struct Run {
    schema: &'static Schema,
    options: Options,
    level: Level,
    /// Standard input, where it is there for messages.
    input: Option<&'static str>,
    /// What happens before something is printed.
    before_printing: Box<dyn FnMut() + Send>,
}

/// What came of a run.
struct Outcome {
    exit_status: u8,
    /// Lines of standard output and standard error, in order, without the times in them.
    lines: Vec<String>,
}

impl Outcome {
    /// What was printed.
    fn printed(&self) -> Vec<&str> {
        let lines = self.lines.iter();
        lines.filter_map(|it| it.strip_prefix(PRINTED)).collect()
    }

    /// What was shown on standard error.
    fn shown(&self) -> Vec<&str> {
        let lines = self.lines.iter().map(String::as_str);
        lines.filter(|it| !it.starts_with(PRINTED)).collect()
    }
}

impl Run {
    /// A run that calls this agent.
    fn of(agent: &Agent) -> Self {
        Run {
            schema: agent_api::schema(),
            options: Options {
                settings: Settings {
                    calls: CallOptions {
                        address: Some(agent.address()),
                        connect: ConnectOptions::default(),
                        timeout: None,
                        metadata: Vec::new(),
                    },
                    requests: RequestOptions {
                        automatic: false,
                        ..RequestOptions::default()
                    },
                    printing: PrintOptions {
                        format: Format::Jsonl,
                        emit_defaults: false,
                    },
                    dry_run: false,
                },
                repeat: Times::Count(1),
                ignore_errors: false,
                prompt: false,
                verbose: false,
                error_format: ErrorFormat::Text,
            },
            level: Level::Warn,
            input: None,
            before_printing: Box::new(|| {}),
        }
    }

    /// The same run with other options.
    fn with(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Checks and runs these commands.
    fn commands(self, commands: &[&str]) -> Outcome {
        let command = |text: &&str| Source::Command((*text).to_owned());
        self.sources(&commands.iter().map(command).collect::<Vec<_>>())
    }

    /// Checks and runs commands and scripts.
    fn sources(self, sources: &[Source]) -> Outcome {
        let settings = self.options.settings.clone();
        match prepare(self.schema, sources, settings, &mut Inputs::default()) {
            Ok(commands) => self.session(|session| session.run(&commands)),
            Err(failure) => Outcome {
                exit_status: failure.exit_status,
                lines: vec![failure.render(ErrorFormat::Text, false)],
            },
        }
    }

    /// Does this with a session, and gives what came of it.
    fn session(mut self, act: impl FnOnce(&mut Session) -> u8) -> Outcome {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&lines);
        // A logger lasts as long as the program.
        let write = Box::leak(Box::new(move |text: &str| {
            let texts = text.lines().map(without_time);
            shown.lock().unwrap().extend(texts);
        }));
        let logger = Logger::writing(self.level, write);
        let observers = Observers::new(self.schema, self.options.verbose, logger);
        let mut session = Session::new(self.schema, self.options, observers, logger, false);
        if let Some(input) = self.input {
            session.messages = Messages::of(Cursor::new(input));
        }
        let printed = Arc::clone(&lines);
        session.output = Output::writing(move |bytes| {
            (self.before_printing)();
            let text = std::str::from_utf8(bytes).unwrap();
            let texts = text.lines().map(|line| format!("{PRINTED}{line}"));
            printed.lock().unwrap().extend(texts);
            Ok(())
        });
        let exit_status = act(&mut session);
        let lines = lines.lock().unwrap().clone();
        Outcome { exit_status, lines }
    }
}

/// A line up to the time that a call took.
fn without_time(line: &str) -> String {
    let end = line.find(" time=").or_else(|| match line.get(..2) {
        Some("< ") => line.find(" in "),
        _ => None,
    });
    line[..end.unwrap_or(line.len())].to_owned()
}
