//! The prompt: commands typed on a terminal, or lines piped in, run one by one
//! until the end. What a command means and how it runs is the session's; here
//! is where it comes from.

mod editor;
mod gather;
mod helper;
mod history;
mod line;

use std::io::{self, IsTerminal};

use crate::cli;
use crate::error::{Error, Failure};
use crate::input::{InputError, Inputs};
use crate::interrupt;
use crate::log::{Level, Logger};
use crate::schema::Schema;
use crate::session::{Command, Session, Turn};
use agent_text::NotText;
use editor::Editor;
use gather::Gatherer;
use line::Lines;

/// What stands before each command.
const PROMPT: &str = "kata-agent> ";

/// The exit status of a run that was asked to end.
const INTERRUPTED: u8 = 130;

/// What came from where commands are typed.
enum Typed {
    /// One or more lines.
    Text(String),
    /// A line that is not UTF-8.
    NotText {
        /// Where; at a terminal the line is forgotten.
        error: Option<NotText>,
    },
    /// The line was given up.
    Abandoned,
    /// There is no more.
    End,
}

/// Where commands are typed.
enum Source {
    /// A terminal.
    Terminal(Box<Editor>),
    /// Anything else, or a terminal that cannot move its cursor.
    Lines(Lines),
}

impl Source {
    fn next(&mut self) -> Result<Typed, io::Error> {
        match self {
            Source::Terminal(editor) => editor.next(),
            Source::Lines(lines) => lines.next(),
        }
    }

    /// Asks something that only `yes` agrees to.
    fn asks(&mut self, question: &str) -> bool {
        let answer = match self {
            Source::Terminal(editor) => editor.ask(question),
            Source::Lines(lines) => lines.ask(question),
        };
        matches!(answer, Ok(Typed::Text(text)) if text.trim() == "yes")
    }
}

/// A session at the prompt.
pub(crate) struct Prompt {
    schema: &'static Schema,
    session: Session,
    inputs: Inputs,
    logger: Logger,
    is_terminal: bool,
}

impl Prompt {
    /// A prompt that has not been shown yet.
    pub(crate) fn new(
        schema: &'static Schema,
        session: Session,
        inputs: Inputs,
        logger: Logger,
    ) -> Self {
        Self {
            schema,
            session,
            inputs,
            logger,
            is_terminal: io::stdin().is_terminal(),
        }
    }

    /// Runs the commands that were given beforehand, then what is typed, and gives
    /// the exit status.
    pub(crate) fn run(mut self, commands: &[Command]) -> u8 {
        for command in commands {
            let turn = self.session.turn(command);
            if let Some(exit_status) = self.ends(turn) {
                return exit_status;
            }
            // Ctrl-C is meant for all of them.
            if turn == Turn::Interrupted {
                break;
            }
        }
        let mut source = self.source();
        if self.is_terminal {
            self.logger.say(format_args!(
                "kata-agent-ctl {}: \"help\" shows what can be typed, and \"quit\" ends",
                cli::VERSION
            ));
        }
        let mut gatherer = match self.is_terminal {
            true => Gatherer::typed(self.schema),
            false => Gatherer::piped(self.schema),
        };
        loop {
            if self.is_terminal && !interrupt::is_terminated() {
                // Ctrl-C after an answer is for no command.
                interrupt::clear();
            }
            let ends = match source.next() {
                Ok(Typed::Text(text)) => self.commands(gatherer.text(&text), &mut source),
                Ok(Typed::NotText { error }) => {
                    let name = "-".to_owned();
                    let error = match error {
                        Some(error) => InputError::NotText { name, error }.into(),
                        None => Error::usage("a key that was typed is not UTF-8 text"),
                    };
                    gatherer.abandon();
                    self.session.refuse(&Failure::new(None, error));
                    self.refused();
                    None
                }
                Ok(Typed::Abandoned) if interrupt::is_terminated() || !self.is_terminal => {
                    self.session
                        .refuse(&Failure::new(None, interrupt::Interrupted.into()));
                    Some(INTERRUPTED)
                }
                Ok(Typed::Abandoned) => {
                    gatherer.abandon();
                    None
                }
                Ok(Typed::End) => {
                    let last = gatherer.end();
                    let ends = self.commands(last, &mut source);
                    if ends.is_none() && !self.is_terminal {
                        self.session.ended();
                    }
                    Some(ends.unwrap_or_else(|| self.exit_status()))
                }
                Err(error) => {
                    self.session.refuse(&line::failure(&error));
                    Some(self.session.exit_status())
                }
            };
            if let Some(exit_status) = ends {
                return exit_status;
            }
        }
    }

    /// Runs commands; the exit status if one of them is the last one.
    fn commands(&mut self, commands: Vec<String>, source: &mut Source) -> Option<u8> {
        // Nobody is there to be asked elsewhere.
        let is_terminal = self.is_terminal;
        let mut confirms = |harm: &str| {
            let question = format!("{harm}; type yes to send it all the same: ");
            !is_terminal || source.asks(&question)
        };
        commands.into_iter().find_map(|command| {
            let turn = self
                .session
                .typed(&command, &mut self.inputs, &mut confirms);
            if turn == Turn::Refused {
                self.refused();
            }
            self.ends(turn)
        })
    }

    /// After a command that was wrong: a person types it again, and a `repeat` before
    /// it still stands; in lines that nobody types it was for that command.
    fn refused(&mut self) {
        if !self.is_terminal {
            self.session.forget_repeat();
        }
    }

    /// The exit status, if the prompt ends with this turn.
    fn ends(&self, turn: Turn) -> Option<u8> {
        match turn {
            Turn::Next | Turn::Refused => None,
            Turn::Interrupted if self.is_terminal && !interrupt::is_terminated() => {
                interrupt::clear();
                None
            }
            Turn::Interrupted => Some(INTERRUPTED),
            Turn::Quit => Some(self.exit_status()),
            Turn::Closed(exit_status) => Some(exit_status),
        }
    }

    /// A person has seen what failed; a script asks for it at the end.
    fn exit_status(&self) -> u8 {
        match self.is_terminal {
            true => 0,
            false => self.session.exit_status(),
        }
    }

    fn source(&self) -> Source {
        if !self.is_terminal {
            return Source::Lines(Lines::piped());
        }
        if line::is_dumb_terminal() {
            return Source::Lines(Lines::with_prompt(PROMPT));
        }
        match Editor::new(self.schema, PROMPT, self.logger) {
            Ok(editor) => Source::Terminal(Box::new(editor)),
            Err(error) => {
                let reason = crate::input::reason(&error);
                let text = format_args!("no line editing: {reason}");
                self.logger.log(Level::Warn, text);
                Source::Lines(Lines::with_prompt(PROMPT))
            }
        }
    }
}
