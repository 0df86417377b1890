//! The policy that requests are held to. It is written in Rego, of which this
//! reads the rules that are plain `true` or `false`, each on a line of its own
//! outside of any brackets:
//!
//! ```text
//! package agent_policy
//! default CopyFileRequest := false
//! GetMetricsRequest := true
//! ```
//!
//! A policy with anything else is refused, as what it would say is not known.

use std::collections::BTreeMap;

/// The package whose rules the agent asks.
const PACKAGE: &str = "agent_policy";
/// The rule that allows what no rule is about.
const FALLBACK: &str = "AllowRequestsFailingPolicy";

/// What a policy says to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may be answered.
    Allowed,
    /// It may not.
    Denied,
    /// There is no rule about it.
    Undefined,
}

/// A text that cannot be used as a policy. Lines count from 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    /// It is no policy, as the agent says it.
    #[error("\n--> agent_policy:{line}:1\nerror: {reason}")]
    Wrong {
        /// Where.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// It is more than this agent can evaluate.
    #[error(
        "line {0} of the policy: the simulated agent evaluates rules that are plainly true or \
         false, and no others; the policy is not changed"
    )]
    Unknown(usize),
}

/// A policy.
#[derive(Debug)]
pub(crate) struct Policy {
    /// What each rule says; `None` for the policy that allows all.
    rules: Option<BTreeMap<String, Rule>>,
}

/// What is known of a rule.
#[derive(Debug, Default, Clone, Copy)]
struct Rule {
    default: Option<bool>,
    value: Option<bool>,
}

impl Rule {
    fn verdict(self) -> Verdict {
        let value = self.value.or(self.default);
        value.map_or(Verdict::Undefined, Verdict::of)
    }
}

impl Verdict {
    fn of(allowed: bool) -> Verdict {
        if allowed {
            Verdict::Allowed
        } else {
            Verdict::Denied
        }
    }
}

impl Policy {
    /// The policy of a new agent, which allows all.
    pub(crate) fn allow_all() -> Policy {
        Policy { rules: None }
    }

    /// Replaces the policy. A text that is none leaves nothing allowed, and one
    /// that cannot be evaluated leaves the policy as it was.
    ///
    /// # Errors
    /// When the text has no package, brackets that do not match, a default
    /// without a value, or other rules than plain ones.
    pub(crate) fn set(&mut self, text: &str) -> Result<(), PolicyError> {
        let read = read(text);
        if !matches!(read, Err(PolicyError::Unknown(_))) {
            self.rules = Some(BTreeMap::new());
        }
        self.rules = Some(read?);
        Ok(())
    }

    /// What it says to a request of a type.
    pub(crate) fn verdict(&self, request: &str) -> Verdict {
        let Some(rules) = &self.rules else {
            return Verdict::Allowed;
        };
        let of = |name| {
            rules
                .get(name)
                .map_or(Verdict::Undefined, |rule| rule.verdict())
        };
        match of(FALLBACK) {
            Verdict::Allowed => Verdict::Allowed,
            _ => of(request),
        }
    }
}

fn read(text: &str) -> Result<BTreeMap<String, Rule>, PolicyError> {
    let mut rules: BTreeMap<String, Rule> = BTreeMap::new();
    let mut package = None;
    let mut unknown = None;
    let mut scan = Scan::default();
    let mut last = 0;
    for (index, line) in text.lines().enumerate() {
        let failed = |line, reason| Err(PolicyError::Wrong { line, reason });
        last = index + 1;
        let is_top = scan.is_top();
        let code = scan.line(line);
        if scan.depth < 0 {
            return failed(last, "a bracket that was not opened");
        }
        let code = code.trim_end();
        if !is_top || code.is_empty() || code.starts_with([' ', '\t', '}', ']', ')']) {
            continue;
        }
        let words: Vec<&str> = code.split_whitespace().collect();
        match words.as_slice() {
            ["package", name] if package.is_none() => package = Some((*name).to_owned()),
            _ if package.is_none() => return failed(last, "a package is expected first"),
            ["package" | "import", ..] => {}
            ["default", _] | ["default", _, ":=" | "="] => {
                return failed(last + 1, "a value is expected");
            }
            ["default", name, ":=" | "=", value] if truth(value).is_some() => {
                rules.entry((*name).to_owned()).or_default().default = truth(value)
            }
            [name, ":=" | "=", value] if truth(value).is_some() => {
                rules.entry((*name).to_owned()).or_default().value = truth(value);
            }
            [_, ..] => {
                unknown.get_or_insert(last);
            }
            [] => {}
        }
    }
    if package.is_none() || !scan.is_top() {
        let reason = match package {
            None => "a package is expected first",
            Some(_) => "a bracket or a text is not closed",
        };
        return Err(PolicyError::Wrong {
            line: last + 1,
            reason,
        });
    }
    match (package.as_deref() == Some(PACKAGE), unknown) {
        (true, Some(line)) => Err(PolicyError::Unknown(line)),
        (true, None) => Ok(rules),
        // The agent asks another package.
        (false, _) => Ok(BTreeMap::new()),
    }
}

fn truth(word: &str) -> Option<bool> {
    word.parse().ok()
}

/// Where in a text of Rego a line begins.
#[derive(Debug, Default)]
struct Scan {
    /// How many brackets are open.
    depth: i64,
    /// Within a text between backquotes.
    is_raw: bool,
}

impl Scan {
    fn is_top(&self) -> bool {
        self.depth == 0 && !self.is_raw
    }

    /// A line without its comment, counting brackets outside of texts.
    fn line<'a>(&mut self, line: &'a str) -> &'a str {
        let mut is_text = false;
        let mut is_escaped = false;
        for (index, byte) in line.bytes().enumerate() {
            if std::mem::take(&mut is_escaped) {
                continue;
            }
            match byte {
                b'`' if !is_text => self.is_raw = !self.is_raw,
                _ if self.is_raw => {}
                b'\\' => is_escaped = is_text,
                b'"' => is_text = !is_text,
                _ if is_text => {}
                b'#' => return line.get(..index).unwrap_or(line),
                b'{' | b'[' | b'(' => self.depth += 1,
                b'}' | b']' | b')' => self.depth -= 1,
                _ => {}
            }
        }
        line
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_rules_decide() {
        let mut policy = Policy::allow_all();
        assert_eq!(policy.verdict("A"), Verdict::Allowed);
        let text = "# a comment\npackage agent_policy # b\n\nimport future.keywords.in\n\
             default A := true\ndefault B := false\ndefault C = false\nC := true\nD := false\n";
        policy.set(text).unwrap();
        for (name, verdict) in [
            ("A", Verdict::Allowed),
            ("B", Verdict::Denied),
            ("C", Verdict::Allowed),
            ("D", Verdict::Denied),
            ("E", Verdict::Undefined),
        ] {
            assert_eq!(policy.verdict(name), verdict, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused_and_changes_nothing() {
        let mut policy = Policy::allow_all();
        policy
            .set("package agent_policy\ndefault A := false")
            .unwrap();
        for rule in [
            "A if {\n  input.x == \"}#\\\"\"\n}",
            "g(x) := y {\n  true\n}",
            "h := `{\nA := true\n`",
            "default A := {\"allowed\": true}",
        ] {
            let text = format!("package agent_policy\ndefault A := true\n{rule}\n");
            assert_eq!(policy.set(&text), Err(PolicyError::Unknown(3)), "{rule}");
            assert_eq!(policy.verdict("A"), Verdict::Denied);
        }
    }

    #[test]
    fn a_policy_may_allow_what_it_does_not_mention() {
        let mut policy = Policy::allow_all();
        let text = "package agent_policy\ndefault AllowRequestsFailingPolicy := true\n";
        policy.set(text).unwrap();
        assert_eq!(policy.verdict("A"), Verdict::Allowed);
        policy.set("package other\ndefault A := true").unwrap();
        assert_eq!(policy.verdict("A"), Verdict::Undefined);
    }

    #[test]
    fn what_is_no_policy_leaves_nothing_allowed() {
        for (text, line) in [
            ("", 1),
            ("# only\n", 2),
            ("default A := true", 1),
            ("package agent_policy\ndefault x := \n", 3),
            ("package agent_policy\na {\n", 3),
            ("package agent_policy\n}\n", 2),
        ] {
            let mut policy = Policy::allow_all();
            let error = policy.set(text).unwrap_err();
            let is_there = matches!(error, PolicyError::Wrong { line: found, .. } if found == line);
            assert!(is_there, "{text:?}: {error:?}");
            assert_eq!(policy.verdict("A"), Verdict::Undefined);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_policy_or_is_not(text in "(package agent_policy\n)?[a-z\"`\\\\{}()#:= \n\u{e9}]{0,60}") {
            let mut policy = Policy::allow_all();
            let line = match policy.set(&text) {
                Ok(()) => 1,
                Err(PolicyError::Wrong { line, .. } | PolicyError::Unknown(line)) => line,
            };
            prop_assert!((1..=text.lines().count() + 1).contains(&line));
        }
    }
}
