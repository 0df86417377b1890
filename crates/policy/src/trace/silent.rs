//! Which statement ended an attempt without telling anything.

use std::collections::BTreeSet;

use super::activation::{Activation, Attempt};
use super::reason::Finder;
use super::reference::Reference;
use super::traced::{Form, Kind};

impl<'a> Finder<'a> {
    /// The statement that ended an attempt without telling anything, being undefined.
    pub(super) fn silent_failure(&mut self, body: usize, attempt: &Attempt) -> Option<usize> {
        let body = self.traced.bodies.get(body)?;
        // An `every` tells its domain before its body is evaluated with the elements.
        if let Some(last) = attempt.trail.last()
            && let Some(statement) = self.traced.statements.get(*last)
            && statement.kind == Kind::Every
            && self.failed_element(*last, attempt).is_some()
        {
            return Some(*last);
        }
        let is_left = |number: &&usize| !attempt.trail.contains(number);
        let left: Vec<_> = body.statements.iter().filter(is_left).copied().collect();
        let statement = |number: &usize| self.traced.statements.get(*number);
        let kind_of = |number: &usize| statement(number).map(|statement| statement.kind);
        // One that has told a part of itself has begun. After `not` it is right to be undefined.
        let parts = attempt.parts.keys().map(|(number, _)| {
            let element_of = statement(number).and_then(|it| it.element_of);
            element_of.unwrap_or(*number)
        });
        let elements = attempt.elements.keys().map(|(outer, _)| *outer);
        let begun: BTreeSet<_> = parts.chain(elements).collect();
        let mut begun = begun.iter().rev().filter(is_left);
        if let Some(number) = begun.find(|number| kind_of(number) != Some(Kind::Not)) {
            return Some(*number);
        }
        let may_fail =
            |number: &&usize| !matches!(kind_of(number), None | Some(Kind::Silent | Kind::Not));
        let mut candidates: Vec<_> = left.iter().filter(may_fail).copied().collect();
        // What the rule gives comes after all that has to hold.
        if candidates.len() > 1 {
            candidates.retain(|number| kind_of(number) != Some(Kind::Head));
        }
        // What was entered for it is named by it.
        let called = attempt
            .children
            .last()
            .and_then(|child| self.done.all.get(*child));
        let called = called.and_then(|child| self.traced.bodies.get(child.body));
        if let Some(called) = called {
            let names = |number: &&usize| {
                statement(number).is_some_and(|statement| statement.names.contains(&called.rule))
            };
            if let Some(caller) = candidates.iter().find(names) {
                return Some(*caller);
            }
        }
        // Statements are evaluated once the variables in them have values, those that give
        // none first.
        let waits = |number: &&usize| {
            let Some(this) = statement(number) else {
                return true;
            };
            let others = left.iter().filter(|other| *other != *number);
            others.filter_map(statement).any(|other| {
                // Of two equations each may give the other what it needs.
                let is_mutual = this.kind == Kind::Equation && other.kind == Kind::Equation;
                other.kind != Kind::Silent
                    && !is_mutual
                    && other.defines.intersection(&this.names).next().is_some()
            })
        };
        let defines = |number: &usize| {
            let defines = statement(number).map(|statement| statement.defines.clone());
            defines.unwrap_or_default()
        };
        let is_undefined = |number: &&usize| attempt.probed.get(number) == Some(&false);
        if let Some(found) = candidates.iter().find(is_undefined) {
            return Some(*found);
        }
        // An assignment that may not have gone well is it where nothing after it is undefined.
        let unsure = attempt
            .trail
            .last()
            .filter(|last| attempt.unsure.contains(last));
        if candidates.len() > 1 || unsure.is_some() {
            self.doubts.extend(candidates.iter().copied());
        }
        if unsure.is_some() {
            return unsure.copied();
        }
        // One that has a value would have told it, and of one whose turn came it would have been
        // told whether it has: it is one of which that cannot be found out, if there is any.
        let (found_out, mut open): (Vec<_>, Vec<_>) = candidates
            .iter()
            .partition(|number| self.traced.probed.contains(number));
        if found_out.is_empty() || open.is_empty() {
            open = candidates;
        }
        let ready: Vec<_> = open.iter().filter(|number| !waits(number)).collect();
        let first = ready.iter().find(|number| defines(number).is_empty());
        let by_name = || {
            ready
                .iter()
                .min_by_key(|number| defines(number).into_iter().next())
        };
        let next = first.or_else(by_name).map(|number| **number);
        next.or_else(|| open.first().copied())
    }

    /// The innermost element of a statement that has no value, being the first of them that told
    /// none: they are evaluated in the order in which they are written.
    pub(super) fn undefined_element(&self, outer: usize, attempt: &Attempt) -> Option<usize> {
        // Before what chooses between elements of something there are none of a statement's own.
        let statement = self.traced.statements.get(outer)?;
        let has_begun = attempt
            .elements
            .keys()
            .any(|(told_in, _)| *told_in == outer);
        let chooses = |reference: &Reference| reference.fields().is_none();
        if !has_begun && statement.references.iter().any(chooses) {
            return None;
        }
        let (mut found, mut number) = (None, outer);
        loop {
            let statement = self.traced.statements.get(number)?;
            let parts = statement.parts.iter().enumerate();
            let mut parts = parts.filter(|(index, part)| {
                part.constant.is_none() && !attempt.parts.contains_key(&(number, *index))
            });
            let form = match statement.parts.is_empty() {
                true => Some(&statement.form),
                false => parts.next().map(|(_, part)| &part.form),
            };
            let is_silent = |element: &usize| !attempt.elements.contains_key(&(outer, *element));
            let first = match form {
                Some(Form::Elements(elements)) => {
                    elements.values().copied().filter(is_silent).min()
                }
                Some(Form::Statement(element)) => Some(*element).filter(is_silent),
                _ => None,
            };
            let Some(first) = first else {
                return found;
            };
            found = Some(first);
            number = first;
        }
    }

    /// The element of an `every` with which its body failed.
    pub(super) fn failed_element(
        &mut self,
        every: usize,
        attempt: &Attempt,
    ) -> Option<&'a Activation> {
        let last = attempt
            .children
            .iter()
            .rev()
            .filter_map(|child| self.done.all.get(*child));
        let mut last = last.filter(|child| {
            let body = self.traced.bodies.get(child.body);
            body.is_some_and(|body| body.within == Some(every))
        });
        let last = last.next()?;
        let has_failed =
            last.best.failed.is_some() || self.silent_failure(last.body, &last.best).is_some();
        has_failed.then_some(last)
    }
}
