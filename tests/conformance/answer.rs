//! What came of a call, and what was to come of it: an answer, a status or
//! silence.

use std::fmt;

use serde_json::Value;

use crate::shape;

/// What came of a call.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The response.
    Response(Value),
    /// The status with which the agent refused.
    Status {
        /// Its name, as `INTERNAL`.
        name: String,
        /// The first line of its message.
        message: String,
    },
    /// None within the time limit.
    Silence,
    /// The call could not be made, or its connection was lost.
    Failure(String),
}

/// What is to come of a call.
pub(crate) enum Expected {
    /// A response of a shape.
    Response(Value),
    /// A status, and a pattern for its message.
    Status(String, String),
    /// No answer.
    Silence,
    /// One of several, where parts of the agent race.
    OneOf(Vec<Expected>),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Response(response) => write!(f, "the response {response}"),
            Answer::Status { name, message } => write!(f, "{name} {message}"),
            Answer::Silence => f.write_str("no answer"),
            Answer::Failure(reason) => write!(f, "no call: {reason}"),
        }
    }
}

impl Answer {
    /// Reads an error as the tool writes it with `--error-format json`.
    pub(crate) fn of_error(line: &str) -> Answer {
        let Ok(error) = serde_json::from_str::<Value>(line) else {
            return Answer::Failure(line.to_owned());
        };
        let message = error["message"].as_str().unwrap_or_default();
        match error["kind"].as_str() {
            Some("status") => Answer::Status {
                name: error["code_name"].as_str().unwrap_or_default().to_owned(),
                message: first_line(message).to_owned(),
            },
            Some("timeout") => Answer::Silence,
            _ => Answer::Failure(line.to_owned()),
        }
    }
}

impl Expected {
    /// Reads what stands behind `=> `.
    pub(crate) fn parse(text: &str) -> Result<Expected, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (word, rest) {
            ("OK", "") => Ok(Expected::Response(Value::Object(serde_json::Map::new()))),
            ("OK", json) => serde_json::from_str(json)
                .map(Expected::Response)
                .map_err(|error| format!("{error}: {json}")),
            ("no", "answer") => Ok(Expected::Silence),
            (name, message) => Ok(Expected::Status(name.to_owned(), message.to_owned())),
        }
    }

    /// What is wrong with the answer, if anything is.
    pub(crate) fn compare(&self, answer: &Answer) -> Result<(), String> {
        match (self, answer) {
            (Expected::Response(shape), Answer::Response(response)) => {
                shape::compare(shape, response)
            }
            (
                Expected::Status(name, pattern),
                Answer::Status {
                    name: found,
                    message,
                },
            ) if name == found && shape::matches(pattern, message) => Ok(()),
            (Expected::Silence, Answer::Silence) => Ok(()),
            (Expected::OneOf(several), _) => {
                let compared: Vec<_> = several.iter().map(|each| each.compare(answer)).collect();
                match compared.iter().any(Result::is_ok) {
                    true => Ok(()),
                    false => compared.into_iter().collect(),
                }
            }
            (Expected::Response(_), _) => Err(format!("a response, not {answer}")),
            (Expected::Status(name, pattern), _) => Err(format!("{name} {pattern}, not {answer}")),
            (Expected::Silence, _) => Err(format!("no answer, not {answer}")),
        }
    }
}

/// The first line of an agent's message, without what the tool says after it of
/// an RPC that the agent may lack.
fn first_line(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    line.split_once("; this agent does not have ")
        .map_or(line, |(own, _)| own)
}

#[test]
fn answers_are_compared() {
    let status = Answer::of_error(
        r#"{"kind":"status","message":"one: two\n\nBacktrace","code_name":"INTERNAL"}"#,
    );
    let agrees = |text: &str| Expected::parse(text).unwrap().compare(&status).is_ok();
    assert!(agrees("INTERNAL one: two") && agrees("INTERNAL one*"));
    assert!(!agrees("INTERNAL one") && !agrees("NOT_FOUND *") && !agrees("OK"));
    assert!(!agrees("no answer"));
    let several = ["no answer", "INTERNAL one*"].map(|text| Expected::parse(text).unwrap());
    assert!(Expected::OneOf(several.into()).compare(&status).is_ok());
    let several = ["no answer", "OK"].map(|text| Expected::parse(text).unwrap());
    assert!(Expected::OneOf(several.into()).compare(&status).is_err());
    let silence = Answer::of_error(r#"{"kind":"timeout","message":"no answer within 1s"}"#);
    assert!(
        Expected::parse("no answer")
            .unwrap()
            .compare(&silence)
            .is_ok()
    );
}
