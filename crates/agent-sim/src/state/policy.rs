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
//! A rule with conditions is taken to allow.

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

/// A text that is no policy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("\n--> agent_policy:{line}:1\nerror: {reason}")]
pub(crate) struct PolicyError {
    /// From 1.
    line: usize,
    reason: &'static str,
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
    has_conditions: bool,
}

impl Rule {
    fn verdict(self) -> Verdict {
        match self {
            Rule {
                value: Some(value), ..
            } => Verdict::of(value),
            Rule {
                has_conditions: true,
                ..
            } => Verdict::Allowed,
            Rule {
                default: Some(value),
                ..
            } => Verdict::of(value),
            Rule { .. } => Verdict::Undefined,
        }
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

    /// Replaces the policy. A text that is none leaves nothing allowed.
    ///
    /// # Errors
    /// When the text has no package, brackets that do not match, or a default
    /// without a value.
    pub(crate) fn set(&mut self, text: &str) -> Result<(), PolicyError> {
        self.rules = Some(BTreeMap::new());
        self.rules = Some(read(text)?);
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
    let mut scan = Scan::default();
    let mut last = 0;
    for (index, line) in text.lines().enumerate() {
        let failed = |line, reason| Err(PolicyError { line, reason });
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
            ["default", name, ":=" | "=", value] => {
                rules.entry((*name).to_owned()).or_default().default = truth(value)
            }
            [name, ":=" | "=", value] if truth(value).is_some() => {
                rules.entry((*name).to_owned()).or_default().value = truth(value);
            }
            [name, ..] => {
                let name = name
                    .split(['(', '[', '{', '.', ':', '='])
                    .next()
                    .unwrap_or_default();
                rules.entry(name.to_owned()).or_default().has_conditions = true;
            }
            [] => {}
        }
    }
    if package.is_none() || !scan.is_top() {
        let reason = match package {
            None => "a package is expected first",
            Some(_) => "a bracket or a text is not closed",
        };
        return Err(PolicyError {
            line: last + 1,
            reason,
        });
    }
    if package.as_deref() != Some(PACKAGE) {
        rules.clear();
    }
    Ok(rules)
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
             default A := true\ndefault B := false\ndefault C = false\nC := true\nD := false\n\
             default E := false\nE if {\n  input.x == \"}#\\\"\"\n  F := false\n}\n\
             g(x) := y {\n  true\n}\nh := `{\nI := false\n`\n";
        policy.set(text).unwrap();
        for (name, verdict) in [
            ("A", Verdict::Allowed),
            ("B", Verdict::Denied),
            ("C", Verdict::Allowed),
            ("D", Verdict::Denied),
            ("E", Verdict::Allowed),
            ("F", Verdict::Undefined),
            ("g", Verdict::Allowed),
            ("I", Verdict::Undefined),
        ] {
            assert_eq!(policy.verdict(name), verdict, "{name}");
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
            assert_eq!(error.line, line, "{text:?}");
            assert_eq!(policy.verdict("A"), Verdict::Undefined);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_policy_or_is_not(text in "(package agent_policy\n)?[a-z\"`\\\\{}()#:= \n\u{e9}]{0,60}") {
            let mut policy = Policy::allow_all();
            let line = policy.set(&text).map_or_else(|error| error.line, |()| 1);
            prop_assert!((1..=text.lines().count() + 1).contains(&line));
        }
    }
}
