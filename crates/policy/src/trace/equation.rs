//! How `:=` and `=` tell what they come to: as a comparison where both sides have values, by the
//! value that is taken apart where one side has, and by the variables afterwards where neither has.

use std::collections::BTreeSet;

use regorus::unstable::{AssignOp, Expr, Literal, LiteralStmt};

use super::instrument::{TELL, Writer};
use super::pattern::Pattern;
use super::syntax::{each, is_constant, is_pattern, names_in, parts_of, variables};
use super::traced::{Comparison, Kind};

impl Writer<'_> {
    /// Where the expression stands that a statement needs the value of.
    pub(super) fn valued(&self, number: usize, statement: &LiteralStmt) -> Option<(usize, usize)> {
        match &statement.literal {
            Literal::Expr { expr, .. } => match expr.as_ref() {
                // Neither side has a value of its own.
                Expr::AssignExpr { op, lhs, rhs, .. } if self.is_open(number, op, lhs, rhs) => None,
                Expr::AssignExpr { lhs, rhs, .. } if is_pattern(lhs) => self.source.extent(rhs),
                Expr::AssignExpr { lhs, .. } => self.source.extent(lhs),
                expr => self.source.extent(expr),
            },
            Literal::SomeIn { collection, .. } => self.source.extent(collection),
            Literal::Every { domain, .. } => self.source.extent(domain),
            Literal::SomeVars { .. } | Literal::NotExpr { .. } => None,
        }
    }

    /// An assignment or an equation, which ends at a place.
    pub(super) fn assign(
        &mut self,
        number: usize,
        end: usize,
        op: &AssignOp,
        lhs: &Expr,
        rhs: &Expr,
    ) -> Kind {
        let is_equation = *op == AssignOp::Eq;
        // `3 = x` gives x its value as well as `x = 3` does.
        let (to, from) = match (self.wants_value(number, lhs), self.wants_value(number, rhs)) {
            _ if !is_equation => (lhs, rhs),
            (false, false) => return self.compare(number, lhs, rhs),
            (true, false) => (lhs, rhs),
            (false, true) => (rhs, lhs),
            (true, true) => return self.solve(number, end, lhs, rhs),
        };
        let text = self.source.text_of(from);
        let statement = &mut self.traced.statements[number];
        statement.defines = variables(to);
        statement.pattern = Some((Pattern::of(to, !is_equation), text));
        if self.is_left_alone(from) {
            return Kind::Silent;
        }
        let kind = self.wrap(number, from).then_kind(Kind::Assign);
        // What is no variable must be equal: its value is told as well.
        parts_of(to, &mut |item| {
            if !is_pattern(item) {
                self.side(number, item);
            }
        });
        kind
    }

    /// Whether an expression gives variables their values that have none yet.
    fn wants_value(&self, number: usize, expr: &Expr) -> bool {
        is_pattern(expr) && !self.has_value(number, expr)
    }

    /// Whether both sides of an equation do.
    fn is_open(&self, number: usize, op: &AssignOp, lhs: &Expr, rhs: &Expr) -> bool {
        *op == AssignOp::Eq && self.wants_value(number, lhs) && self.wants_value(number, rhs)
    }

    /// `[x, input.b] = [input.a, y]`: neither side has a value before it is solved.
    fn solve(&mut self, number: usize, end: usize, lhs: &Expr, rhs: &Expr) -> Kind {
        // Of two variables either may be what gets a value.
        if !matches!((lhs, rhs), (Expr::Var { .. }, Expr::Var { .. })) {
            self.traced.statements[number].defines = self.unknowns(&[lhs, rhs]);
        }
        for side in [lhs, rhs] {
            match side {
                Expr::Array { items, .. } => {
                    items.iter().for_each(|item| self.side(number, item));
                }
                Expr::Object { fields, .. } => {
                    fields
                        .iter()
                        .for_each(|(_, _, item)| self.side(number, item));
                }
                side => self.side(number, side),
            }
        }
        // It may be that both got values elsewhere, and that it is evaluated last.
        let mut has_wildcard = false;
        for side in [lhs, rhs] {
            each(side, &mut |expr| has_wildcard |= expr.span().text() == "_");
        }
        let is_solved = match has_wildcard {
            true => "true".to_owned(),
            false => format!(
                "{} == {}",
                self.source.text_of(lhs),
                self.source.text_of(rhs)
            ),
        };
        let unknowns = self.unknowns(&[lhs, rhs]);
        self.tell_after(number, end, &is_solved, unknowns)
    }

    /// The variables in expressions that are not names of something else.
    fn unknowns(&self, exprs: &[&Expr]) -> BTreeSet<String> {
        let names = exprs.iter().flat_map(|expr| variables(expr));
        let is_other =
            |name: &str| name == "input" || name == "data" || self.traced.rules.contains(name);
        names.filter(|name| !is_other(name)).collect()
    }

    fn side(&mut self, number: usize, expr: &Expr) {
        if !is_constant(expr) {
            self.silent_part(number, expr);
        }
    }

    /// `split(input.id, "-", parts)`: a call whose last argument gets the result.
    pub(super) fn output(&mut self, number: usize, end: usize, expr: &Expr) -> Kind {
        let Expr::Call { params, .. } = expr else {
            return Kind::Silent;
        };
        let Some((to, from)) = params.split_last() else {
            return Kind::Silent;
        };
        for part in from {
            self.side(number, part);
        }
        let to = self.unknowns(&[to]);
        self.traced.statements[number].defines.clone_from(&to);
        self.tell_after(number, end, "true", to)
    }

    /// Lets a statement tell after it whether it passed, and what it gave these variables.
    fn tell_after(
        &mut self,
        number: usize,
        end: usize,
        has_passed: &str,
        mut variables: BTreeSet<String>,
    ) -> Kind {
        variables
            .retain(|name| name != "input" && name != "data" && !self.traced.rules.contains(name));
        if variables.is_empty() {
            return Kind::Silent;
        }
        let names: Vec<_> = variables.into_iter().collect();
        let call = self.traced.name(TELL);
        let values = names.join(", ");
        self.insert(end, format!("; {call}({number}, [{has_passed}, {values}])"));
        let names = names.into_iter().map(Pattern::Variable);
        let pattern = Pattern::Array([Pattern::Any].into_iter().chain(names).collect());
        self.traced.statements[number].pattern = Some((pattern, String::new()));
        Kind::Equation
    }

    /// Whether all variables of an expression have their values before the statement is evaluated.
    fn has_value(&self, number: usize, expr: &Expr) -> bool {
        let body = &self.traced.bodies[self.traced.statements[number].body];
        let mut has_value = true;
        each(expr, &mut |expr| {
            let Expr::Var { span, .. } = expr else { return };
            let name = span.text();
            let mut patterns = body
                .statements
                .iter()
                .filter_map(|earlier| self.traced.statements[*earlier].pattern.as_ref());
            has_value &= name == "input"
                || name == "data"
                || body.arguments.iter().any(|argument| argument == name)
                || patterns.any(|(pattern, _)| pattern.declares(name));
        });
        has_value
    }

    /// `input.a = 3` gives no variable a value: it becomes `input.a == 3`, which tells as much.
    fn compare(&mut self, number: usize, lhs: &Expr, rhs: &Expr) -> Kind {
        let (Some(left), Some(right)) = (self.source.extent(lhs), self.source.extent(rhs)) else {
            return Kind::Silent;
        };
        let between = self.source.raw((left.1, right.0));
        if between.trim() != "=" || self.is_left_alone(lhs) || self.is_left_alone(rhs) {
            return Kind::Silent;
        }
        names_in(lhs, &mut self.traced.statements[number].names);
        names_in(rhs, &mut self.traced.statements[number].names);
        self.traced.statements[number].compares = Some(Comparison::Same);
        self.insert(left.0, format!("{}({number}, ", self.traced.name(TELL)));
        self.part(number, 0, lhs);
        // Between the sign and what it is followed by there may be a line's end.
        let sign = between.find('=').unwrap_or_default();
        self.insert(left.1 + sign, "=");
        self.part(number, 1, rhs);
        self.insert(right.1, ")");
        Kind::Test
    }
}
