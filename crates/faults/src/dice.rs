//! Chance that can be repeated: what comes of a call depends on the seed, the
//! rule and which of the rule's calls it is, and on nothing else.

/// Throws for all rules of one agent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub(super) fn new(seed: u64) -> Dice {
        Dice { seed }
    }

    /// The seed.
    pub(super) fn seed(self) -> u64 {
        self.seed
    }

    /// A number for a rule's call, evenly spread over all 64-bit numbers.
    pub(super) fn throw(self, rule: u64, call: u64) -> u64 {
        mix(mix(mix(self.seed) ^ rule) ^ call)
    }

    /// As many bytes as asked for, for a rule's call.
    pub(super) fn bytes(self, rule: u64, call: u64, count: usize) -> Vec<u8> {
        let start = self.throw(rule, call);
        let words = (1..).map(|step| mix(start.wrapping_add(step)));
        words.flat_map(u64::to_le_bytes).take(count).collect()
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_outputs_are_those_of_the_reference() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_throw_depends_on_seed_rule_and_call() {
        let one = Dice::new(7).throw(0, 1);
        assert_eq!(one, Dice::new(7).throw(0, 1));
        assert_ne!(one, Dice::new(8).throw(0, 1));
        assert_ne!(one, Dice::new(7).throw(1, 1));
        assert_ne!(one, Dice::new(7).throw(0, 2));
        let bytes = Dice::new(7).bytes(0, 1, 19);
        assert_eq!(bytes.len(), 19);
        assert_eq!(bytes, Dice::new(7).bytes(0, 1, 19));
    }

    #[test]
    fn throws_are_spread_evenly() {
        let dice = Dice::new(1);
        let low = (1..=10_000).filter(|call| dice.throw(3, *call) < u64::MAX / 4);
        let count = low.count();
        assert!((2_300..2_700).contains(&count), "{count}");
    }
}
