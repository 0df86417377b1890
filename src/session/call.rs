//! One call: encode, send, decode, print.

use super::stopwatch::Stopwatch;
use super::{Options, Output, Session, connected, patience};
use crate::client::{reason, status_name};
use crate::duration;
use crate::error::Error;
use crate::log::{Level, Logger, say};
use crate::printer::{self, Format, escape, hex};
use crate::request::Request;
use crate::schema::json::{self, Style};
use crate::schema::{Message, Reflect, Rpc, Schema, unknown};

/// The status code of an agent that gave up because of the deadline it was sent.
pub const DEADLINE_EXCEEDED: i32 = 4;

impl Session {
    /// Makes the call that a request is for, or the calls, and prints the answer,
    /// or answers.
    pub(super) fn call(&mut self, request: &Request) -> Result<(), Error> {
        let rpc = request.rpc;
        let message = request.complete(&mut self.memory, self.options.automatic)?;
        if let Some(series) = request.series() {
            return self.series(rpc, series, message);
        }
        if self.options.dry_run {
            if self.options.verbose {
                self.show_left_out(request);
            }
            self.print(self.options.format.of_requests(), message.as_ref())?;
            return match rpc.client_streaming {
                true => self.further_requests(rpc),
                false => Ok(()),
            };
        }
        let payload = payload(message.as_ref())?;
        trace(self.logger, "request", &payload);
        if self.options.verbose {
            self.show_request(rpc, message.as_ref(), payload.len());
            self.show_left_out(request);
        }
        let mut time = Stopwatch::start();
        let result = match rpc.is_streaming() {
            true => self.stream(rpc, &payload, &mut time),
            false => self.unary(rpc, &payload, &mut time),
        };
        self.answered(rpc, &time, &result);
        result.map_err(|error| self.explained(rpc, error))
    }

    /// Tells that a call was answered, if it was.
    pub(super) fn answered<T>(&self, rpc: &Rpc, time: &Stopwatch, result: &Result<T, Error>) {
        let code = match result {
            Ok(_) => 0,
            Err(error) => match error.status() {
                Some(status) => status.code,
                None => return,
            },
        };
        if !self.options.verbose && !self.logger.shows(Level::Info) {
            return;
        }
        let status = status_name(code).map_or_else(|| code.to_string(), str::to_owned);
        let time = duration::display(time.time());
        self.logger.log(
            Level::Info,
            format_args!(
                "response received: {} status={status} time={time}",
                rpc.name
            ),
        );
        if self.options.verbose {
            say(format_args!("< {status} in {time}"));
        }
    }

    fn unary(
        &mut self,
        rpc: &'static Rpc,
        payload: &[u8],
        time: &mut Stopwatch,
    ) -> Result<(), Error> {
        let client = connected(&mut self.client, &self.options, self.logger)?;
        let patience = patience(&self.options);
        let answer = client.call(&self.options.call_of(rpc, payload));
        time.stop();
        drop(patience);
        let answer = answer?;
        trace(self.logger, "response", &answer);
        let response = self.skew.decode(rpc, &answer, &self.options, self.logger)?;
        self.print_answer(response.as_ref(), &answer)
    }

    /// Prints an answer; `encoded` is how it came.
    pub(super) fn print_answer(
        &mut self,
        answer: &dyn Reflect,
        encoded: &[u8],
    ) -> Result<(), Error> {
        let (schema, options) = (self.schema, &self.options);
        print_answer(&mut self.output, schema, options, answer, encoded)
    }

    pub(super) fn print(&mut self, format: Format, message: &dyn Reflect) -> Result<(), Error> {
        print(
            &mut self.output,
            self.schema,
            &self.options,
            format,
            message,
        )
    }

    fn show_request(&self, rpc: &Rpc, message: &dyn Reflect, length: usize) {
        say(format_args!("> {} ({length} bytes)", rpc.path()));
        self.show_metadata();
        show_message(self.schema, message);
    }

    /// Shows what of an OCI configuration cannot be sent.
    fn show_left_out(&self, request: &Request) {
        let left_out = request.left_out(&self.memory, self.options.automatic);
        if let Some((name, paths)) = left_out.filter(|(_, paths)| !paths.is_empty()) {
            let paths = paths.join(", ");
            say(format_args!(
                "> {name:?}: the request has no field for {paths}"
            ));
        }
    }

    pub(super) fn show_metadata(&self) {
        for (key, value) in &self.options.metadata {
            say(format_args!(
                "> {}: {}",
                escape::line(key),
                escape::line(value)
            ));
        }
    }
}

/// Shows a message that is sent, in one line.
pub(super) fn show_message(schema: &'static Schema, message: &dyn Reflect) {
    let mut text = Vec::new();
    let style = Style {
        pretty: false,
        emit_defaults: false,
    };
    match json::write(message, schema, style, &mut text) {
        Ok(()) => say(format_args!("> {}", String::from_utf8_lossy(&text))),
        Err(error) => say(format_args!("> {error}")),
    }
}

/// Shows the bytes of a message at the level that asks for them.
pub(super) fn trace(logger: Logger, what: &str, bytes: &[u8]) {
    if logger.shows(Level::Trace) {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        logger.log(Level::Trace, format_args!("{what}: {digits}"));
    }
}

/// A message's wire form.
///
/// # Errors
/// When it is larger than protobuf allows.
pub fn payload(message: &dyn Reflect) -> Result<Vec<u8>, Error> {
    let mut payload = Vec::new();
    message.encode_into(&mut payload).map_err(Error::Encode)?;
    Ok(payload)
}

/// Prints a message.
///
/// # Errors
/// When it does not fit the format, or standard output takes no more.
pub fn print(
    output: &mut Output,
    schema: &'static Schema,
    options: &Options,
    format: Format,
    message: &dyn Reflect,
) -> Result<(), Error> {
    output.write(|buffer| {
        printer::print(format, options.emit_defaults, message, schema, buffer)?;
        Ok(())
    })
}

/// Prints an answer. `encoded` is how it came: as hex it is shown like that, since
/// an encoding made here might have the fields in another order.
///
/// # Errors
/// When it does not fit the format, or standard output takes no more.
pub fn print_answer(
    output: &mut Output,
    schema: &'static Schema,
    options: &Options,
    answer: &dyn Reflect,
    encoded: &[u8],
) -> Result<(), Error> {
    match options.format {
        Format::Hex => output.line(&hex::digits(encoded)),
        format => print(output, schema, options, format, answer),
    }
}

/// Decodes an answer's payload.
///
/// # Errors
/// When it is not an encoding of this type.
pub fn decode(message: &'static Message, payload: &[u8]) -> Result<Box<dyn Reflect>, Error> {
    let no_answer = |reason| Error::Response {
        message: message.full_name,
        reason,
        data: payload.to_vec(),
    };
    let mut response = (message.new)();
    response
        .merge_from(payload)
        .map_err(|error| no_answer(reason::decoding(&error)))?;
    unknown::check_groups(message, payload).map_err(|error| no_answer(error.to_string()))?;
    Ok(response)
}
