//! The guest's date and time. The clock of this machine is never set: the
//! guest's differs from it by as much as was asked for.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};

const MICROS: i128 = 1_000_000;

/// The latest second since 1970 that Linux sets its clock to: 30 years before
/// its clock of 64-bit nanoseconds ends.
const LAST: i64 = 9_223_372_036 - 30 * 365 * 24 * 3600;

/// A clock that runs as this machine's does.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// How far it is ahead, in microseconds.
    ahead: i128,
}

impl Clock {
    /// Sets the time, since 1970.
    ///
    /// # Errors
    /// `EINVAL` for what settimeofday(2) refuses: microseconds that are none, a
    /// time beyond what the kernel counts, and one before the machine started
    /// counting from 1970 on.
    pub(crate) fn set(&mut self, seconds: i64, micros: i64) -> nix::Result<()> {
        let uptime = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
        let uptime = i128::from(uptime.tv_sec()) * MICROS + i128::from(uptime.tv_nsec()) / 1000;
        let time = i128::from(seconds) * MICROS + i128::from(micros);
        if !(0..1_000_000).contains(&micros) || !(0..LAST).contains(&seconds) || time < uptime {
            return Err(Errno::EINVAL);
        }
        self.ahead = time - here();
        Ok(())
    }

    /// The guest's time, in microseconds since 1970.
    #[cfg(test)]
    fn now(&self) -> i128 {
        here() + self.ahead
    }
}

/// The time of this machine, in microseconds since 1970.
fn here() -> i128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i128::from(since.as_secs()) * MICROS + i128::from(since.subsec_micros())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_runs_on_from_there() {
        let mut clock = Clock::default();
        assert!((clock.now() - here()).abs() < 60 * MICROS);
        assert_eq!(clock.set(4_000_000_000, 5), Ok(()));
        let since = clock.now() - 4_000_000_000 * MICROS;
        assert!((5..60 * MICROS).contains(&since), "{since}");
    }

    #[test]
    fn what_the_kernel_refuses_changes_nothing() {
        let mut clock = Clock::default();
        for (seconds, micros) in [
            (0, 0),
            (-1, 0),
            (i64::MIN, i64::MIN),
            (4_000_000_000, -1),
            (4_000_000_000, 1_000_000),
            (LAST, 0),
            (i64::MAX, 0),
        ] {
            assert_eq!(clock.set(seconds, micros), Err(Errno::EINVAL));
        }
        assert_eq!(clock.ahead, 0);
        assert_eq!(clock.set(LAST - 1, 999_999), Ok(()));
    }
}
