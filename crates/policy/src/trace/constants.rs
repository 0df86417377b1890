//! The values that stand in a policy, and near which fields of a request: what a policy permits
//! beside what it was given is often among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleHead};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::syntax::{each_of, name_of, parts_of, root};

/// How many values are known to be near a field, at most.
const MAX_NEAR: usize = 256;

/// The values that stand in a policy, in its order, each once: texts, numbers, lists of these,
/// and each entry of an object as an object of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Constants {
    values: Vec<Json>,
    /// Which of them stand in a statement with a field of this name, in a rule that is named in
    /// one, or in an object under this key.
    near: BTreeMap<String, Vec<usize>>,
}

impl Constants {
    /// Those that stand near a field of this name, and then all. Some come twice.
    pub(crate) fn nearest_to(&self, name: &str) -> impl Iterator<Item = &Json> {
        let near = self.near.get(name).into_iter().flatten();
        let near = near.filter_map(|place| self.values.get(*place));
        near.chain(&self.values)
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
    /// The values in each rule.
    of_rules: BTreeMap<String, Vec<usize>>,
    /// The fields and the names of each statement.
    links: Vec<(BTreeSet<String>, BTreeSet<String>)>,
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
        let near = &mut self.constants.near;
        for (fields, names) in &self.links {
            let values = names.iter().filter_map(|name| self.of_rules.get(name));
            let values: Vec<_> = values.flatten().copied().take(MAX_NEAR).collect();
            for field in fields.iter().filter(|_| !values.is_empty()) {
                let near = near.entry(field.clone()).or_default();
                near.extend(&values);
                near.truncate(MAX_NEAR);
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
            self.keep(rule, found);
            if let Literal::Every { query, .. } = &statement.literal {
                self.query(rule, query);
            }
        }
    }

    fn statement<'a>(&mut self, rule: &str, exprs: impl Iterator<Item = &'a Expr>) {
        let mut found = Found::default();
        exprs.for_each(|expr| self.expr(expr, &mut found));
        self.keep(rule, found);
    }

    fn keep(&mut self, rule: &str, found: Found) {
        for field in &found.fields {
            self.near(field, &found.values);
        }
        let of_rule = self.of_rules.entry(rule.to_owned()).or_default();
        of_rule.extend(found.values);
        self.links.push((found.fields, found.names));
    }

    fn near(&mut self, field: &str, values: &[usize]) {
        if values.is_empty() {
            return;
        }
        let near = self.constants.near.entry(field.to_owned()).or_default();
        let room = MAX_NEAR.saturating_sub(near.len());
        near.extend(values.iter().take(room));
    }

    fn expr(&mut self, expr: &Expr, found: &mut Found) {
        match expr {
            // What is only printed decides nothing.
            Expr::Call { fcn, .. } if fcn.span().text() == "print" => return,
            Expr::Var { .. } => found.names.extend(name_of(expr)),
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
        self.near(&key, &values);
        if let Some(value) = value {
            self.value(json!({key.as_str(): value}), found);
        }
        self.value(key.into(), found);
    }

    fn value(&mut self, value: Json, found: &mut Found) {
        let values = &mut self.constants.values;
        let place = *self.places.entry(value.to_string()).or_insert_with(|| {
            values.push(value);
            values.len() - 1
        });
        found.values.push(place);
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
