//! What happens to a process from outside, kept until whoever runs it looks:
//! no more than the kernel keeps, however much is sent.

use tokio::sync::watch;

use super::{SIGKILL, Size};

/// What happens to a process from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A signal by its number, 1 to 64, see signal(7). Others do nothing.
    Signal(i32),
    /// It gets no more time, until [`Event::Thaw`].
    Freeze,
    /// It goes on.
    Thaw,
    /// Its terminal has another size now.
    Resize(Size),
    /// It ends with this status, whatever it does.
    Exit(i32),
}

/// The events that nobody has looked at yet.
#[derive(Debug, Default)]
pub(super) struct Events(watch::Sender<Happened>);

/// Events, each kind once.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Happened {
    /// The signals, as bits from that of signal 1 on.
    pub(super) signals: u64,
    /// The last of freezing and thawing.
    pub(super) frozen: Option<bool>,
    /// The last size.
    pub(super) size: Option<Size>,
    /// The status to end with.
    pub(super) exit: Option<i32>,
}

/// The bit of a signal; none for a number that is not a signal's.
pub(super) fn bit(signal: i32) -> u64 {
    match u32::try_from(signal) {
        Ok(signal @ 1..=64) => 1 << (signal - 1),
        _ => 0,
    }
}

impl Happened {
    fn is_empty(self) -> bool {
        self.signals == 0 && self.frozen.is_none() && self.size.is_none() && self.exit.is_none()
    }

    /// The numbers of the signals, in the order of the numbers.
    pub(super) fn numbers(self) -> impl Iterator<Item = i32> {
        (1..=64).filter(move |signal| self.signals & bit(*signal) != 0)
    }
}

impl Events {
    /// Adds one. A signal that waits already is one signal still.
    pub(super) fn add(&self, event: Event) {
        self.0.send_modify(|pending| match event {
            Event::Signal(signal) => pending.signals |= bit(signal),
            Event::Freeze => pending.frozen = Some(true),
            Event::Thaw => pending.frozen = Some(false),
            Event::Resize(size) => pending.size = Some(size),
            Event::Exit(status) => pending.exit = Some(status),
        });
    }

    /// What has happened, once something has. Of the signals only those of the
    /// mask are taken, and only SIGKILL with a freeze; the others stay.
    pub(super) async fn next(&self, signals: u64) -> Happened {
        let mut changes = self.0.subscribe();
        loop {
            let happened = self.take(signals);
            if !happened.is_empty() {
                return happened;
            }
            // An error means that this is gone, and it is held here.
            let _ = changes.changed().await;
        }
    }

    fn take(&self, signals: u64) -> Happened {
        let mut happened = Happened::default();
        self.0.send_if_modified(|pending| {
            // One that is frozen gets the others when it goes on.
            let signals = match pending.frozen {
                Some(true) => signals & bit(SIGKILL),
                _ => signals,
            };
            happened = Happened {
                signals: pending.signals & signals,
                ..*pending
            };
            *pending = Happened {
                signals: pending.signals & !signals,
                ..Happened::default()
            };
            false
        });
        happened
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_event_is_told_once_and_signals_outside_the_mask_stay() {
        let events = Events::default();
        let size = Size {
            rows: 2,
            columns: 3,
        };
        for event in [
            Event::Signal(15),
            Event::Signal(15),
            Event::Signal(64),
            Event::Signal(0),
            Event::Signal(65),
            Event::Freeze,
            Event::Thaw,
            Event::Resize(size),
        ] {
            events.add(event);
        }
        let first = events.next(bit(64)).await;
        assert_eq!(first.numbers().collect::<Vec<_>>(), [64]);
        assert_eq!((first.frozen, first.size), (Some(false), Some(size)));
        assert!(events.take(bit(64)).is_empty());
        let second = events.next(u64::MAX).await;
        assert_eq!(second.numbers().collect::<Vec<_>>(), [15]);
        assert!(events.take(u64::MAX).is_empty());
    }
}
