//! Reads whole frames from one side of a connection, each when there is room for it, and gives
//! up a side that leaves one half sent where others wait for the room.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout};
use ttrpc::proto::{
    GenMessage, GenMessageError, MESSAGE_HEADER_LENGTH, MESSAGE_LENGTH_MAX, MessageHeader,
};

use super::load::Load;
use crate::observer::Side;

/// How long a frame may come in part where its room is wanted.
pub(super) const UNSENT: Duration = Duration::from_secs(30);

/// How long one is waited for whose rest did not come while there was no room for it.
const LEAST: Duration = Duration::from_millis(20);

/// Why there is no frame.
pub(super) enum ReadError {
    /// The side is gone, or is given up.
    Gone,
    /// It is longer than any may be, and was passed over.
    TooLong(MessageHeader, ttrpc::Error),
}

/// The next frame of a side, whose data counts as `load`.
pub(super) async fn frame(
    reader: &mut (impl AsyncRead + Unpin),
    load: &Load,
    side: Side,
    unsent: Duration,
) -> Result<GenMessage, ReadError> {
    let mut start = [0; MESSAGE_HEADER_LENGTH];
    let begun = reader.read_exact(&mut start).await;
    begun.map_err(|_| ReadError::Gone)?;
    let header = MessageHeader::from(start);
    let length = usize::try_from(header.length).unwrap_or(usize::MAX);
    if length > MESSAGE_LENGTH_MAX {
        let whole = start.chain(reader);
        return GenMessage::read_from(whole)
            .await
            .map_err(|error| match error {
                GenMessageError::ReturnError(header, error) => ReadError::TooLong(header, error),
                GenMessageError::InternalError(_) => ReadError::Gone,
            });
    }
    let begun = Instant::now();
    load.room(side, length).await;
    // The system gives the memory only where bytes are put into it.
    let mut payload = Vec::with_capacity(length);
    let mut rest = reader.take(u64::from(header.length));
    while payload.len() < length {
        let left = unsent.saturating_sub(begun.elapsed()).max(LEAST);
        match timeout(left, rest.read_buf(&mut payload)).await {
            Ok(Ok(1..)) => {}
            Err(_) if !load.is_short(side) => {}
            _ => return Err(ReadError::Gone),
        }
    }
    Ok(GenMessage { header, payload })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::super::load::Budgets;
    use super::*;

    const UNSENT: Duration = Duration::from_millis(50);

    /// The beginning of a response with so many bytes of data.
    fn header(length: u32) -> Vec<u8> {
        MessageHeader::new_response(1, length).into()
    }

    #[tokio::test]
    async fn a_frame_left_half_sent_is_given_up_where_its_room_is_wanted() {
        let budgets = Budgets::new(0, 100_000);
        let load = Load::new(&budgets);
        let (mut near, mut far) = duplex(1 << 20);
        let sent = [header(100_000), vec![7; 10]].concat();
        assert!(far.write_all(&sent).await.is_ok());
        // Nobody else wants it, so it may take its time.
        let late = async {
            tokio::time::sleep(UNSENT * 3).await;
            far.write_all(&[7; 99_990]).await
        };
        let (read, _) = tokio::join!(frame(&mut near, &load, Side::Server, UNSENT), late);
        assert!(read.is_ok_and(|frame| frame.payload == [7; 100_000]));

        assert!(far.write_all(&sent).await.is_ok());
        let other = Load::new(&budgets);
        let half = async move {
            let read = frame(&mut near, &load, Side::Server, UNSENT).await;
            assert!(matches!(read, Err(ReadError::Gone)));
            drop(load);
        };
        tokio::join!(half, async {
            tokio::task::yield_now().await;
            other.room(Side::Server, 100_000).await;
        });
    }

    #[tokio::test]
    async fn those_that_waited_for_room_are_given_up_one_right_after_the_other() {
        const UNSENT: Duration = Duration::from_millis(300);
        const SIDES: u32 = 10;
        let budgets = Budgets::new(100_000, 0);
        let mut ends = Vec::new();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..SIDES {
            let (mut near, mut far) = duplex(1 << 20);
            let sent = [header(100_000), vec![7; 50_000]].concat();
            assert!(far.write_all(&sent).await.is_ok());
            ends.push(far);
            let load = Load::new(&budgets);
            tasks.spawn(async move {
                let read = frame(&mut near, &load, Side::Client, UNSENT).await;
                matches!(read, Err(ReadError::Gone))
            });
        }
        tokio::task::yield_now().await;
        let begun = Instant::now();
        Load::new(&budgets).room(Side::Client, 100_000).await;
        let took = begun.elapsed();
        assert!(took < UNSENT * SIDES / 2, "{took:?}");
        drop(ends);
        assert!(tasks.join_all().await.iter().all(|gone| *gone));
    }
}
