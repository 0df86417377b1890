//! ttRPC's numbers: how long a frame may be, and what its type and flags mean. They are
//! described at <https://github.com/containerd/ttrpc/blob/main/PROTOCOL.md>.

/// Bytes of a frame's header: the length of the data and the stream ID, each in four bytes
/// with the highest one first, the type and the flags.
pub(crate) const HEADER_LENGTH: usize = 10;
/// The largest number of data bytes in a frame, 4 MiB.
pub(crate) const LARGEST_DATA: usize = 4 << 20;

/// The type of a frame that begins a call, whose data is a `Request`.
pub(crate) const TYPE_REQUEST: u8 = 1;
/// The type of a frame that ends a call, whose data is a `Response`.
pub(crate) const TYPE_RESPONSE: u8 = 2;
/// The type of a frame whose data is one message of a stream.
pub(crate) const TYPE_DATA: u8 = 3;

/// The flag of the last frame that its sender sends on a stream.
pub(crate) const FLAG_REMOTE_CLOSED: u8 = 1;
/// The flag of a request that data frames follow.
pub(crate) const FLAG_REMOTE_OPEN: u8 = 2;
/// The flag of a frame that carries no message, not even an empty one.
pub(crate) const FLAG_NO_DATA: u8 = 4;
