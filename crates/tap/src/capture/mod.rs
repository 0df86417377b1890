//! Seeing the calls between a runtime and an agent over vsock without standing in between: the
//! kernel copies each packet to a vsockmon link, and from those of an agent's port the same is
//! told as a proxy tells.

mod connections;
mod link;
mod packet;

use std::io;

use tokio::runtime::Runtime;

use crate::log::Log;
use crate::socket::Socket;

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
        let mut packets = self.packets;
        let mut connections = Connections::new(filter, log);
        let mut lost = 0;
        let outcome = runtime.block_on(async {
            let socket = Socket::new(packets.socket()?)?;
            let mut take = |packets: &mut Packets, buffer: &mut [u8]| {
                let read = packets.read(buffer)?;
                if read.lost > 0 {
                    lost += read.lost;
                    connections.lose(read.lost);
                }
                connections.take(buffer.get(..read.length).unwrap_or_default());
                Ok(())
            };
            let mut buffer = vec![0; ROOM];
            let all = async {
                loop {
                    let taken = socket.when_readable(|| take(&mut packets, &mut buffer));
                    if let Err(error) = taken.await {
                        return error;
                    }
                }
            };
            tokio::select! {
                // As where somebody else has taken the link down.
                error = all => return Err(error),
                () = until => {}
            }
            // What came before the end is there still.
            while take(&mut packets, &mut buffer).is_ok() {}
            Ok(())
        });
        let rest = packets.lost_at_the_end();
        if rest > 0 {
            connections.lose(rest);
        }
        connections.finish();
        outcome.map(|()| lost + rest)
    }
}

#[cfg(test)]
mod tests;
