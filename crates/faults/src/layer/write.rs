//! Writes whole frames to one side of a connection, one at a time, and gives up a
//! side that does not read.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// How long a side may read nothing that is written to it.
pub(super) const UNREAD: Duration = Duration::from_secs(30);

/// One side, to be written to.
pub(super) struct Writer {
    side: Mutex<Box<dyn AsyncWrite + Send + Unpin>>,
    unread: Duration,
}

/// A turn at writing, until it is dropped.
pub(super) struct Turn<'a> {
    side: MutexGuard<'a, Box<dyn AsyncWrite + Send + Unpin>>,
    unread: Duration,
}

impl Writer {
    /// A side that may read nothing for so long.
    pub(super) fn new(side: impl AsyncWrite + Send + Unpin + 'static, unread: Duration) -> Writer {
        Writer {
            side: Mutex::new(Box::new(side)),
            unread,
        }
    }

    /// The next turn.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn {
            side: self.side.lock().await,
            unread: self.unread,
        }
    }

    /// Tells the side that nothing more comes.
    pub(super) async fn close(&self) {
        // It may be gone.
        let _ = self.side.lock().await.shutdown().await;
    }
}

impl Turn<'_> {
    /// Writes all of it.
    ///
    /// # Errors
    /// When the side is gone, or has not read anything for too long.
    pub(super) async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match timeout(self.unread, self.side.write(bytes)).await?? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => bytes = bytes.get(count..).unwrap_or_default(),
            }
        }
        self.side.flush().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn a_side_that_reads_slowly_is_waited_for_and_one_that_does_not_read_is_not() {
        let (near, mut far) = duplex(4);
        let writer = Writer::new(near, Duration::from_millis(200));
        let slow = tokio::spawn(async move {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(40)).await;
                far.read_exact(&mut [0; 4]).await?;
            }
            io::Result::Ok(far)
        });
        // It takes longer than the limit in all.
        let written = writer.turn().await.write(&[0; 40]).await;
        assert!(written.is_ok(), "{written:?}");
        let _far = slow.await;
        let error = writer.turn().await.write(&[0; 40]).await.err();
        let kind = error.map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::TimedOut));
    }
}
