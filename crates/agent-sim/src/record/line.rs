//! One call, or one message of a stream, as one line of JSON.

use std::time::Duration;

use protobuf::Enum as _;
use ttrpc::{Code, Error};

use agent_schema::{Message, Reflect, Schema, decode};
use agent_text::hex;

use super::call::{Call, End, Moment, Request, TIMED_OUT};
use super::object::Object;
use super::time;

/// The line of a call that ended after `duration`, with its newline.
pub(super) fn of_call(
    call: &Call<'_>,
    end: End<'_>,
    duration: Duration,
    schema: &'static Schema,
) -> Vec<u8> {
    let mut object = begin(call, call.begun);
    if let Some(asked) = call.request {
        request(&mut object, asked, schema);
    }
    object.lists("metadata", &call.context.metadata);
    if call.context.timeout_nano != 0 {
        object.number("timeout_nano", call.context.timeout_nano);
    }
    match end {
        End::Answered(Ok(payload)) => {
            object.object("status", status(0, ""));
            if let Some(payload) = payload {
                response(&mut object, call.rpc.response, payload, schema);
            }
        }
        End::Answered(Err(Error::RpcStatus(refused))) => {
            let told = status(refused.code.value(), &refused.message);
            object.object("status", told);
        }
        End::Answered(Err(error)) => {
            let told = status(Code::UNKNOWN.value(), &error.to_string());
            object.object("status", told);
        }
        End::TimedOut => {
            let (code, message) = TIMED_OUT;
            object.object("status", status(code.value(), message));
        }
        End::GivenUp => object.bool("given_up", true),
        End::Unanswered => {}
    }
    object.number("duration_us", duration.as_micros());
    if !call.faults.is_empty() {
        object.texts("faults", &call.faults);
    }
    object.line()
}

/// The line of one request of a stream, with its newline.
pub(super) fn of_message(
    call: &Call<'_>,
    asked: Request<'_>,
    answer: Option<&[u8]>,
    schema: &'static Schema,
) -> Vec<u8> {
    let mut object = begin(call, Moment::now());
    request(&mut object, asked, schema);
    if let Some(payload) = answer {
        response(&mut object, call.rpc.response, payload, schema);
    }
    object.line()
}

/// What every line begins with.
fn begin(call: &Call<'_>, moment: Moment) -> Object {
    let mut object = Object::default();
    object.text("time", &time::rfc3339(moment.time));
    object.number("connection", call.connection);
    object.text("service", call.rpc.service);
    object.text("method", call.rpc.name);
    if call.rpc.is_streaming() {
        // What the lines of one stream have in common.
        object.number("stream", call.context.mh.stream_id);
    }
    object
}

/// Tells what was asked, exactly: the agent reads some bytes as a message that are none, as the
/// real one does.
fn request(object: &mut Object, request: Request<'_>, schema: &'static Schema) {
    let told = match request.message {
        Ok(message) => read(message.descriptor(), request.payload)
            .and_then(|exact| object.message("request", exact.as_ref(), schema)),
        Err(reason) => Err(reason.to_owned()),
    };
    if let Err(reason) = told {
        object.text("error", &reason);
        object.text("payload", &hex::digits(request.payload));
    }
}

fn read(ty: &Message, payload: &[u8]) -> Result<Box<dyn Reflect>, String> {
    let mut message = (ty.new)();
    match decode(message.as_mut(), payload) {
        Ok(()) => Ok(message),
        Err(error) => Err(format!("not a valid {}: {error}", ty.full_name)),
    }
}

fn response(object: &mut Object, ty: &Message, payload: &[u8], schema: &'static Schema) {
    let told =
        read(ty, payload).and_then(|message| object.message("response", message.as_ref(), schema));
    if told.is_err() {
        object.text("response_payload", &hex::digits(payload));
    }
}

fn status(code: i32, message: &str) -> Object {
    let mut object = Object::default();
    object.number("code", code);
    if let Some(code) = Code::from_i32(code) {
        object.text("name", &format!("{code:?}"));
    }
    if !message.is_empty() {
        object.text("message", message);
    }
    object
}
