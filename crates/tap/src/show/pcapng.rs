//! A recording as a capture file for Wireshark: packets as a vsockmon device gives them (link
//! type 271), which Wireshark knows, so that whatever takes a capture of vsock takes a recording
//! too. The host is CID 2; the guest, whatever it was reached by, is CID 3 here, and a
//! connection's number is its port on the host.
//!
//! The frames are made anew from what was recorded of them. What is not in the bytes, such as
//! where a connection came from, is a comment.

use std::io::{self, BufRead, Write};
use std::time::{Duration, SystemTime};

use agent_client::Call;
use agent_client::transport::AGENT_PORT;
use agent_text::escape;
use agent_wire::{put_bytes, put_varint_field};

use super::ShowError;
use crate::conversation::{Direction, HEADER_LENGTH};
use crate::recording::{Kind, Reader, Record};

/// The link type of vsockmon devices (`LINKTYPE_VSOCK`).
const LINK_TYPE: u16 = 271;
const HOST: u64 = 2;
const GUEST: u64 = 3;
/// What the packets hold, from `linux/vsockmon.h`: the kinds, and that there is no header of a
/// transport.
const CONNECT: u16 = 1;
const DISCONNECT: u16 = 2;
const CONTROL: u16 = 3;
const PAYLOAD: u16 = 4;
const NO_TRANSPORT: u16 = 1;
/// The largest payload of a packet, as vsockmon cuts them.
const LARGEST_PAYLOAD: usize = 64 << 10;
/// How much of a text is told in a comment, in characters.
const LONGEST_COMMENT: usize = 1000;

/// Blocks and options of the pcapng format
/// (<https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcapng/>).
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const OPTION_NAME: u16 = 2;
const OPTION_RESOLUTION: u16 = 9;

/// Writes a recording as a capture file. Tells whether its last line was cut off.
///
/// # Errors
/// As [`ShowError`] lists them.
pub fn pcapng(recording: impl BufRead, out: &mut dyn Write) -> Result<bool, ShowError> {
    let (mut reader, first) = Reader::new(recording)?;
    begin(&first, out).map_err(ShowError::Write)?;
    for record in &mut reader {
        tell(&record?, out).map_err(ShowError::Write)?;
    }
    Ok(reader.is_cut())
}

fn begin(first: &Record, out: &mut dyn Write) -> io::Result<()> {
    let mut body = Vec::new();
    body.extend_from_slice(&0x1a2b_3c4d_u32.to_le_bytes());
    body.extend_from_slice(&[1, 0, 0, 0]); // version 1.0
    body.extend_from_slice(&u64::MAX.to_le_bytes()); // of any length
    comment(first.text.as_deref(), &mut body);
    block(SECTION, &body, out)?;
    let mut body = Vec::new();
    body.extend_from_slice(&LINK_TYPE.to_le_bytes());
    body.extend_from_slice(&[0; 6]); // reserved; packets of any length
    option(OPTION_NAME, b"recording", &mut body);
    option(OPTION_RESOLUTION, &[9], &mut body); // nanoseconds
    option(OPTION_END, b"", &mut body);
    block(INTERFACE, &body, out)
}

/// Writes a record as packets.
fn tell(record: &Record, out: &mut dyn Write) -> io::Result<()> {
    let text = record.text.as_deref();
    let packet = |op, payload: &[u8], comment: Option<&str>, out: &mut dyn Write| {
        put_packet(record, op, payload, comment, out)
    };
    match record.kind {
        Kind::Open => packet(CONNECT, b"", text, out),
        Kind::Handshake => packet(CONTROL, b"", text, out),
        Kind::Close => packet(DISCONNECT, b"", text, out),
        Kind::Lost => {
            let lost = record.lost.map_or(0, |lost| lost.frames);
            let lost = format!("{lost} frames are missing here");
            packet(CONTROL, b"", Some(&lost), out)
        }
        Kind::Fault => {
            let stream = record.stream.unwrap_or_default();
            let kinds = record.faults.join(", ");
            let rule = format!("a rule is applied to the call on stream {stream}: {kinds}");
            packet(CONTROL, b"", Some(&rule), out)
        }
        Kind::Request | Kind::Response | Kind::Data | Kind::Bytes => {
            let mut comment = record.error.as_deref();
            for payload in bytes(record).chunks(LARGEST_PAYLOAD) {
                packet(PAYLOAD, payload, comment.take(), out)?;
            }
            Ok(())
        }
        Kind::Recording | Kind::Unknown => Ok(()),
    }
}

/// The bytes on the connection that a record tells of.
fn bytes(record: &Record) -> Vec<u8> {
    let payload = record.payload.as_ref().map(|payload| &payload.0[..]);
    let (frame_type, data) = match (record.kind, payload) {
        (Kind::Request, payload) if record.service.is_some() || payload.is_none() => {
            let nanoseconds = record
                .timeout_nano
                .and_then(|time| u64::try_from(time).ok());
            let call = Call {
                service: record.service.as_deref().unwrap_or_default(),
                method: record.method.as_deref().unwrap_or_default(),
                payload: payload.unwrap_or_default(),
                metadata: &record.metadata,
                timeout: nanoseconds.map(Duration::from_nanos),
            };
            (1, call.encode())
        }
        (Kind::Response, payload) if record.status.is_some() || payload.is_none() => {
            (2, response(record, payload.unwrap_or_default()))
        }
        // Where it is not ttRPC, the payload is all of the frame's data.
        (Kind::Request, payload) => (1, payload.unwrap_or_default().to_vec()),
        (Kind::Response, payload) => (2, payload.unwrap_or_default().to_vec()),
        (Kind::Data, payload) => (3, payload.unwrap_or_default().to_vec()),
        (_, payload) => return payload.unwrap_or_default().to_vec(),
    };
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(HEADER_LENGTH + data.len());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&record.stream.unwrap_or_default().to_be_bytes());
    frame.extend_from_slice(&[frame_type, record.flags.unwrap_or_default()]);
    frame.extend_from_slice(&data);
    frame
}

/// ttRPC's `Response`: field 1 is the status (1 its code, 2 its message, 3 its details), 2 the message.
fn response(record: &Record, payload: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    if let Some(status) = &record.status
        && (status.code != 0 || !status.message.is_empty() || !status.details.is_empty())
    {
        let mut of = Vec::new();
        // A negative code is sign-extended, as protobuf has it.
        put_varint_field(1, i64::from(status.code).cast_unsigned(), &mut of);
        put_bytes(2, status.message.as_bytes(), &mut of);
        for detail in &status.details {
            let mut any = Vec::new();
            put_bytes(1, detail.type_url.as_bytes(), &mut any);
            put_bytes(2, &detail.value.0, &mut any);
            put_bytes(3, &any, &mut of);
        }
        put_bytes(1, &of, &mut data);
    }
    if !payload.is_empty() {
        put_bytes(2, payload, &mut data);
    }
    data
}

fn put_packet(
    record: &Record,
    op: u16,
    payload: &[u8],
    text: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let connection = record.connection.unwrap_or_default();
    // More connections than ports begin again.
    let host = (
        HOST,
        u32::try_from(connection & 0xffff_ffff).unwrap_or_default(),
    );
    let guest = (GUEST, AGENT_PORT);
    let (from, to) = match record.direction {
        Some(Direction::ToRuntime) => (guest, host),
        Some(Direction::ToAgent) => (host, guest),
        None if record.kind == Kind::Response => (guest, host),
        None => (host, guest),
    };
    let mut packet = Vec::with_capacity(32 + payload.len());
    packet.extend_from_slice(&from.0.to_le_bytes());
    packet.extend_from_slice(&to.0.to_le_bytes());
    packet.extend_from_slice(&from.1.to_le_bytes());
    packet.extend_from_slice(&to.1.to_le_bytes());
    packet.extend_from_slice(&op.to_le_bytes());
    packet.extend_from_slice(&NO_TRANSPORT.to_le_bytes());
    packet.extend_from_slice(&[0; 4]); // the transport's header has no bytes; reserved
    packet.extend_from_slice(payload);

    let since = record.time.duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX);
    let mut body = Vec::with_capacity(packet.len() + 64);
    body.extend_from_slice(&0u32.to_le_bytes()); // the only interface
    for half in [nanoseconds >> 32, nanoseconds & 0xffff_ffff] {
        body.extend_from_slice(&u32::try_from(half).unwrap_or_default().to_le_bytes());
    }
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(&packet);
    pad(&mut body);
    comment(text, &mut body);
    block(ENHANCED_PACKET, &body, out)
}

/// A comment as the last option, if there is one.
fn comment(text: Option<&str>, body: &mut Vec<u8>) {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return;
    };
    let text: String = text.chars().take(LONGEST_COMMENT).collect();
    option(OPTION_COMMENT, escape::line(&text).as_bytes(), body);
    option(OPTION_END, b"", body);
}

fn option(code: u16, value: &[u8], body: &mut Vec<u8>) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(&length.to_le_bytes());
    body.extend_from_slice(&value[..usize::from(length)]);
    pad(body);
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

fn block(kind: u32, body: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX);
    out.write_all(&kind.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(body)?;
    out.write_all(&length.to_le_bytes())
}
