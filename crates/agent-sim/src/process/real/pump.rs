//! Carries bytes between a program's streams and the pipes that calls use, a
//! piece at a time and only as fast as they are taken.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use nix::unistd::{read, write};
use tokio::sync::watch;

use crate::process::Pipe;

use super::End;

/// How much is carried at once.
const PIECE: usize = 16_384;

/// Carries what a program writes, to the end of it, or until nobody reads it or
/// `gone` is closed. The pipe ends then.
pub(super) async fn fill(end: Arc<End>, pipe: Pipe, mut gone: watch::Receiver<Option<i32>>) {
    let carry = async {
        let mut buffer = vec![0; PIECE];
        // An error is how a terminal ends: with EIO.
        while let Ok(count @ 1..) = on_ready_to_read(&end, &mut buffer).await {
            if !pipe
                .write_all(buffer.get(..count).unwrap_or_default())
                .await
            {
                break;
            }
        }
    };
    tokio::select! {
        () = carry => {}
        () = async { while gone.changed().await.is_ok() {} } => {}
    }
    pipe.end();
}

/// Carries what a program is to read, to the end of it or until it reads no more.
pub(super) async fn drain(pipe: Pipe, end: Arc<End>) {
    while let Some(bytes) = pipe.next(PIECE).await {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match on_ready_to_write(&end, rest).await {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(_) => {
                    pipe.abandon();
                    return;
                }
            }
        }
    }
}

async fn on_ready_to_read(end: &End, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let mut ready = poll_fn(|context| end.poll_read_ready(context)).await?;
        match ready.try_io(|end| Ok(read(end.get_ref(), buffer)?)) {
            Ok(result) => return result,
            Err(_would_block) => {}
        }
    }
}

async fn on_ready_to_write(end: &End, bytes: &[u8]) -> io::Result<usize> {
    loop {
        let mut ready = poll_fn(|context| end.poll_write_ready(context)).await?;
        match ready.try_io(|end| Ok(write(end.get_ref(), bytes)?)) {
            Ok(result) => return result,
            Err(_would_block) => {}
        }
    }
}
