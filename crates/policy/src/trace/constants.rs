//! The values that stand in a policy, and near which fields of a request: what a policy permits
//! beside what it was given is often among them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleHead};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::syntax::{each_of, name_of, parts_of, root};
use crate::patterns;

/// How many values are known to be near a field, at most.
const MAX_NEAR: usize = 256;
/// How much of a policy is read as patterns, in bytes, as that takes its time.
const MAX_PATTERNS: usize = 256 << 10;
/// How many statements are looked at for what is near those of a field.
const MAX_LINKED: usize = 64;

/// The values that stand in a policy, in its order, each once: texts, numbers, lists of these,
/// each entry of an object as an object of its own, and after a pattern what it permits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Constants {
    values: Vec<Json>,
    /// Which of them stand in a statement with a field of this name, in an object under this key,
    /// or where the names in such a statement lead to: rules, and variables of the same rule.
    near: BTreeMap<String, Vec<usize>>,
    /// Which of them are given to functions; of what finds a pattern in a text and takes or puts
    /// something there, what the pattern permits.
    given: BTreeSet<usize>,
    /// Which of them stand nowhere, but are permitted by patterns.
    made: BTreeSet<usize>,
}

impl Constants {
    /// Those that stand near a field of this name, and then all. Some come twice.
    pub(crate) fn nearest_to(&self, name: &str) -> impl Iterator<Item = &Json> {
        self.near(name).map(|(_, value)| value).chain(&self.values)
    }

    /// Those that stand near a field of this name as they are, and are no patterns.
    pub(crate) fn plain_near(&self, name: &str) -> impl Iterator<Item = &Json> {
        let near = self.near(name);
        let near = near.filter(|(place, _)| !self.made.contains(place));
        let near = near.map(|(_, value)| value);
        near.filter(|value| !value.as_str().is_some_and(patterns::is_likely))
    }

    /// Those that are given to functions, the ones near a field of this name first. Some come
    /// twice.
    pub(crate) fn given_near(&self, name: &str) -> impl Iterator<Item = &Json> {
        let near = self.near(name);
        let near = near.filter(|(place, _)| self.given.contains(place));
        let all = self.given.iter();
        let all = all.filter_map(|place| self.values.get(*place));
        near.map(|(_, value)| value).chain(all)
    }

    fn near(&self, name: &str) -> impl Iterator<Item = (usize, &Json)> {
        let near = self.near.get(name).into_iter().flatten();
        near.filter_map(|place| Some((*place, self.values.get(*place)?)))
    }

    /// Those of a policy, and of its state.
    pub(super) fn of(module: &Module, state: &Json) -> Self {
        let mut collector = Collector::default();
        for rule in &module.policy {
            collector.rule(rule);
        }
        let mut found = Found::default();
        collector.json(state, &mut found);
        collector.keep("", found);
        collector.done()
    }
}

#[derive(Default)]
struct Collector {
    constants: Constants,
    /// Where each value is, by its JSON.
    places: HashMap<String, usize>,
    /// How much was read as patterns, in bytes.
    read_as_patterns: usize,
    /// What stands in each statement, after the name of its rule.
    statements: Vec<(String, Found)>,
}

/// What stands in one statement.
#[derive(Default)]
struct Found {
    values: Vec<usize>,
    fields: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Collector {
    fn done(mut self) -> Constants {
        let mut of_rules: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut of_variables: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
        for (place, (rule, found)) in self.statements.iter().enumerate() {
            of_rules.entry(rule).or_default().push(place);
            for name in &found.names {
                let of_variable = of_variables.entry((rule, name)).or_default();
                of_variable.push(place);
            }
        }
        let linked = |place: usize| {
            let (rule, found) = self.statements.get(place)?;
            let of_name = |name| [of_rules.get(name), of_variables.get(&(rule.as_str(), name))];
            let places = found.names.iter().flat_map(move |name| of_name(name));
            Some((&found.values, places.flatten().flatten().copied()))
        };
        for (place, (_, found)) in self.statements.iter().enumerate() {
            let near = &mut self.constants.near;
            let has_room = |field: &&String| near.get(*field).map_or(0, Vec::len) < MAX_NEAR;
            let fields: Vec<_> = found.fields.iter().filter(has_room).collect();
            if fields.is_empty() {
                continue;
            }
            let mut values = Vec::new();
            let mut seen = BTreeSet::from([place]);
            let mut next = VecDeque::from([place]);
            while let Some((of_statement, places)) = next.pop_front().and_then(linked) {
                values.extend(of_statement);
                for place in places {
                    if seen.len() < MAX_LINKED && seen.insert(place) {
                        next.push_back(place);
                    }
                }
            }
            for field in fields {
                add_near(near, field, &values);
            }
        }
        self.constants
    }

    fn rule(&mut self, rule: &Rule) {
        match rule {
            Rule::Default {
                refr, args, value, ..
            } => {
                let exprs = args.iter().chain([value]);
                self.statement(&root(refr), exprs.map(AsRef::as_ref));
            }
            Rule::Spec { head, bodies, .. } => {
                let (refr, args, value) = match head {
                    RuleHead::Compr { refr, assign, .. } => (refr, [].as_slice(), assign.as_ref()),
                    RuleHead::Func {
                        refr, args, assign, ..
                    } => (refr, args.as_slice(), assign.as_ref()),
                    RuleHead::Set { refr, key, .. } => (refr, key.as_slice(), None),
                };
                let rule = root(refr);
                let value = value.map(|assign| &assign.value);
                self.statement(&rule, args.iter().chain(value).map(AsRef::as_ref));
                for body in bodies {
                    let value = body.assign.as_ref().map(|assign| assign.value.as_ref());
                    self.statement(&rule, value.into_iter());
                    self.query(&rule, &body.query);
                }
            }
        }
    }

    fn query(&mut self, rule: &str, query: &Query) {
        for statement in &query.stmts {
            let mut found = Found::default();
            each_of(statement, &mut |expr| self.expr(expr, &mut found));
            let Literal::Every {
                key, value, query, ..
            } = &statement.literal
            else {
                self.keep(rule, found);
                continue;
            };
            let variables = key.iter().chain([value]);
            found
                .names
                .extend(variables.map(|name| name.text().to_owned()));
            self.keep(rule, found);
            self.query(rule, query);
        }
    }

    fn statement<'a>(&mut self, rule: &str, exprs: impl Iterator<Item = &'a Expr>) {
        let mut found = Found::default();
        exprs.for_each(|expr| self.expr(expr, &mut found));
        self.keep(rule, found);
    }

    fn keep(&mut self, rule: &str, found: Found) {
        for field in &found.fields {
            add_near(&mut self.constants.near, field, &found.values);
        }
        self.statements.push((rule.to_owned(), found));
    }

    fn expr(&mut self, expr: &Expr, found: &mut Found) {
        match expr {
            // What is only printed decides nothing.
            Expr::Call { fcn, .. } if fcn.span().text() == "print" => return,
            // What functions are given they may join to a text, or cut from it.
            Expr::Call { fcn, params, .. } => {
                let is_of_patterns = root(fcn) == "regex";
                for value in params.iter().filter_map(|param| constant(param)) {
                    let pattern = value.as_str().filter(|_| is_of_patterns);
                    let places = match pattern {
                        Some(pattern) => self.permitted_by(pattern),
                        None => vec![self.place(value)],
                    };
                    if !is_of_patterns || !only_matches(fcn) {
                        self.constants.given.extend(&places);
                    }
                    found.values.extend(places);
                }
            }
            Expr::Var { .. } => {
                let name = name_of(expr).filter(|name| name != "input" && name != "data");
                found.names.extend(name);
            }
            Expr::RefDot { refr, field, .. } => {
                found.fields.insert(field.0.text().to_owned());
                return self.expr(refr, found);
            }
            Expr::RefBrack { refr, index, .. } if constant(index).is_some() => {
                if let Some(Json::String(field)) = constant(index) {
                    found.fields.insert(field);
                }
                return self.expr(refr, found);
            }
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    let Some(Json::String(key)) = constant(key) else {
                        self.expr(key, found);
                        self.expr(value, found);
                        continue;
                    };
                    self.entry(key, found, constant(value), |each, found| {
                        each.expr(value, found);
                    });
                }
                return;
            }
            expr => {
                if let Some(value) = constant(expr) {
                    return self.value(value, found);
                }
                if let Expr::Array { items, .. } = expr {
                    let items: Option<Vec<_>> = items.iter().map(|item| constant(item)).collect();
                    if let Some(items) = items.filter(|items| !items.is_empty()) {
                        self.value(items.into(), found);
                    }
                }
            }
        }
        parts_of(expr, &mut |part| self.expr(part, found));
    }

    /// The same of data.
    fn json(&mut self, value: &Json, found: &mut Found) {
        match value {
            Json::Null | Json::Bool(_) => {}
            Json::Number(_) | Json::String(_) => self.value(value.clone(), found),
            Json::Array(items) => {
                let is_plain = |item: &Json| item.is_string() || item.is_number();
                if !items.is_empty() && items.iter().all(is_plain) {
                    self.value(value.clone(), found);
                }
                items.iter().for_each(|item| self.json(item, found));
            }
            Json::Object(members) => {
                for (key, value) in members {
                    let is_plain = value.is_string() || value.is_number();
                    let plain = is_plain.then(|| value.clone());
                    self.entry(key.clone(), found, plain, |each, found| {
                        each.json(value, found);
                    });
                }
            }
        }
    }

    /// An entry of an object, whose value is read by `inner`.
    fn entry(
        &mut self,
        key: String,
        found: &mut Found,
        value: Option<Json>,
        inner: impl FnOnce(&mut Self, &mut Found),
    ) {
        let begin = found.values.len();
        inner(self, found);
        let values = found.values.get(begin..).unwrap_or_default().to_vec();
        add_near(&mut self.constants.near, &key, &values);
        if let Some(value) = value {
            self.value(json!({key.as_str(): value}), found);
        }
        self.value(key.into(), found);
    }

    fn value(&mut self, value: Json, found: &mut Found) {
        let pattern = value.as_str().filter(|text| patterns::is_likely(text));
        let pattern = pattern.map(str::to_owned);
        let place = self.place(value);
        self.constants.made.remove(&place);
        found.values.push(place);
        if let Some(pattern) = pattern {
            found.values.extend(self.permitted_by(&pattern));
        }
    }

    /// Where the texts are that a pattern permits.
    fn permitted_by(&mut self, pattern: &str) -> Vec<usize> {
        let mut places = Vec::new();
        self.read_as_patterns += pattern.len();
        if self.read_as_patterns > MAX_PATTERNS {
            return places;
        }
        for text in patterns::examples(pattern) {
            let next = self.constants.values.len();
            let place = self.place(text.into());
            if place == next {
                self.constants.made.insert(place);
            }
            places.push(place);
        }
        places
    }

    /// Where a value is among all.
    fn place(&mut self, value: Json) -> usize {
        let values = &mut self.constants.values;
        *self.places.entry(value.to_string()).or_insert_with(|| {
            values.push(value);
            values.len() - 1
        })
    }
}

/// Whether a function only tells whether something is there.
fn only_matches(fcn: &Expr) -> bool {
    matches!(fcn, Expr::RefDot { field, .. } if field.0.text() == "match")
}

/// Notes that values are near a field.
fn add_near(near: &mut BTreeMap<String, Vec<usize>>, field: &str, values: &[usize]) {
    if values.is_empty() {
        return;
    }
    let near = near.entry(field.to_owned()).or_default();
    for value in values {
        if near.len() < MAX_NEAR && !near.contains(value) {
            near.push(*value);
        }
    }
}

/// The text or the number that an expression says.
fn constant(expr: &Expr) -> Option<Json> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } | Expr::Number { value, .. } => {
            serde_json::to_value(value).ok()
        }
        Expr::UnaryExpr { expr, .. } => {
            let number = constant(expr)?;
            match number.as_i64() {
                Some(number) => number.checked_neg().map(Json::from),
                None => number.as_f64().map(|number| (-number).into()),
            }
        }
        _ => None,
    }
}
