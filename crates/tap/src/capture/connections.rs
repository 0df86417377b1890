//! The connections between runtimes and agents, as the packets of a link show them: each is
//! told as one that passes a proxy. After a gap the frames of a connection are found again
//! where a packet begins with one.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::connection::Connection;
use crate::conversation::Direction;
use crate::log::Log;
use crate::queue::Loss;
use crate::recorder::{Event, What as Happened};

use super::packet::{End, Packet, What};

/// How many connections are kept at once. A guest that opens more loses those of which nothing
/// was heard for longest.
const MOST_CONNECTIONS: usize = 4096;

/// Which connections are looked at.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// The guest's context ID; none for all guests.
    pub cid: Option<u32>,
    /// The guest's port that the agent listens on.
    pub port: u32,
}

/// Who made a connection, and the agent that it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Ends {
    client: End,
    agent: End,
}

/// All connections that are open.
pub(super) struct Connections {
    filter: Filter,
    log: Log,
    open: HashMap<Ends, Open>,
    /// How many connections there were.
    count: u64,
    /// How many packets there were, which tells what came when.
    packets: u64,
}

struct Open {
    connection: Connection,
    /// The number of its last packet.
    last: u64,
    ended: [bool; 2],
}

impl Connections {
    pub(super) fn new(filter: Filter, log: Log) -> Connections {
        Connections {
            filter,
            log,
            open: HashMap::new(),
            count: 0,
            packets: 0,
        }
    }

    /// Takes a packet as it comes from the link.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let Some(packet) = Packet::read(bytes) else {
            return;
        };
        let Some((ends, direction)) = self.place(&packet) else {
            return;
        };
        self.packets += 1;
        match packet.what {
            What::Request if direction == Direction::ToAgent => {
                // The end of an earlier one was not seen.
                self.open.remove(&ends);
                self.open(ends, false);
            }
            What::Request | What::Control => {}
            What::Payload(bytes) => {
                if !self.open.contains_key(&ends) {
                    self.open(ends, true);
                }
                if let Some(open) = self.open.get_mut(&ends) {
                    open.last = self.packets;
                    open.connection.see(direction, bytes);
                }
            }
            What::Shutdown => {
                if let Some(open) = self.open.get_mut(&ends) {
                    open.end(direction);
                    if open.ended == [true, true] {
                        self.close(ends);
                    }
                }
            }
            What::Reset => self.close(ends),
        }
    }

    /// Takes note that so many packets are missing here, of whichever connections.
    pub(super) fn lose(&mut self, packets: u64) {
        self.log.insist(Event {
            connection: 0,
            time: SystemTime::now(),
            what: Happened::Lost(Loss {
                items: packets,
                bytes: 0,
            }),
        });
        for open in self.open.values_mut() {
            open.connection.lose();
        }
    }

    /// Ends what is open, as nothing more is looked at.
    pub(super) fn finish(&mut self) {
        let mut open: Vec<_> = self.open.drain().map(|(_, open)| open).collect();
        open.sort_by_key(|open| open.connection.number());
        for open in open {
            let reason = "the capture has ended".to_owned();
            open.connection.ends_by(Some(reason));
        }
    }

    /// Which connection a packet belongs to, and which way it went.
    fn place(&self, packet: &Packet<'_>) -> Option<(Ends, Direction)> {
        let Packet { from, to, .. } = *packet;
        let is_agent = |end: End| {
            let is_guest = |cid| end.cid == u64::from(cid);
            end.port == self.filter.port && self.filter.cid.is_none_or(is_guest)
        };
        match (is_agent(to), is_agent(from)) {
            (true, false) => Some((
                Ends {
                    client: from,
                    agent: to,
                },
                Direction::ToAgent,
            )),
            (false, true) => Some((
                Ends {
                    client: to,
                    agent: from,
                },
                Direction::ToRuntime,
            )),
            _ => None,
        }
    }

    /// A connection, of which the beginning may not have been seen.
    fn open(&mut self, ends: Ends, is_under_way: bool) {
        self.count += 1;
        let Ends { client, agent } = ends;
        let seen = match is_under_way {
            true => ", which was open already",
            false => "",
        };
        let text = format!(
            "vsock://{}:{} to vsock://{}:{}{seen}",
            client.cid, client.port, agent.cid, agent.port
        );
        let connection = Connection::open(self.count, self.log.clone(), self.filter.port, text);
        if is_under_way {
            connection.lose();
        }
        let open = Open {
            connection,
            last: self.packets,
            ended: [false, false],
        };
        self.open.insert(ends, open);
        self.bound();
    }

    fn close(&mut self, ends: Ends) {
        if let Some(mut open) = self.open.remove(&ends) {
            open.end(Direction::ToAgent);
            open.end(Direction::ToRuntime);
        }
    }

    /// Lets go of the connection of which nothing was heard for longest, if there are too many.
    fn bound(&mut self) {
        if self.open.len() <= MOST_CONNECTIONS {
            return;
        }
        let oldest = self.open.iter().min_by_key(|(_, open)| open.last);
        if let Some(ends) = oldest.map(|(ends, _)| *ends)
            && let Some(open) = self.open.remove(&ends)
        {
            let reason = "nothing was heard of it for longest, and there were too many";
            open.connection.ends_by(Some(reason.to_owned()));
        }
    }
}

impl Open {
    /// One direction has ended.
    fn end(&mut self, direction: Direction) {
        if !std::mem::replace(&mut self.ended[direction.index()], true) {
            self.connection.see_end(direction);
        }
    }
}
