//! Passing bytes between two sockets, unchanged and at once. A copy of them is told, on the side.
//!
//! One thread serves all connections and reads into one buffer. What the other side has no room
//! for is kept, and of that connection no more is read until it has passed.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;

use agent_faults::{Budget, Share};
use nix::sys::socket::Shutdown;

use crate::connection::Connection;
use crate::conversation::Direction;
use crate::socket::{Received, Socket};

/// What a read takes at most: what a socket holds.
const MOST_ROOM: usize = 256 << 10;
/// What it takes where the connections keep all that they may.
const LEAST_ROOM: usize = 4 << 10;
/// How many bytes all connections may keep together for which the other side has no room.
const MOST_UNSENT: usize = 32 << 20;

/// What the connections of a thread read with, one after the other.
struct Reading {
    buffer: Vec<u8>,
    unsent: Budget,
}

thread_local! {
    static READING: RefCell<Reading> = RefCell::new(Reading {
        buffer: vec![0; MOST_ROOM],
        unsent: Budget::new(MOST_UNSENT),
    });
}

/// What was read and has no room at the other side yet.
struct Rest {
    bytes: Vec<u8>,
    descriptors: Vec<OwnedFd>,
    /// Of what all connections may keep.
    _share: Share,
}

/// Why bytes pass no more one way.
enum Failed {
    Reading(io::Error),
    Writing(io::Error),
}

/// Passes bytes both ways until both ends have come, and tells why if it was for another
/// reason.
pub(crate) async fn both(
    connection: &Connection,
    client: &Socket,
    agent: &Socket,
) -> Option<String> {
    let ends = tokio::join!(
        one_way(connection, Direction::ToAgent, client, agent),
        one_way(connection, Direction::ToRuntime, agent, client),
    );
    let error = ends.0.err().or(ends.1.err());
    error.as_ref().map(agent_text::reason)
}

/// Passes bytes one way until there are no more, and the end too.
async fn one_way(
    connection: &Connection,
    direction: Direction,
    from: &Socket,
    to: &Socket,
) -> io::Result<()> {
    let outcome = copy(connection, direction, from, to).await;
    match &outcome {
        Ok(()) => to.shut_down(Shutdown::Write),
        // Who reads no more may have said something before, which still passes.
        Err(Failed::Writing(_)) => from.shut_down(Shutdown::Read),
        // One side is gone, so the other one has to go too.
        Err(Failed::Reading(_)) => {
            from.shut_down(Shutdown::Both);
            to.shut_down(Shutdown::Both);
        }
    }
    connection.see_end(direction);
    // How a connection goes down is its two sides' business.
    match outcome {
        Ok(()) => Ok(()),
        Err(Failed::Reading(error) | Failed::Writing(error)) => match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected => Ok(()),
            _ => Err(error),
        },
    }
}

async fn copy(
    connection: &Connection,
    direction: Direction,
    from: &Socket,
    to: &Socket,
) -> Result<(), Failed> {
    while let Some(rest) = from
        .when_readable(|| forward(connection, direction, from, to))
        .await
        .map_err(Failed::Reading)?
    {
        let sent = to.send(&rest.bytes, &rest.descriptors).await;
        sent.map_err(Failed::Writing)?;
        if !rest.bytes.is_empty() {
            connection.see(direction, &rest.bytes);
        }
    }
    Ok(())
}

/// Reads what is there and writes what has room. Gives the rest, and nothing at the end.
fn forward(
    connection: &Connection,
    direction: Direction,
    from: &Socket,
    to: &Socket,
) -> io::Result<Option<Rest>> {
    READING.with_borrow_mut(|Reading { buffer, unsent }| {
        let mut share = unsent.share();
        let room = match share.resize(MOST_ROOM) {
            true => MOST_ROOM,
            false => LEAST_ROOM,
        };
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        // Calls come without descriptors.
        let Received { count, descriptors } = match connection.has_frames(direction) {
            true => from.receive_now(buffer)?,
            false => from.receive_in_step(buffer)?,
        };
        if count == 0 {
            return Ok(None);
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        // Whatever is wrong with the other side shows when the rest is written.
        let sent = to.send_now(bytes, &descriptors).unwrap_or(0);
        let (passed, rest) = bytes.split_at(sent);
        if !passed.is_empty() {
            connection.see(direction, passed);
        }
        if room == MOST_ROOM {
            share.resize(rest.len());
        }
        Ok(Some(Rest {
            bytes: rest.to_vec(),
            descriptors: if sent > 0 { Vec::new() } else { descriptors },
            _share: share,
        }))
    })
}
