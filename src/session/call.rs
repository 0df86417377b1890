//! One call: encode, send, decode, print.

use std::time::Instant;

use super::{Options, Session};
use crate::client::{Call, CallError, status_name};
use crate::duration;
use crate::error::Error;
use crate::log::Level;
use crate::printer::{self, escape};
use crate::request::Request;
use crate::schema::json::{self, Style};
use crate::schema::{Message, Reflect, Rpc};

/// The status code of an agent that gave up because of the deadline it was sent.
pub const DEADLINE_EXCEEDED: i32 = 4;

impl Session {
    /// Makes one call and prints its answer, or answers.
    pub(super) fn call(&mut self, request: &Request) -> Result<(), Error> {
        let rpc = request.rpc;
        let message = request.complete(&mut self.memory, self.options.automatic)?;
        if self.options.dry_run {
            return self.print(message.as_ref());
        }
        let mut payload = Vec::new();
        message.encode_into(&mut payload).map_err(Error::Encode)?;
        if self.options.verbose {
            self.show_request(rpc, message.as_ref(), payload.len());
        }
        let started = Instant::now();
        let result = match rpc.is_streaming() {
            true => self.stream(rpc, &payload),
            false => self.unary(rpc, &payload),
        };
        let answered = match &result {
            Ok(()) => Some(0),
            Err(Error::Call(CallError::Status(status))) => Some(status.code),
            Err(_) => None,
        };
        if let Some(code) = answered {
            let status = status_name(code).map_or_else(|| code.to_string(), str::to_owned);
            let time = duration::display(started.elapsed());
            self.logger.log(
                Level::Info,
                format_args!(
                    "response received: {} status={status} time={time}",
                    rpc.name
                ),
            );
            if self.options.verbose {
                eprintln!("< {status} in {time}");
            }
        }
        result
    }

    fn unary(&mut self, rpc: &'static Rpc, payload: &[u8]) -> Result<(), Error> {
        let timeout = self.options.timeout;
        let metadata = std::mem::take(&mut self.options.metadata);
        let result = self.client().and_then(|client| {
            let call = Call {
                service: rpc.service,
                method: rpc.name,
                payload,
                metadata: &metadata,
                timeout,
            };
            decode(rpc.response, &client.call(&call)?)
        });
        self.options.metadata = metadata;
        let response = result?;
        self.print(response.as_ref())
    }

    /// Prints a message in the format of the run.
    pub(super) fn print(&mut self, message: &dyn Reflect) -> Result<(), Error> {
        let Options {
            format,
            emit_defaults,
            ..
        } = self.options;
        let schema = self.schema;
        self.output.write(|buffer| {
            Ok(printer::print(
                format,
                emit_defaults,
                message,
                schema,
                buffer,
            )?)
        })
    }

    fn show_request(&self, rpc: &Rpc, message: &dyn Reflect, length: usize) {
        eprintln!("> {} ({length} bytes)", rpc.path());
        for (key, value) in &self.options.metadata {
            eprintln!("> {}: {}", escape::line(key), escape::line(value));
        }
        let mut text = Vec::new();
        let style = Style {
            pretty: false,
            emit_defaults: false,
        };
        match json::write(message, self.schema, style, &mut text) {
            Ok(()) => eprintln!("> {}", String::from_utf8_lossy(&text)),
            Err(error) => eprintln!("> {error}"),
        }
    }
}

/// Decodes an answer's payload.
///
/// # Errors
/// When it is not an encoding of this type.
pub fn decode(message: &'static Message, payload: &[u8]) -> Result<Box<dyn Reflect>, Error> {
    let mut response = (message.new)();
    response
        .merge_from(payload)
        .map_err(|reason| Error::Response {
            message: message.full_name,
            reason,
        })?;
    Ok(response)
}
