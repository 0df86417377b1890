//! What goes into a process and comes out of it.

use ttrpc::Code;

use crate::call::Call;
use crate::process::Size;
use crate::protos::agent::{
    CloseStdinRequest, ReadStreamRequest, ReadStreamResponse, TtyWinResizeRequest,
    WriteStreamRequest, WriteStreamResponse,
};
use crate::protos::empty::Empty;
use crate::refusal::{internal, refusal};
use crate::state::Stream;

use super::lookup::{by_status, by_text};
use super::{done, spec};

/// Writes all of the data, as fast as it is read, also before the process is
/// started. No data closes the input.
pub(crate) async fn write_stdin(
    call: Call<'_>,
    request: WriteStreamRequest,
) -> ttrpc::Result<WriteStreamResponse> {
    let mut sandbox = call.sandbox().await;
    let found = sandbox
        .containers
        .find_task(&request.container_id, &request.exec_id);
    let task = found.map_err(by_text)?;
    drop(sandbox);
    let mut response = WriteStreamResponse::new();
    if request.data.is_empty() {
        task.close_stdin();
        return Ok(response);
    }
    if task.stdin_is_closed() {
        return Err(internal("Cannot get writer"));
    }
    // What is typed on a terminal that nobody reads any more is lost.
    if !task.write(&request.data).await && !task.has_terminal() {
        return Err(internal("Broken pipe (os error 32)"));
    }
    response.len = u32::try_from(request.data.len()).unwrap_or(u32::MAX);
    Ok(response)
}

pub(crate) async fn read_stdout(
    call: Call<'_>,
    request: ReadStreamRequest,
) -> ttrpc::Result<ReadStreamResponse> {
    read(call, request, Stream::Stdout).await
}

pub(crate) async fn read_stderr(
    call: Call<'_>,
    request: ReadStreamRequest,
) -> ttrpc::Result<ReadStreamResponse> {
    read(call, request, Stream::Stderr).await
}

/// Reads what there is, once there is something: at the end nothing, or on a
/// terminal an error, as often as it is asked for, until the process is waited for.
/// What the policy keeps from being read is thrown away.
async fn read(
    call: Call<'_>,
    request: ReadStreamRequest,
    stream: Stream,
) -> ttrpc::Result<ReadStreamResponse> {
    let mut sandbox = call.sandbox().await;
    let found = sandbox
        .containers
        .find_task(&request.container_id, &request.exec_id);
    let task = found.map_err(by_status)?;
    drop(sandbox);
    if task.has_terminal() && task.stdin_is_closed() {
        return Err(internal("cannot get stream reader"));
    }
    let limit = usize::try_from(request.len).unwrap_or(usize::MAX);
    let output = task.output(stream);
    // The agent waits for errors also where none of them are asked for.
    if limit == 0 && stream == Stream::Stderr {
        output.ready().await;
    }
    let data = output.next(limit).await;
    let mut response = ReadStreamResponse::new();
    response.data = match data {
        None if task.has_terminal() => return Err(internal("Input/output error (os error 5)")),
        None => Vec::new(),
        Some(_) if call.agent.permit(&request).await.is_err() => Vec::new(),
        Some(data) => data,
    };
    Ok(response)
}

/// Closes the input of a process; its terminal if it has one, for good.
pub(crate) async fn close_stdin(
    call: Call<'_>,
    request: CloseStdinRequest,
) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let found = sandbox
        .containers
        .find_task(&request.container_id, &request.exec_id);
    found.map_err(by_status)?.close_stdin();
    done()
}

/// Sets the size of a terminal.
pub(crate) async fn resize(call: Call<'_>, request: TtyWinResizeRequest) -> ttrpc::Result<Empty> {
    let mut sandbox = call.sandbox().await;
    let found = sandbox
        .containers
        .find_task(&request.container_id, &request.exec_id);
    let task = found.map_err(by_status)?;
    if !task.has_terminal() || task.stdin_is_closed() {
        return Err(refusal(Code::UNAVAILABLE, "\"no tty\""));
    }
    task.resize(Size {
        rows: spec::low_16(request.row),
        columns: spec::low_16(request.column),
    });
    done()
}
