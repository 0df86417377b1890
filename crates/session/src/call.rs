//! One call: encode, send, decode, print.

use super::{Output, PrintOptions, Session};
use agent_report::error::{Error, Kind};
use agent_report::log::Level;
use agent_request::Request;
use agent_schema::printer::{self, Format};
use agent_schema::{DecodeError, Message, Reflect, Rpc, Schema};
use agent_text::hex;

impl Session {
    /// Makes the call that a request is for, or the calls, and prints the answer,
    /// or answers.
    pub(super) fn call(&mut self, request: &Request) -> Result<(), Error> {
        #[cfg(feature = "image")]
        if !self.options.settings.dry_run {
            request.unpack_image(&self.options.settings.requests, self.logger)?;
        } else if let Some(missing) = request.missing_of_image() {
            self.logger.say(missing);
        }
        let message =
            request.complete(&mut self.memory, self.options.settings.requests.automatic)?;
        match (request.series(), self.options.settings.dry_run) {
            (Some(series), _) => self.series(request.rpc, series, message),
            (None, true) => self.dry_run(request, message.as_ref()),
            (None, false) => self.send(request, message.as_ref()),
        }
    }

    /// Prints a request that is not sent, with the messages that would follow it.
    fn dry_run(&mut self, request: &Request, message: &dyn Reflect) -> Result<(), Error> {
        self.tell_of_config(request, message);
        self.print_request(message)?;
        match request.rpc.client_streaming {
            true => self.further_requests(request.rpc),
            false => Ok(()),
        }
    }

    /// Sends a request, and prints the answer or answers.
    fn send(&mut self, request: &Request, message: &dyn Reflect) -> Result<(), Error> {
        let rpc = request.rpc;
        let payload = payload(message)?;
        let call = self.options.settings.calls.call_of(rpc, &payload);
        self.channel.begin(&call, message);
        self.tell_of_config(request, message);
        let result = match rpc.is_streaming() {
            true => self.stream(rpc, &payload),
            false => self.unary(rpc, &payload),
        };
        self.channel.end(rpc, &result);
        result.map_err(|error| {
            let error = self.hint_of_config(request, message, error);
            self.explained(rpc, error)
        })
    }

    fn unary(&mut self, rpc: &'static Rpc, payload: &[u8]) -> Result<(), Error> {
        let call = self.options.settings.calls.call_of(rpc, payload);
        let answer = self.channel.call(&self.options.settings.calls, &call)?;
        let verbose = self.options.verbose;
        let response = self
            .skew
            .decode(self.schema, rpc, &answer, verbose, self.logger)?;
        self.print_answer(response.as_ref(), &answer)
    }

    /// Tells what was made of an OCI configuration for this message, and what that lacks.
    fn tell_of_config(&mut self, request: &Request, message: &dyn Reflect) {
        let automatic = self.options.settings.requests.automatic;
        let Some(found) = request.config_notes(&self.memory, automatic, message) else {
            return;
        };
        let (name, notes) = (found.name, found.notes);
        for (what, paths) in [
            ("the request has no field for", notes.without_field),
            ("left out, as it is for a host:", notes.left_out),
            ("added, as the agent needs it:", notes.added),
        ] {
            if !paths.is_empty() {
                let paths = paths.join(", ");
                self.channel.note(&format!("{name:?}: {what} {paths}"));
            }
        }
        let unknown = notes.unknown.iter().map(|name| {
            format!("the capability {name:?} is not known here; an agent may not know it either")
        });
        let lacking = found.lacking.join("; ");
        let lacking = (!lacking.is_empty())
            .then(|| format!("lacks what a container needs in a real guest: {lacking}"));
        for warning in unknown.chain(lacking) {
            let warning = format!("{name:?}: {warning}");
            // Of what is sent again and again it is told once.
            if self.warned.insert(warning.clone()) {
                self.logger.log(Level::Warn, warning);
            }
        }
    }

    /// Prints a message as a request.
    pub(super) fn print_request(&mut self, message: &dyn Reflect) -> Result<(), Error> {
        let printing = self.options.settings.printing;
        let format = printing.format.of_requests();
        printing.message(&mut self.output, self.schema, format, message, Kind::Usage)
    }

    /// Prints an answer; `encoded` is how it came.
    pub(super) fn print_answer(
        &mut self,
        answer: &dyn Reflect,
        encoded: &[u8],
    ) -> Result<(), Error> {
        let printing = self.options.settings.printing;
        printing.answer(&mut self.output, self.schema, answer, encoded)
    }
}

/// A message's wire form.
///
/// # Errors
/// When it is larger than protobuf allows, or lacks a field that each such message has.
pub fn payload(message: &dyn Reflect) -> Result<Vec<u8>, Error> {
    if let Some(path) = agent_schema::missing_required(message) {
        return Err(Error::usage(format_args!("{path}: the field is required")).at(path));
    }
    let mut payload = Vec::new();
    message.encode_into(&mut payload)?;
    Ok(payload)
}

impl PrintOptions {
    /// Prints an answer. `encoded` is how it came: as hex it is shown like that, since
    /// an encoding made here might have the fields in another order.
    ///
    /// # Errors
    /// When it does not fit the format, or standard output takes no more.
    pub(super) fn answer(
        self,
        output: &mut Output,
        schema: &'static Schema,
        answer: &dyn Reflect,
        encoded: &[u8],
    ) -> Result<(), Error> {
        match self.format {
            Format::Hex => output.line(&hex::digits(encoded)),
            // The call was made.
            format => self.message(output, schema, format, answer, Kind::NoForm),
        }
    }

    /// Prints a message in this format; one that has no form in it is an error of this kind.
    fn message(
        self,
        output: &mut Output,
        schema: &'static Schema,
        format: Format,
        message: &dyn Reflect,
        no_form: Kind,
    ) -> Result<(), Error> {
        output.write(|buffer| {
            printer::print(format, self.emit_defaults, message, schema, buffer)
                .map_err(|error| Error::new(no_form, error))
        })
    }
}

/// Decodes an answer's payload.
///
/// # Errors
/// When it is not an encoding of this type.
pub fn decode(message: &'static Message, payload: &[u8]) -> Result<Box<dyn Reflect>, Error> {
    let mut answer = (message.new)();
    let decoded = agent_schema::decode(&mut *answer, payload);
    decoded.map_err(|error| not_an_answer(message, payload, &error))?;
    Ok(answer)
}

/// The error for a payload that is not an encoding of an answer's type.
pub(super) fn not_an_answer(message: &Message, payload: &[u8], error: &DecodeError) -> Error {
    let (length, name) = (payload.len(), message.full_name);
    let bytes = hex::excerpt(payload);
    let text = format!("the {length} bytes of the answer are not a {name} ({error}): {bytes}");
    Error::new(Kind::Protocol, text)
}
