//! From lines to commands: JSON or a quote that is not closed goes on in the next
//! line. An empty line typed there gives up waiting, and the command is taken as it
//! is; in a paste or a pipe, where nobody waits, it is a part of the command. In a
//! pipe a quote ends at its line: one that was forgotten must not take what follows.

use crate::builtin::BuiltIn;
use crate::command::{self, ArgumentsError, Hash, Open, WordsError};
use crate::request::RequestDialect;
use crate::schema::path;
use crate::schema::{Schema, Type, lookup};

/// Puts lines together.
pub(super) struct Gatherer {
    schema: &'static Schema,
    /// The lines of a command that is not complete.
    pending: Option<String>,
    /// Whether a line that is typed empty gives up what is pending.
    is_typed: bool,
}

impl Gatherer {
    /// A gatherer of lines that a person types or pastes.
    pub(super) fn typed(schema: &'static Schema) -> Self {
        Self {
            schema,
            pending: None,
            is_typed: true,
        }
    }

    /// A gatherer of lines that nobody types.
    pub(super) fn piped(schema: &'static Schema) -> Self {
        Self {
            is_typed: false,
            ..Self::typed(schema)
        }
    }

    /// Adds one or more lines, and gives the commands that they complete. Only an
    /// empty line at their end was typed as one: what came before it is edited, or
    /// was pasted at once.
    pub(super) fn text(&mut self, text: &str) -> Vec<String> {
        let mut lines = text.split('\n').peekable();
        let mut commands = Vec::new();
        while let Some(line) = lines.next() {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let gives_up = self.is_typed && lines.peek().is_none();
            commands.extend(self.line(line, gives_up));
        }
        commands
    }

    fn line(&mut self, line: &str, gives_up: bool) -> Option<String> {
        let text = match self.pending.take() {
            Some(pending) if gives_up && line.trim().is_empty() => return Some(pending),
            Some(pending) => format!("{pending}\n{line}"),
            None => line.to_owned(),
        };
        let open = open(self.schema, &text);
        if open == Some(Kind::Json) || (open == Some(Kind::Quote) && self.is_typed) {
            self.pending = Some(text);
            return None;
        }
        Some(text)
    }

    /// Whether the last line goes on.
    pub(super) fn is_waiting(&self) -> bool {
        self.pending.is_some()
    }

    /// Forgets what is not complete.
    pub(super) fn abandon(&mut self) {
        self.pending = None;
    }

    /// What is left when no more lines come.
    pub(super) fn end(&mut self) -> Vec<String> {
        self.pending.take().into_iter().collect()
    }
}

/// What has begun in a command.
#[derive(PartialEq)]
enum Kind {
    Json,
    Quote,
}

/// What a command lacks the end of.
fn open(schema: &'static Schema, text: &str) -> Option<Kind> {
    let (name, end) = command::name(text);
    if name.starts_with('#') {
        return None;
    }
    let quote = |error: &WordsError| {
        matches!(error, WordsError::UnclosedQuote { .. }).then_some(Kind::Quote)
    };
    if BuiltIn::find(name).is_some() {
        let words = command::split_plain(text, end, Hash::Comment);
        return words.err().as_ref().and_then(quote);
    }
    match command::typed(text, end).open? {
        Open::Quote => Some(Kind::Quote),
        Open::Document => Some(Kind::Json),
        Open::Value(path) if takes_json(schema, name, &path) => Some(Kind::Json),
        Open::Value(_) => match command::arguments(text, end, Hash::Comment) {
            Err(ArgumentsError::Words(error)) => quote(&error),
            _ => None,
        },
    }
}

/// Whether a value that begins like JSON must be JSON there. What is not known
/// counts as if it must: then the whole of it belongs to one mistake.
fn takes_json(schema: &'static Schema, name: &str, path: &str) -> bool {
    let Ok(rpc) = lookup::rpc(schema, name) else {
        return true;
    };
    let Ok(target) = path::resolve(rpc.request, &RequestDialect::of(schema, rpc), path) else {
        return true;
    };
    matches!(target.last().field.ty, Type::Message(_)) || target.last().is_many()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(lines: &[&str]) -> (Vec<String>, bool) {
        let mut gatherer = Gatherer::typed(crate::schema());
        let commands = lines.iter().flat_map(|line| gatherer.text(line)).collect();
        (commands, gatherer.is_waiting())
    }

    #[track_caller]
    fn complete(lines: &[&str], expected: &[&str]) {
        let expected = expected.iter().map(ToString::to_string).collect();
        assert_eq!(commands(lines), (expected, false));
    }

    #[test]
    fn a_line_is_a_command() {
        complete(&["Check", "Version\r", ""], &["Check", "Version", ""]);
        complete(&["Check\nVersion"], &["Check", "Version"]);
        complete(&["# it's {"], &["# it's {"]);
        complete(&["Check service=a'b'"], &["Check service=a'b'"]);
    }

    #[test]
    fn what_is_open_goes_on() {
        for lines in [
            &[r#"CreateSandbox json://{"#, r#""hostname": "a""#, "}"][..],
            &[r#"CreateSandbox storages={"driver":"#, r#""blk"}"#],
            &["CreateSandbox dns=[", "]"],
            &["CreateSandbox hostname='a", "b'"],
            &["echo \"a", "b\""],
            &["NoSuchCall json://{", "}"],
            &["CreateSandbox nosuch={", "}"],
        ] {
            complete(lines, &[&lines.join("\n")]);
        }
    }

    #[test]
    fn what_only_looks_open_does_not() {
        for line in [
            "CreateSandbox hostname={",
            "CreateSandbox hostname=[a",
            "CreateSandbox storages[0].driver={",
            "CreateSandbox json://{x",
            "CreateSandbox json://",
            "echo {",
        ] {
            complete(&[line], &[line]);
        }
        assert!(commands(&["CreateSandbox hostname={'"]).1);
    }

    #[test]
    fn an_empty_line_gives_up() {
        complete(
            &["Check json://{", " ", "Version"],
            &["Check json://{", "Version"],
        );
        complete(&["Check json://{\n"], &["Check json://{"]);
        let mut gatherer = Gatherer::typed(crate::schema());
        assert_eq!(gatherer.text("Check json://{"), [""; 0]);
        assert_eq!(gatherer.end(), ["Check json://{"]);
        assert_eq!(gatherer.text("Check json://{"), [""; 0]);
        gatherer.abandon();
        assert_eq!(gatherer.text("Check"), ["Check"]);
    }

    #[test]
    fn an_empty_line_that_is_not_typed_is_a_part() {
        complete(&["Check service='a\r\n\r\nb'"], &["Check service='a\n\nb'"]);
        let text = "Check json://{\n\n\"service\":\n \n\"a\"}";
        complete(&[text], &[text]);
        assert_eq!(piped(text), [text]);
    }

    fn piped(text: &str) -> Vec<String> {
        let mut gatherer = Gatherer::piped(crate::schema());
        let found = text.lines().flat_map(|line| gatherer.text(line)).collect();
        assert!(!gatherer.is_waiting());
        found
    }

    #[test]
    fn a_quote_in_a_pipe_ends_at_its_line() {
        for first in ["Check service='a", "echo \"a", "CreateSandbox hostname={'"] {
            let text = format!("{first}\nVersion");
            assert_eq!(piped(&text), [first, "Version"]);
        }
    }
}
