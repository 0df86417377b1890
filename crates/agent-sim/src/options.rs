//! What kind of agent is simulated, as whoever starts one chooses it.

use std::collections::BTreeSet;
use std::str::FromStr;

use agent_schema::suggest;
use agent_text::excerpt::Excerpt;

use super::process::Launcher;
use super::root::Root;

/// The guest that the agent pretends to be in.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct GuestOptions {
    /// What the agent was built with and its guest has beyond the default.
    pub features: BTreeSet<Feature>,
    /// The folder of this machine that holds the guest's files. They are kept
    /// in memory without it.
    pub root: Option<Root>,
    /// Processes are run on this machine: whoever can call the agent can do
    /// there what its user can. By default they are played.
    pub run_processes: bool,
}

impl GuestOptions {
    /// How the guest's processes are run.
    pub(super) fn launcher(&self) -> Launcher {
        match self.run_processes {
            true => Launcher::Real,
            false => Launcher::Simulated,
        }
    }

    /// A guest with these features and its files below `root`.
    pub fn new(features: impl IntoIterator<Item = Feature>, root: Option<Root>) -> GuestOptions {
        GuestOptions {
            features: features.into_iter().collect(),
            root,
            run_processes: false,
        }
    }

    /// Whether the guest has a feature.
    pub(super) fn has(&self, feature: Feature) -> bool {
        self.features.contains(&feature)
    }
}

/// Something that an agent has only when it was built or set up for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// The agent asks a policy about each request.
    Policy,
    /// The memory agent runs.
    MemoryAgent,
    /// The guest's image has the programs of iptables.
    IpTables,
}

/// The features by the name that a user gives.
const FEATURES: [(&str, Feature); 3] = [
    ("policy", Feature::Policy),
    ("mem-agent", Feature::MemoryAgent),
    ("iptables", Feature::IpTables),
];

/// A name that no feature has.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} is not a feature{}; there are \"policy\", \"mem-agent\" and \"iptables\"",
    Excerpt(.name),
    suggest::did_you_mean(.near)
)]
pub struct FeatureError {
    name: String,
    near: Vec<String>,
}

impl FromStr for Feature {
    type Err = FeatureError;

    fn from_str(name: &str) -> Result<Feature, FeatureError> {
        let named = FEATURES.iter().find(|(known, _)| *known == name);
        named.map(|(_, feature)| *feature).ok_or_else(|| {
            let names = FEATURES.iter().map(|(known, _)| (*known, *known));
            FeatureError {
                name: name.to_owned(),
                near: suggest::nearest(name, names),
            }
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;

    #[test]
    fn features_have_names() {
        for (name, feature) in FEATURES {
            assert_eq!(name.parse::<Feature>().unwrap(), feature);
        }
        for (name, start) in [
            (
                "polcy",
                "\"polcy\" is not a feature; did you mean \"policy\"?; ",
            ),
            ("", "\"\" is not a feature; "),
            (
                "Policy ",
                "\"Policy \" is not a feature; did you mean \"policy\"?; ",
            ),
        ] {
            let error = name.parse::<Feature>().unwrap_err().to_string();
            let rest = error.strip_prefix(start).unwrap();
            assert_eq!(rest, "there are \"policy\", \"mem-agent\" and \"iptables\"");
        }
    }
}
