//! Where the expressions of a policy stand in its text. The engine's spans leave the quotes of
//! strings out, and begin an object at its last key.

use std::collections::BTreeSet;
use std::rc::Rc;

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleHead};

use super::syntax::{each, each_of, one_line};

/// The text of a policy, and where its strings are.
#[derive(Clone)]
pub(super) struct Source<'a> {
    text: &'a str,
    strings: Rc<Strings>,
}

/// Where the text of strings begins and ends, without the quotes.
#[derive(Default)]
struct Strings {
    starts: BTreeSet<usize>,
    ends: BTreeSet<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(module: &'a Module) -> Self {
        let mut strings = Strings::default();
        for rule in &module.policy {
            strings.of_rule(rule);
        }
        Self {
            text: module.package.refr.span().source.contents(),
            strings: Rc::new(strings),
        }
    }

    /// How long the text is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// What stands from one place to another.
    pub(super) fn raw(&self, (start, end): (usize, usize)) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The same on one line.
    pub(super) fn text(&self, extent: (usize, usize)) -> String {
        one_line(self.raw(extent))
    }

    /// The first line of what begins at a place, without the brace that ends it.
    pub(super) fn first_line(&self, start: u32) -> String {
        let rest = self.raw((start as usize, self.len()));
        let line = rest.lines().next().unwrap_or_default();
        one_line(line.trim_end().trim_end_matches(['{', ' ']))
    }

    /// Where a span begins and ends, quotes included.
    pub(super) fn place(&self, start: u32, end: u32) -> (usize, usize) {
        let (start, end) = (start as usize, end as usize);
        (
            start - usize::from(self.strings.starts.contains(&start)),
            end + usize::from(self.strings.ends.contains(&end)),
        )
    }

    /// Where an expression begins and ends, unless that cannot be told.
    pub(super) fn extent(&self, expr: &Expr) -> Option<(usize, usize)> {
        let span = expr.span();
        let (start, end) = self.place(span.start, span.end);
        let start = match expr {
            Expr::Object { fields, .. } if !fields.is_empty() => {
                let first = fields.first()?.1.span();
                let (first, _) = self.place(first.start, first.end);
                let before = self.text.get(..first)?.trim_end();
                before.ends_with('{').then_some(before.len() - 1)?
            }
            _ => start,
        };
        self.text.get(start..end).map(|_| (start, end))
    }

    /// An expression on one line.
    pub(super) fn text_of(&self, expr: &Expr) -> String {
        self.extent(expr)
            .map(|at| self.text(at))
            .unwrap_or_default()
    }
}

impl Strings {
    fn of_rule(&mut self, rule: &Rule) {
        let Rule::Spec { head, bodies, .. } = rule else {
            return;
        };
        let assign = match head {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => assign.as_ref(),
            RuleHead::Set { key, .. } => {
                if let Some(key) = key {
                    self.of_expr(key);
                }
                None
            }
        };
        let others = bodies.iter().filter_map(|body| body.assign.as_ref());
        for assign in assign.into_iter().chain(others) {
            self.of_expr(&assign.value);
        }
        for body in bodies {
            self.of_query(&body.query);
        }
    }

    fn of_query(&mut self, query: &Query) {
        for statement in &query.stmts {
            each_of(statement, &mut |expr| self.of_expr(expr));
            if let Literal::Every { query, .. } = &statement.literal {
                self.of_query(query);
            }
        }
    }

    fn of_expr(&mut self, expr: &Expr) {
        each(expr, &mut |expr| {
            if let Expr::String { span, .. } | Expr::RawString { span, .. } = expr {
                self.starts.insert(span.start as usize);
                self.ends.insert(span.end as usize);
            }
        });
    }
}
