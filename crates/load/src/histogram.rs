//! How often each latency was seen, to three digits of its value. The least and the
//! largest one are kept exactly, as a histogram counts values in buckets.

use std::time::Duration;

use agent_text::duration;

/// The digits to which values are told apart.
const DIGITS: u8 = 3;

/// Values, in whatever unit they are recorded in, and how often each was seen.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: hdrhistogram::Histogram<u64>,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    #[expect(clippy::expect_used, reason = "only more than 5 digits are refused")]
    fn default() -> Histogram {
        Histogram {
            counts: hdrhistogram::Histogram::new(DIGITS).expect("three digits are possible"),
            min: 0,
            max: 0,
        }
    }
}

impl Histogram {
    /// Counts a value.
    pub(crate) fn record(&mut self, value: u64) {
        self.record_many(value, 1);
    }

    /// Counts a value that was seen so many times.
    pub(crate) fn record_many(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        self.min = match self.is_empty() {
            true => value,
            false => self.min.min(value),
        };
        self.max = self.max.max(value);
        // It grows with the values. That fails only where memory addresses are too short.
        let _ = self.counts.record_n(value, times);
    }

    /// Whether no value was counted.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The smallest value, exact; 0 if there is none.
    pub(crate) fn min(&self) -> u64 {
        self.min
    }

    /// The largest value, exact; 0 if there is none.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// The mean, to three digits; 0 if there are no values.
    pub(crate) fn mean(&self) -> u64 {
        (self.counts.mean() as u64).clamp(self.min, self.max)
    }

    /// The least value that this share of all values, from 0 to 1, does not exceed:
    /// 0.99 is the 99th percentile. It is exact to three digits; 0 if there are no
    /// values.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let found = self.counts.value_at_quantile(share);
        found.clamp(self.min, self.max)
    }
}

/// A latency of so many nanoseconds, as a person reads it.
pub(crate) fn time_of(nanoseconds: u64) -> String {
    duration::display(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_histogram_is_told_apart_from_one_of_zeros() {
        let mut histogram = Histogram::default();
        let figures = |it: &Histogram| (it.min(), it.max(), it.mean(), it.quantile(0.5));
        assert!(histogram.is_empty());
        assert_eq!(figures(&histogram), (0, 0, 0, 0));
        histogram.record_many(7, 0);
        assert!(histogram.is_empty());
        histogram.record(0);
        assert!(!histogram.is_empty());
        assert_eq!(figures(&histogram), (0, 0, 0, 0));
    }

    #[test]
    fn it_grows_with_its_values() {
        let mut histogram = Histogram::default();
        let century = 100 * 366 * 24 * 3600 * 1_000_000_000;
        histogram.record_many(century, 3);
        histogram.record(1);
        assert_eq!((histogram.min(), histogram.max()), (1, century));
        assert_eq!(histogram.quantile(0.25), 1);
        assert_eq!(histogram.quantile(0.5), century);
    }

    proptest! {
        #[test]
        fn quantiles_are_right_to_three_digits_and_the_ends_exact(
            counted in prop::collection::vec(
                (prop_oneof![0..5000u64, 0..10_000_000_000u64], 1..4u64), 1..300)
        ) {
            let mut histogram = Histogram::default();
            let mut sorted = Vec::new();
            for &(value, times) in &counted {
                histogram.record_many(value, times);
                sorted.extend((0..times).map(|_| value));
            }
            sorted.sort_unstable();
            for (share, hundredths) in [(0.5, 5_000), (0.99, 9_900), (0.9999, 9_999)] {
                let found = histogram.quantile(share);
                let exact = sorted[(sorted.len() * hundredths).div_ceil(10_000) - 1];
                prop_assert!(found >= exact && found - exact <= exact / 1000, "{found} {exact}");
            }
            let mean = sorted.iter().sum::<u64>() / sorted.len() as u64;
            prop_assert!(histogram.mean().abs_diff(mean) <= mean / 1000 + 1);
            prop_assert_eq!(histogram.quantile(1.0), sorted[sorted.len() - 1]);
            prop_assert_eq!(histogram.max(), sorted[sorted.len() - 1]);
            prop_assert_eq!(histogram.min(), sorted[0]);
        }
    }
}
