//! From what an instrumented policy told to how far each body came: which statements passed
//! in its best attempt, and what was evaluated for the one after them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;

use super::pattern::Bound;
use super::traced::{Kind, Statement, Traced};

/// One thing that an instrumented policy told.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A body was entered, with these values of its arguments.
    Enter(usize, Vec<Value>),
    /// A statement was evaluated.
    Tell(usize, Value),
    /// A part of a statement was.
    Part(usize, usize, Value),
    /// Whether a statement has a value was found out before its turn.
    Probe(usize, bool),
}

/// One evaluation of a body.
#[derive(Debug)]
pub(super) struct Activation {
    pub body: usize,
    /// The values of its arguments.
    pub arguments: Vec<Value>,
    /// The attempt that came furthest. A body that chooses between elements makes one for each.
    pub best: Attempt,
}

/// One choice of elements, up to where it failed.
#[derive(Debug, Default, Clone)]
pub(super) struct Attempt {
    /// The statements that told that they passed, in the order in which they did.
    pub trail: Vec<usize>,
    /// The values that they gave to variables.
    pub values: BTreeMap<usize, Value>,
    /// The statement that told that it did not.
    pub failed: Option<(usize, Value)>,
    /// What the parts of the statement after the trail were.
    pub parts: BTreeMap<(usize, usize), Told>,
    /// The same of the statements in the trail.
    pub parts_before: BTreeMap<(usize, usize), Told>,
    /// What the elements were, by the statement that they are in and their own number.
    pub elements: BTreeMap<(usize, usize), Told>,
    /// The statements of which it is not known whether the value is of the form that they want.
    pub unsure: BTreeSet<usize>,
    /// Whether the statements have a value of which that was found out before their turn.
    pub probed: BTreeMap<usize, bool>,
    /// The bodies that were entered for it.
    pub children: Vec<usize>,
    /// How many of them were before the part or the element that told its value last was known.
    pub told: usize,
    /// The same of the statements in the trail.
    pub children_before: BTreeMap<usize, Vec<usize>>,
    /// How many attempts came as far and no further.
    pub tried: usize,
    /// How far it came: how many statements passed, then the same of the best child.
    progress: Vec<usize>,
}

/// The value of a part of a statement.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub value: Value,
    /// The bodies that were entered for it.
    pub children: Vec<usize>,
}

/// Every evaluation of a body, children before the bodies that they were entered for.
#[derive(Debug, Default)]
pub(super) struct Activations {
    pub all: Vec<Activation>,
}

/// A body that is being evaluated.
struct Frame {
    body: usize,
    arguments: Vec<Value>,
    current: Attempt,
    best: Option<Attempt>,
}

impl Activations {
    /// Reads what was told.
    pub(super) fn read(traced: &Traced, events: Vec<Event>) -> Self {
        let mut reader = Reader {
            traced,
            done: Activations::default(),
            stack: Vec::new(),
        };
        for event in events {
            match event {
                Event::Enter(body, arguments) => reader.enter(body, arguments),
                Event::Tell(statement, value) => reader.tell(statement, value),
                Event::Probe(statement, has_value) => {
                    if let Some(frame) = reader.frame(statement) {
                        frame.current.probed.insert(statement, has_value);
                    }
                }
                Event::Part(statement, part, value) => {
                    let element_of = traced.statements.get(statement);
                    let outer = element_of.and_then(|it| it.element_of).unwrap_or(statement);
                    if let Some(frame) = reader.frame(statement) {
                        frame.begin(outer);
                        let told = frame.told(value);
                        frame.current.parts.insert((statement, part), told);
                    }
                }
            }
        }
        while !reader.stack.is_empty() {
            reader.leave();
        }
        reader.done
    }
}

struct Reader<'a> {
    traced: &'a Traced,
    done: Activations,
    stack: Vec<Frame>,
}

impl Reader<'_> {
    fn enter(&mut self, body: usize, arguments: Vec<Value>) {
        let Some(entered) = self.traced.bodies.get(body) else {
            return;
        };
        match entered.within {
            // The body of an `every` is entered from the body around it.
            Some(every) => {
                let outer = self.traced.statements.get(every).map(|every| every.body);
                if self.stack.iter().any(|frame| Some(frame.body) == outer) {
                    while self
                        .stack
                        .last()
                        .is_some_and(|frame| Some(frame.body) != outer)
                    {
                        self.leave();
                    }
                }
            }
            // Any other is entered from a body that names its rule, and not from itself.
            None => {
                let is_within_itself = |frame: &Frame| {
                    let body = self.traced.bodies.get(frame.body);
                    body.is_some_and(|body| body.rule == entered.rule)
                };
                if let Some(place) = self.stack.iter().position(is_within_itself) {
                    while self.stack.len() > place {
                        self.leave();
                    }
                }
                while let Some(frame) = self.stack.last() {
                    if self.names(frame.body, &entered.rule) {
                        break;
                    }
                    self.leave();
                }
            }
        }
        self.stack.push(Frame {
            body,
            arguments,
            current: Attempt::default(),
            best: None,
        });
    }

    /// Whether a body has the name of a rule in it.
    fn names(&self, body: usize, rule: &str) -> bool {
        let body = self.traced.bodies.get(body);
        body.is_some_and(|body| {
            let statements = body.statements.iter();
            let mut statements =
                statements.filter_map(|number| self.traced.statements.get(*number));
            statements.any(|statement| statement.names.contains(rule))
        })
    }

    /// The frame of the body that a statement is in, whatever was entered after it being left.
    fn frame(&mut self, statement: usize) -> Option<&mut Frame> {
        let body = self.traced.statements.get(statement)?.body;
        if !self.stack.iter().any(|frame| frame.body == body) {
            return None;
        }
        while self.stack.last().is_some_and(|frame| frame.body != body) {
            self.leave();
        }
        self.stack.last_mut()
    }

    fn tell(&mut self, number: usize, value: Value) {
        let traced = self.traced;
        let Some(statement) = traced.statements.get(number) else {
            return;
        };
        let kind = statement.kind;
        let Some(frame) = self.frame(number) else {
            return;
        };
        if let Some(outer) = statement.element_of {
            frame.begin(outer);
            let told = frame.told(value);
            frame.current.elements.insert((outer, number), told);
            return;
        }
        frame.begin(number);
        let is_false = value == Value::Bool(false);
        let passes = match kind {
            Kind::Test => !is_false,
            Kind::Not => is_false,
            Kind::Head => !is_false && !is_refusal(&value),
            Kind::Some => {
                !is_empty(&value)
                    && elements(&value)
                        .iter()
                        .any(|each| matches(traced, statement, frame, each) != Some(false))
            }
            Kind::Assign => match matches(traced, statement, frame, &value) {
                Some(matches) => matches,
                None => {
                    frame.current.unsure.insert(number);
                    true
                }
            },
            Kind::Equation => value[0] != Value::Bool(false),
            Kind::Every | Kind::Element | Kind::Silent => true,
        };
        if passes {
            frame.current.trail.push(number);
            // What an `every` is evaluated for comes after its domain.
            if kind != Kind::Every {
                let children = std::mem::take(&mut frame.current.children);
                frame.current.children_before.insert(number, children);
                frame.current.told = 0;
                frame.current.progress.clear();
            }
            let parts = std::mem::take(&mut frame.current.parts);
            frame.current.parts_before.extend(parts);
            if matches!(kind, Kind::Assign | Kind::Equation | Kind::Every) {
                frame.current.values.insert(number, value);
            }
        } else {
            frame.current.failed = Some((number, value));
        }
    }

    /// Ends the evaluation of the body entered last.
    fn leave(&mut self) {
        let Some(mut frame) = self.stack.pop() else {
            return;
        };
        frame.keep();
        let Some(best) = frame.best else { return };
        self.done.all.push(Activation {
            body: frame.body,
            arguments: frame.arguments,
            best,
        });
        let number = self.done.all.len() - 1;
        if let Some(outer) = self.stack.last_mut() {
            outer.current.children.push(number);
            let best = self.done.all.last().map(|done| done.best.progress.clone());
            let so_far = &mut outer.current.progress;
            *so_far = so_far.clone().max(best.unwrap_or_default());
        }
    }
}

impl Frame {
    /// What a part or an element that is known now has told.
    fn told(&mut self, value: Value) -> Told {
        let children = self.current.children.get(self.current.told..);
        let children = children.unwrap_or_default().to_vec();
        self.current.told = self.current.children.len();
        Told { value, children }
    }

    /// A statement is evaluated: if it or one after it was before, this is a new attempt.
    fn begin(&mut self, number: usize) {
        let again = self
            .current
            .trail
            .iter()
            .position(|passed| *passed == number);
        let is_over = again.is_some() || self.current.failed.is_some();
        if !is_over {
            return;
        }
        let trail = match again {
            Some(place) => self.current.trail.get(..place).unwrap_or_default().to_vec(),
            None => self.current.trail.clone(),
        };
        let probed = self.current.probed.clone();
        let values = self.current.values.clone();
        let unsure = self.current.unsure.clone();
        let parts_before = self.current.parts_before.clone();
        let mut elements = self.current.elements.clone();
        elements.retain(|(outer, _), _| trail.contains(outer));
        let children_before = self.current.children_before.clone();
        self.keep();
        self.current = Attempt {
            trail,
            values,
            probed,
            unsure,
            parts_before,
            elements,
            children_before,
            ..Attempt::default()
        };
    }

    /// Keeps the current attempt if it came further than those before it.
    fn keep(&mut self) {
        let mut attempt = std::mem::take(&mut self.current);
        let mut progress = vec![attempt.trail.len()];
        progress.append(&mut attempt.progress);
        attempt.progress = progress;
        attempt.tried = 1;
        match &mut self.best {
            Some(best) if best.progress > attempt.progress => {}
            Some(best) if best.progress == attempt.progress => best.tried += 1,
            best => *best = Some(attempt),
        }
    }
}

/// The elements of a value that there is to choose from.
pub(super) fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Set(items) => items.iter().collect(),
        Value::Object(items) => items.values().collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is of the form that a statement wants; none where that is not known.
fn matches(traced: &Traced, statement: &Statement, frame: &Frame, value: &Value) -> Option<bool> {
    let Some((pattern, _)) = &statement.pattern else {
        return Some(true);
    };
    pattern.matches(value, &|name| {
        if let Some(value) = frame.current.variable(traced, name) {
            return Bound::To(value.clone());
        }
        let body = traced.bodies.get(frame.body);
        let place = body.and_then(|body| body.arguments.iter().position(|each| each == name));
        if let Some(value) = place.and_then(|place| frame.arguments.get(place)) {
            return Bound::To(value.clone());
        }
        // The body of an `every` sees the variables of the one around it.
        let is_inner = body.is_none_or(|body| body.within.is_some());
        let is_given = frame.current.trail.iter().any(|number| {
            let statement = traced.statements.get(*number);
            statement.is_some_and(|statement| statement.defines.contains(name))
        });
        let is_rule = traced.rules.contains(name) || name == "input" || name == "data";
        match is_inner || is_given || is_rule {
            true => Bound::Unknown,
            false => Bound::Free,
        }
    })
}

/// Whether there is nothing in a value to choose from.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Set(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether a value is the result of a rule that refuses.
pub(super) fn is_refusal(value: &Value) -> bool {
    matches!(value, Value::Object(_)) && value["allowed"] == Value::Bool(false)
}

impl Attempt {
    /// What a statement that passed was, or an element.
    pub(super) fn value(&self, number: usize, statement: &Statement) -> Option<&Value> {
        match statement.element_of {
            Some(outer) => self.elements.get(&(outer, number)).map(|told| &told.value),
            None => self.values.get(&number),
        }
    }

    /// What a part of a statement was.
    pub(super) fn part(&self, statement: usize, part: usize) -> Option<&Told> {
        let place = (statement, part);
        self.parts
            .get(&place)
            .or_else(|| self.parts_before.get(&place))
    }

    /// The value that one of its statements gave a variable.
    pub(super) fn variable(&self, traced: &Traced, name: &str) -> Option<&Value> {
        self.trail.iter().rev().find_map(|number| {
            let (pattern, _) = traced.statements.get(*number)?.pattern.as_ref()?;
            pattern.find(name, self.values.get(number)?)
        })
    }

    /// Whether more statements passed, or as many and more in what they call.
    pub(super) fn is_further_than(&self, other: &Attempt) -> bool {
        self.compare(other).is_gt()
    }

    /// Compares how far two attempts came.
    pub(super) fn compare(&self, other: &Attempt) -> Ordering {
        self.progress.cmp(&other.progress)
    }
}
