//! One direction of a process's stdio: bytes that one side writes and the other
//! reads, with an end. It holds no more than a pipe of the kernel does, so that
//! a process nobody reads from waits instead of filling the memory.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

/// How many bytes wait to be read at most: a pipe of Linux, see pipe(7).
const CAPACITY: usize = 65_536;

/// A pipe. Clones are the same pipe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pipe(Arc<watch::Sender<Buffer>>);

#[derive(Debug, Default)]
struct Buffer {
    bytes: VecDeque<u8>,
    /// Nothing more will be written.
    ended: bool,
    /// Nothing more will be read.
    abandoned: bool,
}

impl Buffer {
    /// Takes at most `limit` bytes. `None` while there are none.
    fn read(&mut self, limit: usize) -> Option<Vec<u8>> {
        if self.bytes.is_empty() && limit > 0 && !self.ended {
            return None;
        }
        let count = limit.min(self.bytes.len());
        Some(self.bytes.drain(..count).collect())
    }

    /// Adds as many bytes as there is room for, and tells how many. `None` when
    /// nobody will read them.
    fn write(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.ended || self.abandoned {
            return None;
        }
        let room = CAPACITY - self.bytes.len().min(CAPACITY);
        let count = room.min(bytes.len());
        self.bytes.extend(bytes.iter().take(count));
        Some(count)
    }
}

impl Pipe {
    /// Writes all of `bytes`, as fast as they are read. False if nobody will
    /// read them.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> bool {
        let mut changes = self.0.subscribe();
        while !bytes.is_empty() {
            let mut written = None;
            self.0.send_if_modified(|buffer| {
                written = buffer.write(bytes);
                matches!(written, Some(1..))
            });
            match written {
                None => return false,
                // An error means that the pipe is gone, and it is held here.
                Some(0) => drop(changes.changed().await),
                Some(count) => bytes = bytes.get(count..).unwrap_or_default(),
            }
        }
        true
    }

    /// The next bytes, at most `limit`, once there are some. `None` at the end.
    pub(crate) async fn next(&self, limit: usize) -> Option<Vec<u8>> {
        let mut changes = self.0.subscribe();
        loop {
            let mut read = None;
            self.0.send_if_modified(|buffer| {
                read = buffer.read(limit);
                read.as_ref().is_some_and(|read| !read.is_empty())
            });
            match read {
                Some(bytes) => return (limit == 0 || !bytes.is_empty()).then_some(bytes),
                None => drop(changes.changed().await),
            }
        }
    }

    /// Returns once there is something to read, or nothing will come.
    pub(crate) async fn ready(&self) {
        let mut changes = self.0.subscribe();
        let is_ready = |buffer: &Buffer| buffer.ended || !buffer.bytes.is_empty();
        // An error means that the pipe is gone, and it is held here.
        let _ = changes.wait_for(is_ready).await;
    }

    /// The writing side closes: what was written can still be read.
    pub(crate) fn end(&self) {
        self.0.send_modify(|buffer| buffer.ended = true);
    }

    /// The reading side closes: what was written is lost.
    pub(crate) fn abandon(&self) {
        self.0.send_modify(|buffer| {
            buffer.abandoned = true;
            buffer.bytes = VecDeque::new();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_in_pieces_of_the_readers_size_to_its_end() {
        let pipe = Pipe::default();
        let (read, written) = tokio::join!(pipe.next(2), pipe.write_all(b"abc"));
        assert_eq!((read.as_deref(), written), (Some(&b"ab"[..]), true));
        pipe.end();
        assert_eq!(pipe.next(0).await.as_deref(), Some(&b""[..]));
        assert_eq!(pipe.next(2).await.as_deref(), Some(&b"c"[..]));
        assert_eq!(pipe.next(2).await, None);
        assert!(!pipe.write_all(b"x").await);
    }

    #[tokio::test]
    async fn a_writer_waits_for_a_reader_when_the_pipe_is_full() {
        let pipe = Pipe::default();
        let bytes = vec![7; 2 * CAPACITY + 3];
        let (whole, read) = tokio::join!(pipe.write_all(&bytes), async {
            let mut read = 0;
            while read < 2 * CAPACITY + 3 {
                let next = pipe.next(usize::MAX).await.unwrap_or_default();
                assert!(next.len() <= CAPACITY);
                read += next.len();
            }
            read
        });
        assert!(whole);
        assert_eq!(read, 2 * CAPACITY + 3);
    }

    #[tokio::test]
    async fn a_writer_learns_that_nobody_reads_any_more() {
        let pipe = Pipe::default();
        let full = vec![0; CAPACITY + 1];
        let (written, ()) = tokio::join!(pipe.write_all(&full), async { pipe.abandon() });
        assert!(!written);
    }
}
