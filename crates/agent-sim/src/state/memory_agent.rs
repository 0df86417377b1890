//! The settings of the memory agent, which moves cold memory out of the way and
//! compacts what is left. Nothing is moved here.

use std::collections::BTreeMap;

/// The settings of one of its two tasks, by the names that the interface has
/// for them. Flags are 0 and 1.
#[derive(Debug)]
pub(crate) struct Settings(BTreeMap<&'static str, i128>);

impl Settings {
    /// Those of the task that looks for cold memory, as they are at first.
    pub(crate) fn of_cold_memory() -> Settings {
        Settings(BTreeMap::from([
            ("disabled", 0),
            ("swap", 0),
            ("swappiness_max", 50),
            ("period_secs", 600),
            ("period_psi_percent_limit", 1),
            ("eviction_psi_percent_limit", 1),
            ("eviction_run_aging_count_min", 3),
        ]))
    }

    /// Those of the task that compacts memory, as they are at first.
    pub(crate) fn of_compaction() -> Settings {
        Settings(BTreeMap::from([
            ("disabled", 0),
            ("period_secs", 600),
            ("period_psi_percent_limit", 1),
            ("compact_psi_percent_limit", 5),
            ("compact_sec_max", 300),
            ("compact_order", 9),
            ("compact_threshold", 1024),
            ("compact_force_times", i64::MAX.into()),
        ]))
    }

    /// Changes the settings that have a new value, and leaves the others. No
    /// value is refused; of percentages and orders the lowest byte counts.
    pub(crate) fn change(&mut self, new: impl Fn(&'static str) -> Option<i128>) {
        for (name, value) in &mut self.0 {
            if let Some(new) = new(name) {
                *value = match *name {
                    "swappiness_max" | "compact_order" => new & 0xff,
                    percent if percent.ends_with("_percent_limit") => new & 0xff,
                    _ => new,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_stays() {
        let mut settings = Settings::of_cold_memory();
        settings.change(|name| match name {
            "swap" => Some(1),
            "swappiness_max" => Some(300),
            "period_secs" => Some(1 << 40),
            _ => None,
        });
        assert_eq!(settings.0.get("swap"), Some(&1));
        assert_eq!(settings.0.get("swappiness_max"), Some(&44));
        assert_eq!(settings.0.get("period_secs"), Some(&(1 << 40)));
        assert_eq!(settings.0.get("period_psi_percent_limit"), Some(&1));
        assert_eq!(settings.0.len(), 7);
        let mut settings = Settings::of_compaction();
        settings.change(|_| Some(257));
        assert_eq!(settings.0.get("compact_order"), Some(&1));
        assert_eq!(settings.0.get("compact_sec_max"), Some(&257));
    }
}
