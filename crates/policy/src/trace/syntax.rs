//! What an expression of a policy is made of: its names, its variables, and everything in it.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{Expr, Literal, LiteralStmt, Module, Query, Ref, Rule, RuleHead};

/// What a rule is called, or a reference begins with.
pub(super) fn root(expr: &Expr) -> String {
    match expr {
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => root(refr),
        expr => expr.span().text().to_owned(),
    }
}

/// Whether an expression says its value.
pub(super) fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. } => true,
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().all(|item| is_constant(item))
        }
        Expr::Object { fields, .. } => {
            let mut fields = fields.iter();
            fields.all(|(_, key, value)| is_constant(key) && is_constant(value))
        }
        _ => false,
    }
}

/// The value that an expression says, if it says one.
pub(super) fn value_of(expr: &Expr) -> Option<Value> {
    let all = |items: &[Ref<Expr>]| -> Option<Vec<_>> {
        let items = items.iter().map(|item| value_of(item));
        items.collect()
    };
    match expr {
        Expr::String { value, .. }
        | Expr::RawString { value, .. }
        | Expr::Number { value, .. }
        | Expr::Bool { value, .. }
        | Expr::Null { value, .. } => Some(value.clone()),
        Expr::Array { items, .. } => Some(all(items)?.into()),
        Expr::Set { items, .. } => Some(BTreeSet::from_iter(all(items)?).into()),
        Expr::Object { fields, .. } => {
            let fields = fields.iter();
            let fields = fields.map(|(_, key, value)| Some((value_of(key)?, value_of(value)?)));
            Some(fields.collect::<Option<BTreeMap<_, _>>>()?.into())
        }
        _ => None,
    }
}

/// Whether an expression collects values by statements of its own.
pub(super) fn is_collecting(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. }
    )
}

/// Whether an expression can give variables their values.
pub(super) fn is_pattern(expr: &Expr) -> bool {
    match expr {
        Expr::Var { .. } => true,
        Expr::Array { .. } | Expr::Object { .. } | Expr::Set { .. } => !is_constant(expr),
        _ => false,
    }
}

pub(super) fn variables(expr: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each(expr, &mut |expr| {
        names.extend(name_of(expr));
    });
    names
}

/// The name that an expression is, if it is one.
pub(super) fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Var { span, .. } if span.text() != "_" => Some(span.text().to_owned()),
        _ => None,
    }
}

/// The variables and the fields of the request that say which element an expression takes of
/// something. A field has its path.
pub(super) fn keys_in(expr: &Expr, keys: &mut BTreeMap<String, Option<Vec<Value>>>) {
    each(expr, &mut |expr| {
        if let Expr::RefBrack { index, .. } = expr {
            let path = input_path(index);
            let name = match path {
                Some(_) => Some(index.span().text().to_owned()),
                None => name_of(index),
            };
            keys.extend(name.map(|name| (name, path)));
        }
    });
}

/// The path of a field of the request, as `input.process.Args`, if an expression is one.
pub(super) fn input_path(expr: &Expr) -> Option<Vec<Value>> {
    match expr {
        Expr::Var { span, .. } => (span.text() == "input").then(Vec::new),
        Expr::RefDot { refr, field, .. } => {
            let mut path = input_path(refr)?;
            path.push(field.1.clone());
            Some(path)
        }
        Expr::RefBrack { refr, index, .. } => {
            let (Expr::String { value, .. } | Expr::Number { value, .. }) = index.as_ref() else {
                return None;
            };
            let mut path = input_path(refr)?;
            path.push(value.clone());
            Some(path)
        }
        _ => None,
    }
}

/// The names in an expression that may be those of rules.
pub(super) fn names_in(expr: &Expr, names: &mut BTreeSet<String>) {
    each(expr, &mut |expr| match expr {
        Expr::Var { span, .. } => {
            names.insert(span.text().to_owned());
        }
        // `data.agent_policy.allowed`.
        Expr::RefDot { field, .. } if root(expr) == "data" => {
            names.insert(field.0.text().to_owned());
        }
        _ => {}
    });
}

/// The expressions that a statement is made of, those of the body of an `every` left out.
pub(super) fn each_of(statement: &LiteralStmt, visit: &mut dyn FnMut(&Expr)) {
    match &statement.literal {
        Literal::SomeVars { .. } => {}
        Literal::SomeIn {
            key,
            value,
            collection,
            ..
        } => {
            if let Some(key) = key {
                visit(key);
            }
            visit(value);
            visit(collection);
        }
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => visit(expr),
        Literal::Every { domain, .. } => visit(domain),
    }
    for modifier in &statement.with_mods {
        visit(&modifier.r#as);
    }
}

/// Visits all expressions in the definitions of a policy.
pub(super) fn each_of_module(module: &Module, visit: &mut dyn FnMut(&Expr)) {
    for rule in &module.policy {
        let Rule::Spec { head, bodies, .. } = rule.as_ref() else {
            continue;
        };
        let (key, assign) = match head {
            RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                (None, assign.as_ref())
            }
            RuleHead::Set { key, .. } => (key.as_ref(), None),
        };
        let others = bodies.iter().filter_map(|body| body.assign.as_ref());
        let values = assign.into_iter().chain(others).map(|assign| &assign.value);
        for expr in key.into_iter().chain(values) {
            each(expr, visit);
        }
        for body in bodies {
            in_query(&body.query, &mut |expr| each(expr, visit));
        }
    }
}

/// Visits an expression and all that it is made of.
pub(super) fn each(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    visit(expr);
    parts_of(expr, &mut |part| each(part, visit));
}

/// Visits the expressions that one is made of, and not what these are made of.
pub(super) fn parts_of(expr: &Expr, visit: &mut dyn FnMut(&Expr)) {
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => {
            items.iter().for_each(|item| visit(item));
        }
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                visit(key);
                visit(value);
            }
        }
        Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
            visit(term);
            in_query(query, visit);
        }
        Expr::ObjectCompr {
            key, value, query, ..
        } => {
            visit(key);
            visit(value);
            in_query(query, visit);
        }
        Expr::Call { fcn, params, .. } => {
            visit(fcn);
            params.iter().for_each(|param| visit(param));
        }
        Expr::UnaryExpr { expr, .. } => visit(expr),
        Expr::RefDot { refr, .. } => visit(refr),
        Expr::RefBrack { refr, index, .. } => {
            visit(refr);
            visit(index);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            visit(lhs);
            visit(rhs);
        }
        Expr::Membership {
            key,
            value,
            collection,
            ..
        } => {
            if let Some(key) = key {
                visit(key);
            }
            visit(value);
            visit(collection);
        }
    }
}

/// Visits the expressions that the statements of a query are made of.
fn in_query(query: &Query, visit: &mut dyn FnMut(&Expr)) {
    for statement in &query.stmts {
        each_of(statement, visit);
        if let Literal::Every { query, .. } = &statement.literal {
            in_query(query, visit);
        }
    }
}

/// A text over several lines as one.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
