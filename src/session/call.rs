//! One call: encode, send, decode, print.

use super::stopwatch::Stopwatch;
use super::{Options, Output, Session, connected};
use crate::client::{reason, status_name};
use crate::duration;
use crate::error::Error;
use crate::log::{Level, Logger, say};
use crate::printer::{self, Format};
use crate::request::Request;
use crate::schema::json::{self, Style};
use crate::schema::{Message, Reflect, Rpc, Schema, unknown};
use crate::text::{escape, hex};

/// A request as it is sent. It is the same each time that a command is repeated: what is
/// automatic in it was remembered the first time.
#[derive(Debug)]
pub(super) struct Complete {
    message: Box<dyn Reflect>,
    payload: Vec<u8>,
    /// Whether the command has run before.
    is_repeated: bool,
    /// The last answer, encoded, if that is what was printed last.
    printed: Option<Vec<u8>>,
}

/// The status code of an agent that gave up because of the deadline it was sent.
pub const DEADLINE_EXCEEDED: i32 = 4;

impl Session {
    /// Makes the call that a request is for, or the calls, and prints the answer,
    /// or answers.
    pub(super) fn call(&mut self, request: &Request) -> Result<(), Error> {
        let rpc = request.rpc;
        if let Some(series) = request.series() {
            let message = request.complete(&mut self.memory, self.options.automatic)?;
            return self.series(rpc, series, message);
        }
        let mut complete = match self.repeated.take() {
            Some(complete) => complete,
            None => {
                let message = request.complete(&mut self.memory, self.options.automatic)?;
                Complete {
                    payload: payload(message.as_ref())?,
                    message,
                    is_repeated: false,
                    printed: None,
                }
            }
        };
        let result = match self.options.dry_run {
            true => self.print_request(request, &complete),
            false => self.send(request, &mut complete),
        };
        complete.is_repeated = true;
        self.repeated = Some(complete);
        result
    }

    /// Prints a request that is not sent.
    fn print_request(&mut self, request: &Request, complete: &Complete) -> Result<(), Error> {
        if self.options.verbose {
            self.show_left_out(request);
        }
        let format = self.options.format.of_requests();
        self.print(format, complete.message.as_ref())?;
        match request.rpc.client_streaming {
            true => self.further_requests(request.rpc),
            false => Ok(()),
        }
    }

    /// Sends a request, and prints the answer or answers.
    fn send(&mut self, request: &Request, complete: &mut Complete) -> Result<(), Error> {
        let (rpc, payload) = (request.rpc, &complete.payload);
        trace(self.logger, "request", payload);
        if self.options.verbose {
            self.show_request(rpc, complete.message.as_ref(), payload.len());
            self.show_left_out(request);
        }
        let mut time = self.stopwatch();
        let result = match rpc.is_streaming() {
            true => self.stream(rpc, payload, &mut time),
            false => self.unary(rpc, complete, &mut time),
        };
        self.answered(rpc, &time, &result);
        result.map_err(|error| self.explained(rpc, error))
    }

    /// A stopwatch for a call, if its time is told.
    pub(super) fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start(self.options.verbose || self.logger.shows(Level::Info))
    }

    /// Tells that a call was answered, if it was.
    pub(super) fn answered<T>(&self, rpc: &Rpc, time: &Stopwatch, result: &Result<T, Error>) {
        let Some(time) = time.time() else {
            return;
        };
        let code = match result {
            Ok(_) => 0,
            Err(error) => match error.status() {
                Some(status) => status.code,
                None => return,
            },
        };
        let status = status_name(code).map_or_else(|| code.to_string(), str::to_owned);
        let time = duration::display(time);
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
        complete: &mut Complete,
        time: &mut Stopwatch,
    ) -> Result<(), Error> {
        let answer = self.answer(rpc, complete);
        time.stop();
        let answer = answer?;
        trace(self.logger, "response", &answer);
        // Then it looks the same too.
        if complete.printed.as_ref() == Some(&answer) {
            return self.output.again();
        }
        complete.printed = None;
        let response = self.skew.decode(rpc, &answer, &self.options, self.logger)?;
        self.print_answer(response.as_ref(), &answer)?;
        complete.printed = Some(answer);
        Ok(())
    }

    /// The answer to a call. Whether the connection is still there is looked at before, but
    /// for a repeated call, which comes right after another one: if that finds it lost, before
    /// anything was sent, it is made on another one.
    fn answer(&mut self, rpc: &'static Rpc, complete: &Complete) -> Result<Vec<u8>, Error> {
        let call = self.options.call_of(rpc, &complete.payload);
        if complete.is_repeated
            && let Some(client) = &mut self.client
        {
            let _wait = self.patience.call(call.timeout);
            let answer = client.call(&call);
            if !client.is_unsent() {
                return Ok(answer?);
            }
            self.client = None;
        }
        let client = connected(&mut self.client, &self.options, &self.patience, self.logger)?;
        let _wait = self.patience.call(call.timeout);
        Ok(client.call(&call)?)
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
        let digits = hex::digits(bytes);
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
    decode_with_groups(message, payload).map(|(message, _)| message)
}

/// Decodes an answer's payload, and tells whether there are groups in it, which the
/// message does not keep.
///
/// # Errors
/// As [`decode`].
pub(super) fn decode_with_groups(
    message: &'static Message,
    payload: &[u8],
) -> Result<(Box<dyn Reflect>, bool), Error> {
    let no_answer = |reason| Error::Response {
        message: message.full_name,
        reason,
        data: payload.to_vec(),
    };
    let mut response = (message.new)();
    response
        .merge_from(payload)
        .map_err(|error| no_answer(reason::decoding(&error)))?;
    let has_groups =
        unknown::has_groups(message, payload).map_err(|error| no_answer(error.to_string()))?;
    Ok((response, has_groups))
}
