//! What goes into a process and comes out of it.

use ttrpc::Code;

use crate::fields;
use crate::process::{Read, Size, Write};
use crate::refusal::{internal, refusal};
use crate::state::Stream;
use agent_schema::Reflect;

use super::lookup::{by_status, by_text, task, task_of_call};
use super::{Answer, Context, Outcome, Row, spec};

pub(super) const ROWS: &[Row] = &[
    ("grpc.AgentService/WriteStdin", write_stdin),
    ("grpc.AgentService/ReadStdout", read_stdout),
    ("grpc.AgentService/ReadStderr", read_stderr),
    ("grpc.AgentService/CloseStdin", close_stdin),
    ("grpc.AgentService/TtyWinResize", tty_win_resize),
];

/// Writes all of the data, as fast as it is read, also before the process is
/// started. No data closes the input.
fn write_stdin(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    let data = fields::bytes(request, "data");
    let is_first_try = context.progress.task.is_none();
    let task = task_of_call(context, request, by_text)?;
    if data.is_empty() {
        task.close_stdin();
        return Ok(Outcome::Done);
    }
    if is_first_try && task.stdin_is_closed() {
        return Err(internal("Cannot get writer"));
    }
    let progress = &mut context.progress;
    if progress.turn.is_none() {
        match task.take_turn() {
            Ok(turn) => progress.turn = Some(turn),
            Err(wait) => return Ok(Outcome::Later(wait)),
        }
    }
    while let Some(rest @ [_, ..]) = data.get(progress.written..) {
        match task.stdin().write(rest) {
            Write::Taken(count) => progress.written += count,
            Write::Later(wait) => return Ok(Outcome::Later(wait)),
            // What is typed on a terminal that nobody reads any more is lost.
            Write::Broken if task.has_terminal() => break,
            Write::Broken => return Err(internal("Broken pipe (os error 32)")),
        }
    }
    fields::set_integer(response, "len", data.len() as u64);
    Ok(Outcome::Done)
}

fn read_stdout(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    read(context, request, response, Stream::Stdout)
}

fn read_stderr(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
) -> Answer {
    read(context, request, response, Stream::Stderr)
}

/// Reads what there is, once there is something: at the end nothing, or on a
/// terminal an error, as often as it is asked for, until the process is waited for.
fn read(
    context: &mut Context<'_>,
    request: &dyn Reflect,
    response: &mut dyn Reflect,
    stream: Stream,
) -> Answer {
    let is_first_try = context.progress.task.is_none();
    let task = task_of_call(context, request, by_status)?;
    if is_first_try && task.has_terminal() && task.stdin_is_closed() {
        return Err(internal("cannot get stream reader"));
    }
    let limit = usize::try_from(fields::integer(request, "len")).unwrap_or_default();
    match task.output(stream).read(limit) {
        Read::Bytes(bytes) => fields::set_bytes(response, "data", &bytes),
        Read::End if task.has_terminal() => {
            return Err(internal("Input/output error (os error 5)"));
        }
        Read::End => {}
        Read::Later(wait) => return Ok(Outcome::Later(wait)),
    }
    Ok(Outcome::Done)
}

/// Closes the input of a process; its terminal if it has one, for good.
fn close_stdin(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let task = task(context, request).map_err(by_status)?;
    task.close_stdin();
    Ok(Outcome::Done)
}

/// Sets the size of a terminal.
fn tty_win_resize(context: &mut Context<'_>, request: &dyn Reflect, _: &mut dyn Reflect) -> Answer {
    let task = task(context, request).map_err(by_status)?;
    if !task.has_terminal() || task.stdin_is_closed() {
        return Err(refusal(Code::UNAVAILABLE, "\"no tty\""));
    }
    task.resize(Size {
        rows: spec::size_field(request, "row"),
        columns: spec::size_field(request, "column"),
    });
    Ok(Outcome::Done)
}
