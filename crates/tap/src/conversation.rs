//! What is said on one connection, cut out of the bytes that pass in both directions: the
//! lines of a hybrid vsock handshake, ttRPC frames, and bytes that are neither.
//!
//! The bytes come in pieces of any size. What is kept of them is bounded for all connections
//! together: a frame that comes in part when too much is kept already is left out and told as
//! missing, and the one behind it is found by its length.

use agent_faults::{Budget, Share};
use serde::{Deserialize, Serialize};

/// Bytes of a frame's header.
pub(crate) const HEADER_LENGTH: usize = 10;
/// The largest number of data bytes in a frame: 4 MiB.
const LARGEST_DATA: usize = 4 << 20;
/// The longest line of a handshake, its newline included. The port has ten digits at most.
const LONGEST_LINE: usize = 64;
/// What each direction may keep of a frame whatever the others keep: enough for most calls.
const ALWAYS_KEPT: usize = 4 << 10;
/// A frame gets room for all of it at once if that takes no larger part of what is left to all.
const PLENTY: usize = 4;
/// How many bytes that are not ttRPC are kept of each direction.
const MOST_OTHER_BYTES: usize = 64 << 10;

/// The flag of a frame whose sender sends no more on the stream.
pub(crate) const FLAG_REMOTE_CLOSED: u8 = 1;
/// The flag of a frame without a message.
pub(crate) const FLAG_NO_DATA: u8 = 4;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From whoever made the connection, such as a runtime.
    ToAgent,
    /// From the agent.
    ToRuntime,
}

impl Direction {
    pub(crate) fn index(self) -> usize {
        match self {
            Direction::ToAgent => 0,
            Direction::ToRuntime => 1,
        }
    }
}

/// What a frame is. (<https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md>)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameType {
    /// Begins a call.
    Request,
    /// Ends a call.
    Response,
    /// Is one message of a stream, or its end.
    Data,
}

/// A frame that has come whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The stream it belongs to.
    pub(crate) stream_id: u32,
    /// What it is.
    pub(crate) frame_type: FrameType,
    /// The flags as they came.
    pub(crate) flags: u8,
    /// The data.
    pub(crate) data: Vec<u8>,
}

/// A piece of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A line of the handshake of hybrid vsock, without its newline.
    Handshake(String),
    /// A frame.
    Frame(Frame),
    /// Bytes that are not ttRPC, and what about the first of them is not.
    Other {
        /// The bytes, or the first of them.
        bytes: Vec<u8>,
        /// Why they are not a frame. Only the first piece of a direction tells it.
        reason: Option<String>,
    },
    /// A frame with so many bytes of data that is left out, as too much is kept already.
    LeftOut(usize),
}

/// The conversation on one connection, as far as it has come.
#[derive(Debug)]
pub(crate) struct Conversation {
    sides: [Side; 2],
    /// The guest's port that the agent listens on. What is said on another is not ttRPC.
    port: u32,
    /// Whether the client began with a handshake.
    is_hybrid: bool,
    /// Whether it is about another port than the agent's.
    is_elsewhere: bool,
}

#[derive(Debug)]
struct Side {
    state: State,
    /// The header of a frame that has come in part, once it is whole, and its bytes.
    header: Option<(Header, [u8; HEADER_LENGTH])>,
    /// A line, a header or the data of a frame, as far as it has come.
    partial: Vec<u8>,
    /// What is taken of the memory of all connections for it.
    share: Share,
    /// Whether the header of a frame has come.
    has_frames: bool,
    /// How many bytes are still to come of a frame that is left out.
    skipped: usize,
    /// How many bytes that are not ttRPC have been handed out.
    other: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has come.
    #[default]
    Start,
    /// A line of the handshake comes.
    Line,
    /// Frames come.
    Frames,
    /// Something is missing, and no frame was found again.
    Lost,
    /// Something else comes.
    Other,
}

impl Conversation {
    /// A connection on which nothing has been said. `port` is the agent's, for clients of
    /// hybrid vsock who say which one they want. `kept` bounds what all connections keep.
    pub(crate) fn new(port: u32, kept: &Budget) -> Conversation {
        Conversation {
            sides: [Side::new(kept), Side::new(kept)],
            port,
            is_hybrid: false,
            is_elsewhere: false,
        }
    }

    /// Takes bytes that pass in one direction, and hands out each piece that is whole now.
    pub(crate) fn feed(
        &mut self,
        direction: Direction,
        mut bytes: &[u8],
        mut each: impl FnMut(Piece),
    ) {
        while !bytes.is_empty() {
            let side = &mut self.sides[direction.index()];
            match side.state {
                State::Start => {
                    side.state = match (direction, bytes[0]) {
                        (Direction::ToAgent, b'C' | b'c') => {
                            self.is_hybrid = true;
                            State::Line
                        }
                        (Direction::ToRuntime, _) if self.is_hybrid => State::Line,
                        _ => State::Frames,
                    };
                }
                State::Line => bytes = self.line(direction, bytes, &mut each),
                State::Frames => bytes = side.frames(bytes, &mut each),
                State::Lost => match begins_a_frame(bytes) {
                    true => side.state = State::Frames,
                    // The rest of a frame whose beginning is missing.
                    false => return,
                },
                State::Other => {
                    // What is said to another port is not looked at.
                    if !self.is_elsewhere {
                        side.other(bytes, None, &mut each);
                    }
                    return;
                }
            }
        }
    }

    /// Whether ttRPC is spoken in a direction, as far as it has come.
    pub(crate) fn has_frames(&self, direction: Direction) -> bool {
        self.sides[direction.index()].has_frames
    }

    /// Takes note that bytes may be missing here, in either direction: what has come in part is
    /// given up. What is fed next begins a frame, if it looks as if it did; nothing else does.
    pub(crate) fn lose(&mut self) {
        for side in &mut self.sides {
            side.take_partial();
            side.skipped = 0;
            side.state = State::Lost;
        }
    }

    /// Hands out what came in part in one direction, when no more comes.
    pub(crate) fn end(&mut self, direction: Direction, mut each: impl FnMut(Piece)) {
        let side = &mut self.sides[direction.index()];
        let bytes = side.take_partial();
        if !bytes.is_empty() && side.state != State::Other {
            let reason = "the end came before the frame was whole".to_owned();
            side.other(&bytes, Some(reason), &mut each);
        }
        side.state = State::Other;
    }

    /// Reads of a line's bytes what is there, and returns what stands behind them.
    fn line<'a>(
        &mut self,
        direction: Direction,
        bytes: &'a [u8],
        each: &mut impl FnMut(Piece),
    ) -> &'a [u8] {
        let side = &mut self.sides[direction.index()];
        let room = LONGEST_LINE - side.partial.len();
        let end = bytes.iter().take(room).position(|byte| *byte == b'\n');
        let (head, rest) = bytes.split_at(end.map_or(bytes.len().min(room), |end| end + 1));
        side.partial.extend_from_slice(head);
        if end.is_none() && side.partial.len() < LONGEST_LINE {
            return rest;
        }
        let line = std::mem::take(&mut side.partial);
        let text = std::str::from_utf8(&line).ok();
        let text = text.and_then(|text| text.strip_suffix('\n'));
        let port = |text: &str| match direction {
            Direction::ToAgent => {
                let (word, port) = text.split_at_checked("CONNECT ".len())?;
                word.eq_ignore_ascii_case("CONNECT ").then_some(())?;
                port.trim().parse::<u32>().ok()
            }
            // The number may be the host's port or the guest's: it says nothing.
            Direction::ToRuntime => text.starts_with("OK").then_some(self.port),
        };
        match text.and_then(|text| Some((text, port(text)?))) {
            Some((text, port)) => {
                each(Piece::Handshake(text.to_owned()));
                self.is_elsewhere |= port != self.port;
                side.state = match self.is_elsewhere {
                    true => State::Other,
                    false => State::Frames,
                };
            }
            None => {
                side.state = State::Other;
                let reason = "neither a frame nor a line of a hybrid vsock handshake".to_owned();
                side.other(&line, Some(reason), each);
            }
        }
        rest
    }
}

impl Side {
    fn new(kept: &Budget) -> Side {
        Side {
            state: State::default(),
            header: None,
            partial: Vec::new(),
            share: kept.share(),
            has_frames: false,
            skipped: 0,
            other: 0,
        }
    }

    /// Takes bytes of frames, and returns what was not taken because it is none.
    fn frames<'a>(&mut self, mut bytes: &'a [u8], each: &mut impl FnMut(Piece)) -> &'a [u8] {
        while !bytes.is_empty() {
            if self.skipped > 0 {
                let skipped = self.skipped.min(bytes.len());
                self.skipped -= skipped;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            let length = match &self.header {
                Some((header, _)) => header.length,
                None => HEADER_LENGTH,
            };
            let missing = length - self.partial.len();
            let (head, rest) = bytes.split_at(missing.min(bytes.len()));
            if !self.has_room(head.len(), length) {
                self.take_partial();
                self.skipped = missing;
                each(Piece::LeftOut(length));
                continue;
            }
            self.partial.extend_from_slice(head);
            bytes = rest;
            if head.len() < missing {
                return bytes;
            }
            if self.header.is_none() {
                if let Err(reason) = self.header() {
                    self.state = State::Other;
                    let head = std::mem::take(&mut self.partial);
                    self.other(&head, Some(reason), each);
                    return bytes;
                }
                // A frame without data is whole by its header.
                if self.header.as_ref().is_some_and(|(it, _)| it.length > 0) {
                    continue;
                }
            }
            if let Some((header, _)) = self.header.take() {
                // Whoever gets the frame bounds what it keeps.
                self.share.resize(0);
                each(Piece::Frame(Frame {
                    stream_id: header.stream_id,
                    frame_type: header.frame_type,
                    flags: header.flags,
                    data: std::mem::take(&mut self.partial),
                }));
            }
        }
        bytes
    }

    /// Whether so many more bytes of something with so many in all may be kept, for which there
    /// is room then. What is counted is the room, as memory that was used before is there before
    /// bytes are put into it.
    fn has_room(&mut self, more: usize, length: usize) -> bool {
        let kept = self.partial.len() + more;
        if kept <= self.partial.capacity() {
            return true;
        }
        let rooms = match kept {
            // It does not stay, so it is not counted.
            _ if kept == length => return self.grow(length),
            _ if kept <= ALWAYS_KEPT => [length.min(ALWAYS_KEPT), kept],
            // All of it at once, where that leaves enough to the others.
            _ if length <= self.share.left() / PLENTY => [length, kept],
            _ => [length.min(2 * kept), kept],
        };
        rooms.into_iter().any(|room| {
            let counted = room.saturating_sub(ALWAYS_KEPT);
            self.share.resize(counted) && self.grow(room)
        })
    }

    /// Makes room for so many bytes in all.
    fn grow(&mut self, room: usize) -> bool {
        let more = room - self.partial.len();
        self.partial.try_reserve_exact(more).is_ok()
    }

    /// Reads the header that has come. The data comes in its place.
    fn header(&mut self) -> Result<(), String> {
        if let Some(bytes) = self.partial.first_chunk().copied() {
            let header = Header::read(&bytes)?;
            self.partial = Vec::new();
            self.has_frames = true;
            self.header = Some((header, bytes));
        }
        Ok(())
    }

    /// Gives up what has come in part, and hands it out.
    fn take_partial(&mut self) -> Vec<u8> {
        let header = self.header.take();
        self.share.resize(0);
        let mut bytes = header.map_or(Vec::new(), |(_, bytes)| bytes.to_vec());
        bytes.append(&mut self.partial);
        bytes
    }

    fn other(&mut self, bytes: &[u8], reason: Option<String>, each: &mut impl FnMut(Piece)) {
        let room = MOST_OTHER_BYTES - self.other;
        let kept = &bytes[..bytes.len().min(room)];
        self.other += kept.len();
        if !kept.is_empty() {
            each(Piece::Other {
                bytes: kept.to_vec(),
                reason,
            });
        }
    }
}

/// The highest flags that mean something, all of them together.
const MOST_FLAGS: u8 = 7;
/// A stream's ID below which frames are looked for. Real ones count up from 1.
const LIKELY_STREAMS: u32 = 1 << 24;

/// Whether bytes from within a connection are likely to be the beginning of a frame.
fn begins_a_frame(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk().map(Header::read) else {
        return false;
    };
    header.is_ok_and(|header| {
        let is_stream = header.stream_id % 2 == 1 && header.stream_id < LIKELY_STREAMS;
        // The fields of a request or an answer, which both begin with one of the first two.
        let data = bytes.get(HEADER_LENGTH..).unwrap_or_default();
        let is_envelope = match (header.frame_type, data.first()) {
            (FrameType::Data, _) => true,
            (_, first) => matches!(first, None | Some(0x0a | 0x12)),
        };
        is_stream && header.flags <= MOST_FLAGS && is_envelope
    })
}

/// A header that can be one.
#[derive(Debug)]
struct Header {
    length: usize,
    stream_id: u32,
    frame_type: FrameType,
    flags: u8,
}

impl Header {
    fn read(bytes: &[u8; HEADER_LENGTH]) -> Result<Header, String> {
        let [l0, l1, l2, l3, s0, s1, s2, s3, type_, flags] = *bytes;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > LARGEST_DATA {
            return Err(format!(
                "not ttRPC: a frame of {length} bytes, more than {LARGEST_DATA}"
            ));
        }
        let frame_type = match type_ {
            1 => FrameType::Request,
            2 => FrameType::Response,
            3 => FrameType::Data,
            _ => return Err(format!("not ttRPC: a frame of type {type_}")),
        };
        Ok(Header {
            length,
            stream_id: u32::from_be_bytes([s0, s1, s2, s3]),
            frame_type,
            flags,
        })
    }
}

#[cfg(test)]
mod tests;
