//! A packet of a vsockmon link: what one side of a connection sent, or that the connection
//! begins or ends. Whatever a guest puts into a packet is taken; what is not a packet of a stream
//! is none here.

/// Bytes of vsockmon's own header.
const HEADER: usize = 32;
/// Bytes of a virtio transport's header.
const VIRTIO_HEADER: usize = 44;
/// The transport's header is virtio's.
const VIRTIO: u16 = 2;
/// The type of a stream's packets, in the virtio header.
const STREAM: u16 = 1;
/// In the virtio header, who sends no more, and who reads no more.
const NO_READING: u32 = 1;
const NO_SENDING: u32 = 2;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct End {
    pub(super) cid: u64,
    pub(super) port: u32,
}

/// What a packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// Somebody wants a connection.
    Request,
    /// The connection is there, or its sender tells how much room it has.
    Control,
    /// Bytes.
    Payload(&'a [u8]),
    /// The sender sends no more.
    Shutdown,
    /// The connection is over.
    Reset,
}

/// A packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) what: What<'a>,
}

impl Packet<'_> {
    /// Reads a packet as it comes from the link; none of another form.
    pub(super) fn read(bytes: &[u8]) -> Option<Packet<'_>> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let from = End {
            cid: le_u64(header, 0)?,
            port: le_u32(header, 16)?,
        };
        let to = End {
            cid: le_u64(header, 8)?,
            port: le_u32(header, 20)?,
        };
        let operation = le_u16(header, 24)?;
        let transport = le_u16(header, 26)?;
        let length = usize::from(le_u16(header, 28)?);
        let (transport_header, payload) = rest.split_at_checked(length)?;
        let virtio = match transport {
            VIRTIO if length >= VIRTIO_HEADER => Some(Virtio::read(transport_header)?),
            _ => None,
        };
        if virtio.as_ref().is_some_and(|it| it.type_ != STREAM) {
            return None;
        }
        let what = match (operation, virtio) {
            // A connection that begins, in either direction.
            (1, Some(virtio)) if virtio.operation == 1 => What::Request,
            (1, Some(_)) => What::Control,
            (1, None) => What::Request,
            (2, Some(virtio)) if virtio.operation == 4 => match virtio.flags {
                flags if flags & (NO_READING | NO_SENDING) == NO_READING | NO_SENDING => {
                    What::Reset
                }
                flags if flags & NO_SENDING != 0 => What::Shutdown,
                _ => What::Control,
            },
            (2, _) => What::Reset,
            (3, _) => What::Control,
            (4, virtio) => {
                let said = virtio.map_or(payload.len(), |it| it.length.min(payload.len()));
                What::Payload(payload.get(..said)?)
            }
            _ => return None,
        };
        Some(Packet { from, to, what })
    }
}

/// What is read of virtio's header.
struct Virtio {
    length: usize,
    type_: u16,
    operation: u16,
    flags: u32,
}

impl Virtio {
    fn read(header: &[u8]) -> Option<Virtio> {
        Some(Virtio {
            length: usize::try_from(le_u32(header, 24)?).ok()?,
            type_: le_u16(header, 28)?,
            operation: le_u16(header, 30)?,
            flags: le_u32(header, 32)?,
        })
    }
}

fn le_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u16::from_le_bytes)
}

fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_le_bytes)
}

fn le_u64(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_le_bytes)
}
