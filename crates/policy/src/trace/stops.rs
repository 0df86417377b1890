//! Where rules stopped, by what a policy printed alone: a body that printed one thing and not
//! the next stopped at a statement between the two.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::Module;
use serde::{Deserialize, Serialize};

use super::traced::{Kind, Traced};

/// A rule that stopped, and the statements of which one did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The rule.
    pub rule: String,
    /// What stands between what it printed last and what it would have printed next.
    pub statements: Vec<Line>,
}

/// A statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Where it begins, from 1.
    pub line: u32,
    /// The statement, on one line.
    pub text: String,
}

/// Where the rules of a policy stopped that printed from these lines, in this order. Rules that
/// stopped because one did that they ask are left out.
pub(crate) fn stops(module: &Module, lines: &[u32]) -> Vec<Stop> {
    let traced = Traced::new(module, &BTreeSet::new());
    let mut prints = BTreeMap::new();
    for (number, statement) in traced.statements.iter().enumerate() {
        if is_print(&traced, number) {
            prints.insert(statement.line, number);
        }
    }
    // For each body, the print that its evaluation came to.
    let mut reached: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ends = Vec::new();
    for number in lines.iter().filter_map(|line| prints.get(line)) {
        let Some(statement) = traced.statements.get(*number) else {
            continue;
        };
        match reached.insert(statement.body, *number) {
            // It was entered again, and its last evaluation is over.
            Some(last) if last >= *number => ends.push(last),
            _ => {}
        }
    }
    ends.extend(reached.into_values());
    let mut seen = BTreeSet::new();
    ends.retain(|end| seen.insert(*end));
    let found: Vec<_> = ends
        .into_iter()
        .filter_map(|end| after(&traced, end))
        .collect();
    let stopped: BTreeSet<_> = found.iter().map(|(_, stop)| stop.rule.clone()).collect();
    let is_cause = |(names, stop): &(BTreeSet<String>, Stop)| {
        let mut others = names.iter().filter(|name| **name != stop.rule);
        !others.any(|name| stopped.contains(name))
    };
    let causes = found.into_iter().filter(is_cause);
    causes.map(|(_, stop)| stop).collect()
}

fn is_print(traced: &Traced, number: usize) -> bool {
    let statement = traced.statements.get(number);
    statement.is_some_and(|it| it.kind == Kind::Silent && it.text.starts_with("print("))
}

/// What stands between a print and the next one of its body, with the names in it; nothing
/// after the last one.
fn after(traced: &Traced, print: usize) -> Option<(BTreeSet<String>, Stop)> {
    let body = traced.bodies.get(traced.statements.get(print)?.body)?;
    let place = body.statements.iter().position(|number| *number == print)?;
    let rest = body.statements.get(place + 1..)?;
    let next = rest.iter().position(|number| is_print(traced, *number))?;
    let mut names = BTreeSet::new();
    let mut statements = Vec::new();
    for number in rest.get(..next)? {
        let statement = traced.statements.get(*number)?;
        if statement.kind != Kind::Silent {
            names.extend(statement.names.iter().cloned());
            statements.push(Line {
                line: statement.line,
                text: statement.text.clone(),
            });
        }
    }
    (!statements.is_empty()).then(|| {
        let rule = body.rule.clone();
        (names, Stop { rule, statements })
    })
}
