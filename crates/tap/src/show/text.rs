//! A recording as a table for a terminal, a line for each call when it ends.

use std::io::{self, Write};
use std::time::SystemTime;

use agent_text::{duration, escape};
use serde_json::Value;

use super::Form;
use crate::calls::{Call, End, Said, Told};
use crate::conversation::Direction;
use crate::recording::{Kind, Record, Status};

/// How much of an agent's words is shown, in characters.
const MOST_WORDS: usize = 200;
/// How wide the name of a call is, as most of them are, in characters.
const NAME_WIDTH: usize = 24;

/// Lines for people.
#[derive(Debug)]
pub struct Text {
    /// The fields of a request that hold an ID, which tell one call from another.
    pub ids: &'static [&'static str],
    /// Whether the messages are shown too.
    pub messages: bool,
    /// Whether the terminal shows colours.
    pub colours: bool,
    /// When the recording began.
    pub start: SystemTime,
}

/// What is said by a colour.
#[derive(Clone, Copy)]
enum Colour {
    Good,
    Bad,
    Open,
    Aside,
}

impl Text {
    fn painted(&self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Good => "32",
            Colour::Bad => "31",
            Colour::Open => "33",
            Colour::Aside => "2",
        };
        match self.colours {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn since_start(&self, time: SystemTime) -> String {
        let since = time.duration_since(self.start).unwrap_or_default();
        format!("{:>10.3}", since.as_secs_f64())
    }

    fn call(&self, call: &Call, out: &mut dyn Write) -> io::Result<()> {
        let time = self.since_start(call.begun);
        let took = call.took().map_or("-".to_owned(), duration::display);
        let name = match &call.method[..] {
            "" => "(a request that was not seen)".to_owned(),
            method => escape::line(method).into_owned(),
        };
        let (colour, end) = self.end(call);
        let end = self.painted(colour, &end);
        let rules = match &call.faults[..] {
            [] => String::new(),
            kinds => self.painted(Colour::Open, &by_rules(kinds)),
        };
        let ids = self.ids_of(call);
        writeln!(
            out,
            "{time}  {:>4}  {name:NAME_WIDTH$}  {took:>7}  {end}{rules}{ids}",
            call.connection
        )?;
        if self.messages {
            self.message("request", call.request.as_ref(), out)?;
            if let End::Answered {
                response, status, ..
            } = &call.end
            {
                if let Some(status) = status {
                    self.details(status, out)?;
                }
                self.message("response", response.as_ref(), out)?;
            }
        }
        Ok(())
    }

    fn end(&self, call: &Call) -> (Colour, String) {
        match &call.end {
            End::Open => (Colour::Open, "no answer".to_owned()),
            End::Lost(_) => (
                Colour::Bad,
                "no answer before the connection ended".to_owned(),
            ),
            End::Answered { status: None, .. } => (Colour::Bad, "not ttRPC".to_owned()),
            End::Answered {
                status: Some(status),
                ..
            } if status.code == 0 => (Colour::Good, "OK".to_owned()),
            End::Answered {
                status: Some(status),
                ..
            } => {
                let words = escape::first_line(&status.message, MOST_WORDS);
                let name = match &status.name {
                    Some(name) => format!("{} ({})", escape::line(name), status.code),
                    None => status.code.to_string(),
                };
                (Colour::Bad, format!("{name}: {words}"))
            }
        }
    }

    /// The IDs in a call's request, as ` field=value`.
    fn ids_of(&self, call: &Call) -> String {
        let said = call.request.as_ref().and_then(|said| said.message.as_ref());
        let message = said.and_then(|text| serde_json::from_str::<Value>(text.get()).ok());
        let mut shown = String::new();
        for field in self.ids {
            let id = message.as_ref().and_then(|message| message.get(field));
            if let Some(id) = id.and_then(Value::as_str) {
                let id = escape::first_line(id, 64);
                shown.push_str(&format!("  {field}={id}"));
            }
        }
        self.painted_if_any(shown)
    }

    fn painted_if_any(&self, text: String) -> String {
        match text.is_empty() {
            true => text,
            false => self.painted(Colour::Aside, &text),
        }
    }

    /// What else a status says.
    fn details(&self, status: &Status, out: &mut dyn Write) -> io::Result<()> {
        let indent = " ".repeat(18);
        for detail in &status.details {
            writeln!(out, "{indent}detail {}:", escape::line(&detail.type_url))?;
            let text = match &detail.message {
                Some(message) => serde_json::to_string_pretty(message)?,
                None => agent_text::hex::excerpt(&detail.value.0).to_string(),
            };
            for line in text.lines() {
                writeln!(out, "{indent}  {}", escape::lines(line))?;
            }
        }
        Ok(())
    }

    fn message(&self, what: &str, said: Option<&Said>, out: &mut dyn Write) -> io::Result<()> {
        let Some(said) = said else {
            return Ok(());
        };
        let text = match (&said.message, &said.error) {
            (Some(message), _) => {
                match serde_json::from_str::<Value>(message.get()) {
                    Ok(value) => serde_json::to_string_pretty(&value)?,
                    // It is nested too deep to be read.
                    Err(_) => message.get().to_owned(),
                }
            }
            (None, error) => format!(
                "{}{}",
                error
                    .as_ref()
                    .map_or(String::new(), |error| format!("{error}: ")),
                agent_text::hex::excerpt(&said.payload)
            ),
        };
        let indent = " ".repeat(18);
        writeln!(out, "{indent}{what}:")?;
        for line in text.lines() {
            writeln!(out, "{indent}  {}", escape::lines(line))?;
        }
        if !said.unknown_fields.is_empty() {
            let fields = said.unknown_fields.join(", ");
            writeln!(
                out,
                "{indent}  not in the protos: {}",
                escape::line(&fields)
            )?;
        }
        Ok(())
    }

    fn record(&self, record: &Record, out: &mut dyn Write) -> io::Result<()> {
        let text = record.text.as_deref().map(escape::line).unwrap_or_default();
        let arrow = match record.direction {
            Some(Direction::ToRuntime) => "from the agent",
            _ => "to the agent",
        };
        let said = match record.kind {
            Kind::Open => format!("connection: {text}"),
            Kind::Handshake => format!("handshake {arrow}: {text}"),
            Kind::Data => {
                let method = record
                    .method
                    .as_deref()
                    .map(escape::line)
                    .unwrap_or_default();
                format!("{method}: a message of the stream {arrow}")
            }
            Kind::Bytes => {
                let payload = record.payload.as_ref().map(|payload| &payload.0[..]);
                let bytes = agent_text::hex::excerpt(payload.unwrap_or_default());
                // Only the first of them says what is wrong.
                let error = record.error.as_deref().map(escape::line);
                let error = error.map_or(String::new(), |error| format!("{error}: "));
                format!("bytes {arrow}: {error}{bytes}")
            }
            Kind::Close => {
                let count = |count: Option<u64>| count.unwrap_or_default();
                let (to, from) = (count(record.bytes_to_agent), count(record.bytes_to_runtime));
                let reason = match &*text {
                    "" => String::new(),
                    text => format!(": {text}"),
                };
                format!("end of the connection, {to} bytes to the agent and {from} back{reason}")
            }
            // Of a call whose request was not seen.
            Kind::Fault => format!(
                "stream {}{}",
                record.stream.unwrap_or_default(),
                by_rules(&record.faults)
            ),
            Kind::Lost => {
                let lost = record.lost.map_or(0, |lost| lost.frames);
                format!("{lost} frames are missing here")
            }
            Kind::Recording | Kind::Request | Kind::Response | Kind::Unknown => return Ok(()),
        };
        let time = self.since_start(record.time);
        let connection = record.connection.map_or(String::new(), |n| n.to_string());
        let colour = match record.kind {
            Kind::Bytes | Kind::Lost => Colour::Bad,
            _ => Colour::Aside,
        };
        writeln!(
            out,
            "{time}  {connection:>4}  {}",
            self.painted(colour, &said)
        )
    }
}

/// Which rules were applied to a call, behind what became of it.
fn by_rules(kinds: &[String]) -> String {
    format!("  (by a rule: {})", escape::line(&kinds.join(", ")))
}

impl Form for Text {
    fn begin(&mut self, what: &Record, out: &mut dyn Write) -> io::Result<()> {
        self.start = what.time;
        let text = what.text.as_deref().map(escape::line).unwrap_or_default();
        let time = humantime::format_rfc3339_millis(what.time.max(SystemTime::UNIX_EPOCH));
        writeln!(out, "{text}, from {time}")?;
        let head = format!(
            "{:>10}  {:>4}  {:NAME_WIDTH$}  {:>7}  ANSWER",
            "SECONDS", "CONN", "CALL", "TOOK"
        );
        writeln!(out, "{}", self.painted(Colour::Aside, &head))
    }

    fn tell(&mut self, told: &Told, out: &mut dyn Write) -> io::Result<()> {
        match told {
            Told::Call(call) => self.call(call, out),
            Told::Else(record) => self.record(record, out),
        }
    }

    fn end(&mut self, _: bool, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
