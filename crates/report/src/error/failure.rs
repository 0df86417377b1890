//! How a failed command is shown: as a line for a person or as a JSON object for
//! a script. What the agent said is made safe here.

use serde_json::json;

use super::{Error, Kind};
use agent_client::Status;
use agent_schema::json::string::escape_unprintable;
use agent_text::escape;

/// How much of a message is shown, in characters.
const LONGEST_MESSAGE: usize = 2000;

/// How errors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorFormat {
    /// One line for a person.
    #[default]
    Text,
    /// One JSON object on a line of its own.
    Json,
}

/// An error with the command that it ended.
#[derive(Debug)]
pub struct Failure {
    /// The place in a script, if it is from one.
    pub place: Option<String>,
    /// The command's name.
    pub command: Option<String>,
    /// What went wrong. Boxed, as a failure is rare and its error large.
    pub error: Box<Error>,
    /// The exit status, where it is not that of the error's kind.
    pub exit_status: u8,
}

impl Failure {
    /// A failure that ends with the exit status of the error's kind.
    pub fn new(command: Option<String>, error: Error) -> Self {
        let exit_status = error.kind().exit_status();
        Self {
            place: None,
            command,
            error: Box::new(error),
            exit_status,
        }
    }

    /// The same failure at a place in a script.
    pub fn at(self, place: Option<String>) -> Self {
        Self { place, ..self }
    }

    /// Shows it by `say`, unless nobody is to be told.
    pub fn show(&self, format: ErrorFormat, verbose: bool, say: impl FnOnce(String)) {
        if self.error.kind() != Kind::ReaderGone {
            say(self.render(format, verbose));
        }
    }

    /// One line, or as many as an agent's message has when `verbose`.
    pub fn render(&self, format: ErrorFormat, verbose: bool) -> String {
        match format {
            ErrorFormat::Text => {
                let parts = [self.place.as_deref(), self.command.as_deref()];
                let parts = parts.into_iter().flatten().map(escape::line);
                let context = parts.map(|part| format!("{part}: "));
                format!(
                    "error: {}{}",
                    context.collect::<String>(),
                    self.message(verbose)
                )
            }
            ErrorFormat::Json => self.json(verbose),
        }
    }

    fn message(&self, verbose: bool) -> String {
        match self.error.status() {
            Some(status) => {
                let said = said(status, verbose);
                let colon = if said.is_empty() { "" } else { ": " };
                // Further lines must not pass for the tool's own.
                let said = said.replace('\n', "\n  ");
                let Error { message, hint, .. } = self.error.as_ref();
                let mut text =
                    format!("{message}the agent answered code: {status}{colon}{said}{hint}");
                for detail in self.error.details.iter().filter(|_| verbose) {
                    text.push_str("\n  detail: ");
                    text.push_str(&escape_unprintable(detail));
                }
                text
            }
            None => escape::first_line(&self.error.to_string(), LONGEST_MESSAGE),
        }
    }

    fn json(&self, verbose: bool) -> String {
        let status = self.error.status();
        let message = match status {
            Some(status) => format!("{}{}", self.error.message, said(status, verbose)),
            None => self.message(verbose),
        };
        // Apart from the agent's words, which scripts compare.
        let hint = self.error.hint.trim_start_matches([';', ' ']);
        let hint = status.and(Some(hint)).filter(|hint| !hint.is_empty());
        let hint = hint.map(|hint| ("hint", json!(hint).to_string()));
        let details = format!("[{}]", self.error.details.join(","));
        let members = [
            ("kind", json!(self.error.kind().name()).to_string()),
            ("message", json!(message).to_string()),
            ("command", json!(self.command).to_string()),
            ("path", json!(self.error.path).to_string()),
            ("code", json!(status.map(|status| status.code)).to_string()),
            (
                "code_name",
                json!(status.and_then(Status::name)).to_string(),
            ),
            ("details", details),
            ("exit_status", self.exit_status.to_string()),
        ];
        let place = self
            .place
            .iter()
            .map(|place| ("place", json!(place).to_string()));
        let members = members.into_iter().chain(hint).chain(place);
        let members: Vec<_> = members
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        escape_unprintable(&format!("{{{}}}", members.join(",")))
    }
}

/// What the agent said, made safe to show: all of it, or the first line.
fn said(status: &Status, verbose: bool) -> String {
    match verbose {
        true => escape::lines(&status.message).into_owned(),
        false => escape::first_line(&status.message, LONGEST_MESSAGE),
    }
}
