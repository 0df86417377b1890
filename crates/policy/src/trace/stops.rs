//! Where rules stopped, by what a policy printed alone: a body that printed one thing and not
//! the next stopped at a statement between the two, and one that printed its last thing may have
//! stopped after it.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Module};
use serde::{Deserialize, Serialize};

use super::syntax::each_of_module;
use super::traced::{Kind, Traced};

/// What a policy's prints tell of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stops {
    /// The rules that stopped.
    pub stops: Vec<Stop>,
    /// The lines of which something was printed, and on which this policy prints nothing: it is
    /// not the policy that printed.
    pub unknown_lines: BTreeSet<u32>,
}

/// A rule that stopped, and the statements of which one did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The rule.
    pub rule: String,
    /// What stands between what it printed last and what it would have printed next, if anything.
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

/// What it tells of a policy that it printed from these lines, in this order. Rules that stopped
/// because one did that they ask are left out.
pub(crate) fn stops(module: &Module, lines: &[u32]) -> Stops {
    let traced = Traced::new(module, &BTreeSet::new());
    let mut prints = BTreeMap::new();
    for number in 0..traced.statements.len() {
        if let Some((line, print)) = print(&traced, number) {
            prints.insert(line, print);
        }
    }
    let mut printing = BTreeSet::new();
    each_of_module(module, &mut |expr| {
        if is_print(expr) {
            printing.insert(expr.span().line);
        }
    });
    let mut reader = Reader {
        traced: &traced,
        stack: Vec::new(),
        ended: Vec::new(),
    };
    for print in lines.iter().filter_map(|line| prints.get(line)) {
        reader.read(*print);
    }
    while !reader.stack.is_empty() {
        reader.leave();
    }
    let unknown = lines.iter().filter(|line| !printing.contains(line));
    Stops {
        stops: causes(reader.ended),
        unknown_lines: unknown.copied().collect(),
    }
}

/// Whether an expression prints.
pub(super) fn is_print(expr: &Expr) -> bool {
    matches!(expr, Expr::Call { fcn, .. } if fcn.span().text() == "print")
}

/// A statement that prints: its body, and its place there.
type Print = (usize, usize);

/// The line of a statement that prints.
fn print(traced: &Traced, number: usize) -> Option<(u32, Print)> {
    let statement = traced.statements.get(number)?;
    if statement.kind != Kind::Silent || !statement.text.starts_with("print(") {
        return None;
    }
    let body = traced.bodies.get(statement.body)?;
    let place = body.statements.iter().position(|each| *each == number)?;
    Some((statement.line, (statement.body, place)))
}

struct Reader<'a> {
    traced: &'a Traced,
    /// The bodies that are being evaluated.
    stack: Vec<Frame>,
    /// Where those stopped that nothing asked which printed.
    ended: Vec<Ended>,
}

/// A body that is being evaluated.
struct Frame {
    body: usize,
    /// The place of what it printed last.
    last: usize,
    /// That of the statement that is evaluated, as far as it is known.
    now: usize,
    /// Where what that statement asks stopped.
    asked: Vec<Ended>,
    /// The same of its earlier tries, as far as they came as far as any, and where they stopped.
    tried: Vec<Ended>,
    furthest: usize,
}

/// Where a body stopped, or may have stopped.
struct Ended {
    stop: Stop,
    /// The `every` that it is the body of.
    within: Option<usize>,
    /// The statements, and the rules that they need to be true.
    numbers: Vec<usize>,
    needs: BTreeSet<String>,
    /// Whether it did for certain: something would have been printed after it.
    is_certain: bool,
}

impl Reader<'_> {
    fn read(&mut self, (body, place): Print) {
        let is_meant = |frame: &Frame| frame.body == body;
        if let Some(at) = self.stack.iter().rposition(is_meant) {
            while self.stack.len() > at + 1 {
                self.leave();
            }
            let is_every = self.within(body).is_some();
            let goes_on = |frame: &Frame| place > frame.last || is_every;
            if !self.stack.last().is_some_and(goes_on) {
                self.end_try();
            }
            if let Some(frame) = self.stack.last_mut() {
                // What it asked was as it should be.
                frame.asked.clear();
                frame.last = place;
                frame.now = place + 1;
            }
            return;
        }
        while let Some(frame) = self.stack.last() {
            let asking = self.asking(frame, body);
            if let (Some(asking), Some(frame)) = (asking, self.stack.last_mut()) {
                if asking > frame.now {
                    frame.asked.clear();
                }
                frame.now = asking;
                break;
            }
            self.leave();
        }
        self.stack.push(Frame {
            body,
            last: place,
            now: place + 1,
            asked: Vec::new(),
            tried: Vec::new(),
            furthest: 0,
        });
    }

    /// The `every` that a body is that of.
    fn within(&self, body: usize) -> Option<usize> {
        self.traced.bodies.get(body)?.within
    }

    /// The place of the statement of a body that may have asked another one.
    fn asking(&self, frame: &Frame, other: usize) -> Option<usize> {
        let body = self.traced.bodies.get(frame.body)?;
        let other = self.traced.bodies.get(other)?;
        let asks = |number: &usize| match other.within {
            Some(every) => *number == every,
            None => {
                let statement = self.traced.statements.get(*number);
                statement.is_some_and(|statement| statement.names.contains(&other.rule))
            }
        };
        let rest = body.statements.get(frame.now..).unwrap_or_default();
        let next = rest.iter().position(asks).map(|place| frame.now + place);
        // It is not evaluated in the order in which it is written.
        next.or_else(|| body.statements.iter().position(asks))
    }

    /// The body entered last did not go on from where it is.
    fn end_try(&mut self) {
        let Some(frame) = self.stack.last_mut() else {
            return;
        };
        let asked = std::mem::take(&mut frame.asked);
        if frame.last > frame.furthest {
            frame.tried.clear();
        }
        if frame.last >= frame.furthest {
            frame.furthest = frame.last;
            frame
                .tried
                .extend(after(self.traced, frame.body, frame.last, frame.now));
            frame.tried.extend(asked);
        }
    }

    fn leave(&mut self) {
        self.end_try();
        let Some(frame) = self.stack.pop() else {
            return;
        };
        match self.stack.last_mut() {
            Some(outer) => outer.asked.extend(frame.tried),
            None => self.ended.extend(frame.tried),
        }
    }
}

/// What stands between what a body printed last and the next print, or the body's end, from the
/// statement on that was evaluated.
fn after(traced: &Traced, number: usize, last: usize, now: usize) -> Option<Ended> {
    let body = traced.bodies.get(number)?;
    let rest = body.statements.get(now.max(last + 1)..)?;
    let next = rest
        .iter()
        .position(|number| print(traced, *number).is_some());
    let numbers = rest.get(..next.unwrap_or(rest.len()))?;
    let mut needs = BTreeSet::new();
    let mut statements = Vec::new();
    for number in numbers {
        let statement = traced.statements.get(*number)?;
        if statement.kind != Kind::Silent {
            if statement.kind != Kind::Not {
                needs.extend(statement.names.iter().cloned());
            }
            statements.push(Line {
                line: statement.line,
                text: statement.text.clone(),
            });
        }
    }
    (!statements.is_empty()).then(|| Ended {
        stop: Stop {
            rule: body.rule.clone(),
            statements,
        },
        within: body.within,
        numbers: numbers.to_vec(),
        needs,
        is_certain: next.is_some(),
    })
}

/// Those that did not stop because another one did, each once.
fn causes(ended: Vec<Ended>) -> Vec<Stop> {
    let certain = || ended.iter().filter(|each| each.is_certain);
    let bodies: BTreeSet<_> = certain().filter_map(|each| each.within).collect();
    let rules = certain().filter(|each| each.within.is_none());
    let rules: BTreeSet<_> = rules.map(|each| each.stop.rule.clone()).collect();
    let is_cause = |each: &Ended| {
        let mut others = each.needs.iter().filter(|name| **name != each.stop.rule);
        let is_in_every = each.numbers.iter().any(|number| bodies.contains(number));
        !is_in_every && !others.any(|name| rules.contains(name))
    };
    let mut causes: Vec<Stop> = Vec::new();
    for each in ended.into_iter().filter(is_cause) {
        if !causes.contains(&each.stop) {
            causes.push(each.stop);
        }
    }
    causes
}
