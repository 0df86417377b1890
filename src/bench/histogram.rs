//! How often each latency was seen, as HdrHistogram keeps it: exact below 2,048
//! ns, and above that in steps of less than a thousandth of the value, so that a
//! percentile is right to three digits over the whole range, in bounded memory.
//! Integers only: the crate of that name has the C library's floating-point
//! functions loaded at each start of the tool, whatever it does.

/// Steps in each doubling of the value: 1,024, as more than 1,000 make three digits.
const STEPS_BITS: u32 = 10;
const STEPS: u64 = 1 << STEPS_BITS;

/// Values and how often each was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By bucket; as long as the largest value needs.
    counts: Vec<u64>,
    total: u64,
    sum: u128,
    smallest: Option<u64>,
    largest: u64,
}

impl Histogram {
    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_many(value, 1);
    }

    /// Counts a value that was seen so often.
    pub fn record_many(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        let bucket = bucket_of(value);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += times;
        }
        self.total += times;
        self.sum += u128::from(value) * u128::from(times);
        self.smallest = Some(self.smallest.map_or(value, |least| least.min(value)));
        self.largest = self.largest.max(value);
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The smallest value, exact. 0 if there is none.
    pub fn min(&self) -> u64 {
        self.smallest.unwrap_or(0)
    }

    /// The largest value, exact. 0 if there is none.
    pub fn max(&self) -> u64 {
        self.largest
    }

    /// The mean, rounded down. 0 if there are no values.
    pub fn mean(&self) -> u64 {
        let mean = self.sum / u128::from(self.total.max(1));
        u64::try_from(mean).unwrap_or(u64::MAX)
    }

    /// The least value that so many millionths of a hundredth of all values do
    /// not exceed: 99_990_000 is the 99.99th percentile. 0 if there are no values.
    pub fn percentile(&self, millionths: u64) -> u64 {
        let whole = 100_000_000;
        let wanted = u128::from(self.total) * u128::from(millionths.min(whole));
        let rank = wanted.div_ceil(u128::from(whole)).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return highest_of(bucket).min(self.largest);
            }
        }
        self.largest
    }
}

/// The bucket that counts a value.
fn bucket_of(value: u64) -> usize {
    // How often the value must be halved to be within two rows of steps.
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(STEPS_BITS + 1);
    let bucket = (u64::from(shift) << STEPS_BITS) + (value >> shift);
    usize::try_from(bucket).unwrap_or(usize::MAX)
}

/// The largest value that a bucket counts.
fn highest_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket >> STEPS_BITS).saturating_sub(1);
    let step = bucket - (shift << STEPS_BITS);
    debug_assert!(step < 2 * STEPS);
    ((u128::from(step) + 1) << shift)
        .saturating_sub(1)
        .try_into()
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_value_is_in_a_bucket_whose_end_is_within_a_thousandth() {
        let edges = (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        for value in edges.chain([u64::MAX, u64::MAX - 1, 2047, 2048, 2049]) {
            let highest = highest_of(bucket_of(value));
            assert!(highest >= value, "{value} {highest}");
            assert!(highest - value <= value / 1000, "{value} {highest}");
            assert_eq!(bucket_of(highest), bucket_of(value));
        }
    }

    #[test]
    fn an_empty_histogram_is_all_zero() {
        let empty = Histogram::default();
        assert_eq!(
            (empty.min(), empty.max(), empty.mean(), empty.percentile(1)),
            (0, 0, 0, 0)
        );
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_hdrhistogram_crate(
            values in prop::collection::vec(prop_oneof![0..5000u64, 0..10_000_000_000u64], 1..300)
        ) {
            let mut ours = Histogram::default();
            let mut theirs = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            for &value in &values {
                ours.record(value);
                theirs.record(value).unwrap();
            }
            let mut sorted = values.clone();
            sorted.sort_unstable();
            for (millionths, percentile) in
                [(50_000_000, 50.0), (99_000_000, 99.0), (99_990_000, 99.99), (100_000_000, 100.0)]
            {
                let our = ours.percentile(millionths);
                let exact = sorted[(sorted.len() * millionths as usize).div_ceil(100_000_000) - 1];
                prop_assert!(our >= exact && our - exact <= exact / 1000, "{our} {exact}");
                let their = theirs.value_at_percentile(percentile);
                prop_assert!(our.abs_diff(their) <= exact / 500 + 1, "{our} {their}");
            }
            prop_assert_eq!(ours.max(), sorted[sorted.len() - 1]);
            prop_assert_eq!(ours.min(), sorted[0]);
        }
    }
}
