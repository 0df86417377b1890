//! Seeing the calls between a runtime and an agent over vsock without standing in between: the
//! kernel copies each packet to a vsockmon link, and from those of an agent's port the same is
//! told as a proxy tells.

mod connections;
mod link;
mod packet;

use std::io;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Runtime;

use crate::log::Log;

use self::connections::Connections;
use self::link::Packets;

pub use self::connections::Filter;
pub use self::link::CaptureError;

/// Longer than any packet.
const ROOM: usize = 256 << 10;

/// A capture that has begun: from here on packets wait for it.
#[derive(Debug)]
pub struct Capture {
    packets: Packets,
}

impl Capture {
    /// Makes a vsockmon link, which is removed with this.
    ///
    /// # Errors
    /// When that is not allowed, or the kernel cannot.
    pub fn start() -> Result<Capture, CaptureError> {
        let packets = Packets::open()?;
        Ok(Capture { packets })
    }

    /// Tells what packets say until `until` is over, and how many were lost on the way.
    ///
    /// # Errors
    /// When no packet can be read any more.
    pub fn run(
        self,
        runtime: &Runtime,
        filter: Filter,
        log: Log,
        until: impl Future<Output = ()>,
    ) -> io::Result<u64> {
        let mut connections = Connections::new(filter, log);
        let mut lost = 0;
        let outcome = runtime.block_on(async {
            let mut packets = AsyncFd::register_with_interest(self.packets, Interest::READABLE)?;
            tokio::select! {
                error = take_all(&mut packets, &mut connections, &mut lost) => return Err(error),
                () = until => {}
            }
            // What came before the end is there still.
            let mut buffer = vec![0; ROOM];
            let packets = packets.get_mut();
            while let Ok(read) = packets.read(&mut buffer) {
                lost += read.lost;
                take(&mut connections, &read, &buffer);
            }
            let rest = packets.lost_at_the_end();
            if rest > 0 {
                lost += rest;
                connections.lose(rest);
            }
            Ok(())
        });
        connections.finish();
        outcome.map(|()| lost)
    }
}

/// Takes packets until none can be read any more.
async fn take_all(
    packets: &mut AsyncFd<Packets>,
    connections: &mut Connections,
    lost: &mut u64,
) -> io::Error {
    let mut buffer = vec![0; ROOM];
    loop {
        let read = packets.async_io_mut(Interest::READABLE, |packets| packets.read(&mut buffer));
        match read.await {
            Ok(read) => {
                *lost += read.lost;
                take(connections, &read, &buffer);
            }
            // The link was taken down by somebody else.
            Err(error) => return error,
        }
    }
}

fn take(connections: &mut Connections, read: &link::Read, buffer: &[u8]) {
    if read.lost > 0 {
        connections.lose(read.lost);
    }
    connections.take(buffer.get(..read.length).unwrap_or_default());
}

#[cfg(test)]
mod tests;
