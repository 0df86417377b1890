//! What of a policy is the same whatever is asked, as nothing of the request or of the state
//! has a part in it.

use std::collections::BTreeSet;

use regorus::unstable::BUILTINS;

use super::traced::{Body, Statement, Traced};
use crate::engine::PACKAGE;

/// The rules whose value is always the same.
pub(super) struct Fixed<'a> {
    rules: BTreeSet<&'a str>,
}

impl<'a> Fixed<'a> {
    pub(super) fn of(traced: &'a Traced) -> Self {
        // Those of which nothing else is known, less each that names what is not fixed, until
        // there is none left of these.
        let is_plain = |rule: &&str| {
            let bodies = traced.bodies.iter().filter(|body| body.rule == **rule);
            let mut bodies = bodies.filter(|body| body.within.is_none());
            bodies.all(|body| body.is_plain)
        };
        let rules = traced.rules.iter().map(String::as_str).filter(is_plain);
        let mut fixed = Self {
            rules: rules.collect(),
        };
        loop {
            let before = fixed.rules.len();
            let is_open = |body: &&Body| !fixed.has_body(traced, body);
            let open: Vec<_> = traced.bodies.iter().filter(is_open).collect();
            for body in open {
                fixed.rules.remove(body.rule.as_str());
            }
            if fixed.rules.len() == before {
                return fixed;
            }
        }
    }

    fn has_body(&self, traced: &Traced, body: &Body) -> bool {
        let statements = body.statements.iter();
        let mut statements = statements.filter_map(|number| traced.statements.get(*number));
        statements.all(|statement| self.has(statement))
    }

    /// Whether a statement always comes to the same.
    pub(super) fn has(&self, statement: &Statement) -> bool {
        statement.names.iter().all(|name| {
            self.rules.contains(name.as_str())
                || PACKAGE.split('.').any(|part| part == name)
                || BUILTINS.contains_key(name.as_str())
        })
    }

    /// Whether a rule always has the same value.
    pub(super) fn has_rule(&self, rule: &str) -> bool {
        self.rules.contains(rule)
    }
}
