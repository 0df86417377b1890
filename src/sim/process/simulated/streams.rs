//! The three streams of a program that is played: pipes, a terminal, or
//! `/dev/null`. It knows bytes only.

use crate::sim::process::Pipe;

/// The signal of a program that writes what nobody will read.
pub(super) const SIGPIPE: i32 = 13;

/// The byte that ends a read of what was typed, though the line goes on: Ctrl-D.
/// Where no byte is before it, that is the end of the input.
pub(super) const END_OF_INPUT: u8 = 0x04;

/// How much is read at once.
const CHUNK: usize = 16_384;

/// Nobody will read what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// The streams.
#[derive(Debug, Clone)]
pub(super) struct Io {
    pub(super) input: Input,
    pub(super) output: Output,
    pub(super) errors: Output,
}

/// Where a program reads.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Nothing is there.
    Null,
    /// Another program, or calls, write it.
    Pipe(Pipe),
    /// The lines that were typed.
    Terminal(Pipe),
}

/// Where a program writes.
#[derive(Debug, Clone)]
pub(super) enum Output {
    /// Nobody wants it.
    Null,
    /// Another program, or calls, read it.
    Pipe(Pipe),
    /// The screen: lines begin at its left.
    Terminal(Pipe),
}

impl Io {
    /// Writes one line of complaint.
    pub(super) async fn complain(&self, text: &str) -> Result<(), Broken> {
        self.errors.write(format!("{text}\n").as_bytes()).await
    }
}

impl Input {
    /// The next bytes. `None` at the end.
    pub(super) async fn chunk(&self) -> Option<Vec<u8>> {
        match self {
            Input::Null => None,
            Input::Pipe(pipe) => pipe.next(CHUNK).await,
            Input::Terminal(_) => self.line(CHUNK).await,
        }
    }

    /// The next line with its end, or `limit` bytes of it: nothing of the next
    /// line is lost for the next reader. `None` at the end.
    pub(super) async fn line(&self, limit: usize) -> Option<Vec<u8>> {
        let (pipe, is_terminal) = match self {
            Input::Null => return None,
            Input::Pipe(pipe) => (pipe, false),
            Input::Terminal(pipe) => (pipe, true),
        };
        let mut line = Vec::new();
        while line.len() < limit {
            match pipe.next(1).await.as_deref() {
                Some([END_OF_INPUT]) if is_terminal => break,
                Some(byte) => line.extend_from_slice(byte),
                None => break,
            }
            if line.last() == Some(&b'\n') {
                break;
            }
        }
        (!line.is_empty()).then_some(line)
    }
}

impl Output {
    /// Writes all of it, and lets others have a turn.
    pub(super) async fn write(&self, bytes: &[u8]) -> Result<(), Broken> {
        tokio::task::yield_now().await;
        let whole = match self {
            Output::Null => true,
            Output::Pipe(pipe) => pipe.write_all(bytes).await,
            Output::Terminal(pipe) => pipe.write_all(&on_screen(bytes)).await,
        };
        if whole { Ok(()) } else { Err(Broken) }
    }
}

/// Text as a terminal puts it out: each line begins at the left.
pub(super) fn on_screen(bytes: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(bytes.len() + 1);
    for byte in bytes {
        if *byte == b'\n' {
            shown.push(b'\r');
        }
        shown.push(*byte);
    }
    shown
}
