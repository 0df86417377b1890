//! One direction of a process's stdio: bytes that one side writes and the other
//! reads, with an end. It holds no more than a pipe of the kernel does, so that
//! a process nobody reads from waits instead of filling the memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::change::{Change, Wait};

/// How many bytes wait to be read at most: a pipe of Linux, see pipe(7).
const CAPACITY: usize = 65_536;

/// A pipe. Clones are the same pipe.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pipe {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    buffer: Mutex<Buffer>,
    change: Change,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: VecDeque<u8>,
    /// Nothing more will be written.
    ended: bool,
    /// Nothing more will be read.
    abandoned: bool,
}

/// What reading gives.
#[derive(Debug)]
pub(crate) enum Read {
    /// At least one byte, or none where none were asked for.
    Bytes(Vec<u8>),
    /// Nothing is left, and nothing will come.
    End,
    /// Nothing is there yet: try again after the wait.
    Later(Wait),
}

/// What writing gives.
#[derive(Debug)]
pub(crate) enum Write {
    /// So many bytes were taken, at least one unless none were given.
    Taken(usize),
    /// Nobody will read them.
    Broken,
    /// There is no room yet: try again after the wait.
    Later(Wait),
}

impl Pipe {
    /// Reads at most `limit` bytes, and at once.
    pub(crate) fn read(&self, limit: usize) -> Read {
        let mut buffer = self.lock();
        if buffer.bytes.is_empty() && limit > 0 {
            if buffer.ended {
                return Read::End;
            }
            return Read::Later(self.inner.change.next());
        }
        let count = limit.min(buffer.bytes.len());
        let bytes = buffer.bytes.drain(..count).collect();
        self.inner.change.announce();
        Read::Bytes(bytes)
    }

    /// Writes as many bytes as there is room for, and at once.
    pub(crate) fn write(&self, bytes: &[u8]) -> Write {
        let mut buffer = self.lock();
        if buffer.ended || buffer.abandoned {
            return Write::Broken;
        }
        let room = CAPACITY - buffer.bytes.len().min(CAPACITY);
        if room == 0 && !bytes.is_empty() {
            return Write::Later(self.inner.change.next());
        }
        let count = room.min(bytes.len());
        buffer.bytes.extend(bytes.iter().take(count));
        self.inner.change.announce();
        Write::Taken(count)
    }

    /// Writes all of `bytes`, as fast as they are read. False if nobody will
    /// read them.
    pub(crate) async fn write_all(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Write::Taken(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Write::Broken => return false,
                Write::Later(wait) => wait.done().await,
            }
        }
        true
    }

    /// The next bytes, at most `limit`, once there are some. `None` at the end.
    pub(crate) async fn next(&self, limit: usize) -> Option<Vec<u8>> {
        loop {
            match self.read(limit) {
                Read::Bytes(bytes) => return Some(bytes),
                Read::End => return None,
                Read::Later(wait) => wait.done().await,
            }
        }
    }

    /// Returns once there is something to read, or nothing will come.
    pub(crate) async fn ready(&self) {
        loop {
            let change = self.inner.change.next();
            let is_ready = {
                let buffer = self.lock();
                buffer.ended || !buffer.bytes.is_empty()
            };
            if is_ready {
                return;
            }
            change.done().await;
        }
    }

    /// The writing side closes: what was written can still be read.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.inner.change.announce();
    }

    /// The reading side closes: what was written is lost.
    pub(crate) fn abandon(&self) {
        let mut buffer = self.lock();
        buffer.abandoned = true;
        buffer.bytes = VecDeque::new();
        self.inner.change.announce();
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        let buffer = &self.inner.buffer;
        buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_in_pieces_of_the_readers_size_to_its_end() {
        let pipe = Pipe::default();
        assert!(matches!(pipe.read(1), Read::Later(_)));
        assert!(pipe.write_all(b"abc").await);
        pipe.end();
        assert_eq!(pipe.next(2).await.as_deref(), Some(&b"ab"[..]));
        assert_eq!(pipe.next(2).await.as_deref(), Some(&b"c"[..]));
        assert_eq!(pipe.next(2).await, None);
        assert!(matches!(pipe.write(b"x"), Write::Broken));
    }

    #[tokio::test]
    async fn a_writer_waits_for_a_reader_when_the_pipe_is_full() {
        let pipe = Pipe::default();
        let bytes = vec![7; CAPACITY + 3];
        assert!(matches!(pipe.write(&bytes), Write::Taken(CAPACITY)));
        assert!(matches!(pipe.write(&bytes), Write::Later(_)));
        let (whole, read) = tokio::join!(pipe.write_all(&bytes), async {
            let mut read = 0;
            while read < 2 * CAPACITY + 3 {
                read += pipe.next(4096).await.map_or(0, |bytes| bytes.len());
            }
            read
        });
        assert!(whole);
        assert_eq!(read, 2 * CAPACITY + 3);
    }

    #[tokio::test]
    async fn a_writer_learns_that_nobody_reads_any_more() {
        let pipe = Pipe::default();
        pipe.abandon();
        assert!(!pipe.write_all(b"x").await);
    }
}
