//! A client that makes the calls of a runtime, one a line of a script as JSON:
//! `{"call": "service/Method", "req": {...}, "timeout": "60s", "async": true}`,
//! where an asynchronous call stays open while others go on, and `{"sleep": "200ms"}`.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::task::JoinHandle;
use ttrpc::asynchronous::Client;
use ttrpc::context;

use crate::table::rpc;
use crate::text::{Names, from_json, json};

/// A call that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `service/Method`.
    pub rpc: String,
    /// The request.
    pub request: Value,
    /// The response as ProtoJSON with the names of the proto, or what went wrong.
    pub answer: Result<Value, String>,
}

/// Makes the calls of a script on one connection over hybrid vsock, which begins
/// with `greeting`. They come back in the order of the script, with what those
/// that stayed open were answered in the end.
///
/// # Errors
/// When there is no connection.
///
/// # Panics
/// When a line is wrong.
pub async fn play(socket: &Path, greeting: &str, script: &str) -> io::Result<Vec<Ended>> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(greeting.as_bytes()).await?;
    let mut answer = Vec::new();
    while answer.last() != Some(&b'\n') {
        answer.push(stream.read_u8().await?);
    }
    if !answer.starts_with(b"OK ") {
        return Err(io::Error::other(String::from_utf8_lossy(&answer)));
    }
    let client = Client::new(stream.into());
    let mut calls = Vec::new();
    for line in script.lines() {
        let step = parsed(line);
        if let Some(time) = step["sleep"].as_str() {
            tokio::time::sleep(duration(time)).await;
            continue;
        }
        let call = begin(&client, step.clone());
        calls.push(match step["async"] {
            Value::Bool(true) => Begun::Open(call),
            _ => Begun::Ended(finished(call).await),
        });
    }
    let mut ended = Vec::new();
    for call in calls {
        ended.push(match call {
            Begun::Open(call) => finished(call).await,
            Begun::Ended(ended) => ended,
        });
    }
    Ok(ended)
}

enum Begun {
    Open(JoinHandle<Ended>),
    Ended(Ended),
}

#[expect(clippy::expect_used, reason = "a panic is how a test fails")]
async fn finished(call: JoinHandle<Ended>) -> Ended {
    call.await.expect("the call does not panic")
}

#[expect(clippy::expect_used, reason = "a panic is how a test fails")]
fn parsed(line: &str) -> Value {
    serde_json::from_str(line).expect("a line is JSON")
}

/// `200ms` or `60s`.
#[expect(clippy::expect_used, reason = "a panic is how a test fails")]
fn duration(text: &str) -> Duration {
    let milliseconds = text.strip_suffix("ms").map(str::parse);
    let seconds = || text.strip_suffix('s').map(str::parse);
    match milliseconds {
        Some(number) => Duration::from_millis(number.expect("a number")),
        None => Duration::from_secs(seconds().expect("a time").expect("a number")),
    }
}

fn begin(client: &Client, step: Value) -> JoinHandle<Ended> {
    let client = client.clone();
    tokio::spawn(async move {
        let path = step["call"].as_str().unwrap_or_default();
        let answer = call(&client, path, &step).await;
        Ended {
            rpc: path.to_owned(),
            request: step["req"].clone(),
            answer,
        }
    })
}

async fn call(client: &Client, path: &str, step: &Value) -> Result<Value, String> {
    let rpc = rpc(path);
    let like = rpc.request().new_instance();
    let request = from_json(&*like, &step["req"].to_string())?;
    let request = request
        .write_to_bytes_dyn()
        .map_err(|error| error.to_string())?;
    let limit = step["timeout"].as_str().map_or(0, |time| {
        i64::try_from(duration(time).as_nanos()).unwrap_or(i64::MAX)
    });
    let context = context::with_timeout(limit);
    let response = rpc.call(client, context, request).await;
    let response = response.map_err(|error| error.to_string())?;
    let mut message = rpc.response().new_instance();
    message
        .merge_from_bytes_dyn(&response)
        .map_err(|error| error.to_string())?;
    Ok(parsed(&json(&*message, Names::Proto)))
}
