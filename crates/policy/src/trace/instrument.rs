//! A policy with calls put into it that tell what is evaluated and to what. The calls give
//! back what they are given, so the policy decides as before, and the engine orders its
//! statements as before.
//!
//! `a == f(b)` becomes `tell(7, part(7, 0, a) == part(7, 1, f(b)))`, and each body begins with
//! `enter(3, [b])`. A call whose argument is undefined is not made, which tells as much.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{
    AssignOp, BUILTINS, Expr, Literal, LiteralStmt, Module, Query, Rule, RuleAssign, RuleHead,
};

use super::pattern::Pattern;
use super::source::Source;
use super::syntax::{
    each, each_of, input_path, is_constant, is_pattern, keys_in, name_of, names_in, root, variables,
};
use super::traced::{Body, Function, Given, Kind, Part, Statement, Traced};

/// Tells that a body is entered: its number, the values of its arguments.
pub(super) const ENTER: &str = "__policy_enter";
/// Tells a statement's value: its number, the value.
pub(super) const TELL: &str = "__policy_tell";
/// Tells the value of a part of a statement: the statement's number, the part's, the value.
pub(super) const PART: &str = "__policy_part";

/// Tells whether a statement has a value: its number, the values that it has.
pub(super) const PROBE: &str = "__policy_probe";

/// The value of a rule that had no body.
const VALUE: &str = "__policy_value";

impl Traced {
    /// Puts the calls into a policy. The statements that are `probed` are evaluated once more
    /// before their turn, to tell whether they have a value.
    pub(super) fn new(module: &Module, probed: &BTreeSet<usize>) -> Self {
        let mut writer = Writer {
            source: Source::new(module),
            insertions: Vec::new(),
            probed,
            wants_if: module.rego_v1,
            traced: Traced::default(),
        };
        for rule in &module.policy {
            writer.note(rule);
        }
        for rule in &module.policy {
            writer.rule(rule);
        }
        let text = writer.woven();
        Traced {
            text,
            ..writer.traced
        }
    }
}

struct Writer<'a> {
    source: Source<'a>,
    /// What to put where; at one place in this order.
    insertions: Vec<(usize, String)>,
    probed: &'a BTreeSet<usize>,
    /// Whether a body needs `if` before it.
    wants_if: bool,
    traced: Traced,
}

impl Writer<'_> {
    fn woven(&mut self) -> String {
        self.insertions.sort_by_key(|(place, _)| *place);
        let mut text = String::with_capacity(self.source.len() * 2);
        let mut done = 0;
        for (place, insertion) in &self.insertions {
            text.push_str(self.source.raw((done, *place)));
            text.push_str(insertion);
            done = *place;
        }
        text.push_str(self.source.raw((done, self.source.len())));
        text
    }

    /// Notes what a rule is called, and what it is where nothing has to hold for it.
    fn note(&mut self, rule: &Rule) {
        let (span, refr, is_default, is_given) = match rule {
            Rule::Spec { span, head, bodies } => {
                let is_constant = |assign: &RuleAssign| is_constant(&assign.value);
                let (refr, is_given) = match head {
                    RuleHead::Compr { refr, assign, .. } => {
                        (refr, assign.as_ref().is_some_and(is_constant))
                    }
                    RuleHead::Set { refr, .. } => (refr, false),
                    RuleHead::Func { refr, args, .. } => {
                        let function = Function {
                            takes: args.len(),
                            line: span.line,
                            text: self.source.first_line(span.start),
                        };
                        let functions = &mut self.traced.functions;
                        functions.entry(root(refr)).or_insert(function);
                        (refr, false)
                    }
                };
                (span, refr, false, is_given && bodies.is_empty())
            }
            Rule::Default { span, refr, .. } => (span, refr, true, true),
        };
        self.traced.rules.insert(root(refr));
        if is_given {
            self.traced.given.push(Given {
                rule: root(refr),
                is_default,
                line: span.line,
                text: self.source.first_line(span.start),
            });
        }
    }

    fn insert(&mut self, place: usize, text: impl Into<String>) {
        self.insertions.push((place, text.into()));
    }

    fn rule(&mut self, rule: &Rule) {
        let Rule::Spec { span, head, bodies } = rule else {
            return;
        };
        let (refr, assign, is_function) = match head {
            RuleHead::Compr { refr, assign, .. } => (refr, assign.as_ref(), false),
            RuleHead::Set { refr, .. } => (refr, None, false),
            RuleHead::Func { refr, assign, .. } => (refr, assign.as_ref(), true),
        };
        let arguments = match head {
            RuleHead::Func { args, .. } => args.iter().filter_map(|each| name_of(each)).collect(),
            _ => Vec::new(),
        };
        let is_plain = matches!(head, RuleHead::Compr { refr, .. } if name_of(refr).is_some());
        let source = self.source.clone();
        let body = |line: u32, start: u32| Body {
            rule: root(refr),
            line,
            text: source.first_line(start),
            is_function,
            is_plain,
            arguments: arguments.clone(),
            within: None,
            statements: Vec::new(),
        };
        if bodies.is_empty() {
            // `allow := input.user == "root"` becomes `allow := value if { value := ... }`, to tell
            // that it is evaluated. The engine takes no comprehension as the value of a rule that
            // has a body.
            let Some(assign) = assign.filter(|assign| !is_constant(&assign.value)) else {
                return;
            };
            let Some((start, end)) = self.source.extent(&assign.value) else {
                self.traced.given.push(Given {
                    rule: root(refr),
                    is_default: false,
                    line: span.line,
                    text: self.source.first_line(span.start),
                });
                return;
            };
            let number = self.add_body(body(span.line, span.start));
            let keyword = if self.wants_if { "if " } else { "" };
            let enter = self.enter(number);
            self.insert(start, format!("{VALUE} {keyword}{{ {enter}; {VALUE} := "));
            self.head(number, &assign.value);
            self.insert(end, " }");
            return;
        }
        let shared = bodies.iter().skip(1).any(|body| body.assign.is_none());
        for (index, one) in bodies.iter().enumerate() {
            let (line, start) = match index {
                0 => (span.line, span.start),
                _ => (one.span.line, one.span.start),
            };
            let number = self.add_body(body(line, start));
            let value = match index {
                0 => assign.filter(|_| !shared),
                _ => one.assign.as_ref(),
            };
            if let Some(value) = value.filter(|value| !is_constant(&value.value)) {
                self.head(number, &value.value);
            }
            self.query(number, &one.query);
        }
    }

    fn add_body(&mut self, body: Body) -> usize {
        self.traced.bodies.push(body);
        self.traced.bodies.len() - 1
    }

    /// The call that tells that a body is entered, and with which values.
    fn enter(&self, body: usize) -> String {
        let arguments = self
            .traced
            .bodies
            .get(body)
            .map(|body| body.arguments.join(", "));
        format!("{ENTER}({body}, [{}])", arguments.unwrap_or_default())
    }

    fn head(&mut self, body: usize, value: &Expr) {
        let number = self.add(
            body,
            Kind::Head,
            value.span().line,
            value.span().col,
            self.source.text_of(value),
        );
        self.wrap(number, value);
    }

    fn query(&mut self, body: usize, query: &Query) {
        let Some(first) = query.stmts.first() else {
            return;
        };
        // `if input.x` without braces gets some.
        let bare = first.span.start == query.span.start;
        let (start, _) = self.source.place(first.span.start, first.span.end);
        let brace = if bare { "{ " } else { "" };
        let enter = self.enter(body);
        self.insert(start, format!("{brace}{enter}; "));
        let mut end = start;
        for statement in &query.stmts {
            self.statement(body, statement);
            end = self
                .source
                .place(statement.span.start, statement.span.end)
                .1;
        }
        if bare {
            self.insert(end, " }");
        }
    }

    fn add(&mut self, body: usize, kind: Kind, line: u32, column: u32, text: String) -> usize {
        let number = self.traced.statements.len();
        self.traced.statements.push(Statement {
            body,
            kind,
            line,
            column,
            text,
            parts: Vec::new(),
            is_reference: false,
            names: BTreeSet::new(),
            pattern: None,
            defines: BTreeSet::new(),
            keys: BTreeMap::new(),
        });
        self.traced.bodies[body].statements.push(number);
        number
    }

    fn statement(&mut self, body: usize, statement: &LiteralStmt) {
        let span = &statement.span;
        let (start, end) = self.source.place(span.start, span.end);
        let text = self.source.text((start, end));
        let number = self.add(body, Kind::Silent, span.line, span.col, text);
        self.traced.changes_input |= !statement.with_mods.is_empty();
        each_of(statement, &mut |expr| {
            let statement = &mut self.traced.statements[number];
            names_in(expr, &mut statement.names);
            keys_in(expr, &mut statement.keys);
        });
        if self.probed.contains(&number)
            && statement.with_mods.is_empty()
            && let Some((from, to)) = self.valued(statement)
        {
            let expr = self.source.raw((from, to));
            let probe = format!("{PROBE}({number}, [__value | __value := {expr}]); ");
            self.insert(start, probe);
        }
        let kind = match &statement.literal {
            Literal::SomeVars { .. } => Kind::Silent,
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::AssignExpr { op, lhs, rhs, .. } => self.assign(number, op, lhs, rhs),
                expr if self.is_left_alone(expr) => Kind::Silent,
                expr => self.wrap(number, expr).then_kind(Kind::Test),
            },
            Literal::NotExpr { expr, .. }
                if self.is_left_alone(expr) || matches!(**expr, Expr::AssignExpr { .. }) =>
            {
                Kind::Silent
            }
            Literal::NotExpr { expr, .. } => self.wrap(number, expr).then_kind(Kind::Not),
            Literal::SomeIn {
                key,
                value,
                collection,
                ..
            } => {
                let both = key.iter().chain([value]);
                let vars = both.flat_map(|expr| variables(expr)).collect();
                let text = self.source.text_of(collection);
                let statement = &mut self.traced.statements[number];
                statement.defines = vars;
                statement.pattern = Some((Pattern::of(value, true), text));
                self.wrap(number, collection).then_kind(Kind::Some)
            }
            Literal::Every {
                key,
                value,
                domain,
                query,
                ..
            } => {
                // What its body says is told by the statements there.
                if let Some((_, end)) = self.source.extent(domain) {
                    self.traced.statements[number].text = self.source.text((start, end));
                }
                let kind = self.wrap(number, domain).then_kind(Kind::Every);
                let outer = &self.traced.bodies[body];
                let inner = Body {
                    rule: outer.rule.clone(),
                    line: span.line,
                    text: outer.text.clone(),
                    is_function: outer.is_function,
                    is_plain: outer.is_plain,
                    arguments: key
                        .iter()
                        .chain([value])
                        .map(|span| span.text().to_owned())
                        .filter(|name| name != "_")
                        .collect(),
                    within: Some(number),
                    statements: Vec::new(),
                };
                let inner = self.add_body(inner);
                self.query(inner, query);
                kind
            }
        };
        self.traced.statements[number].kind = kind;
    }

    /// Where the expression stands that a statement needs the value of.
    fn valued(&self, statement: &LiteralStmt) -> Option<(usize, usize)> {
        match &statement.literal {
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::AssignExpr { lhs, rhs, .. } if is_pattern(lhs) => self.source.extent(rhs),
                Expr::AssignExpr { lhs, .. } => self.source.extent(lhs),
                expr => self.source.extent(expr),
            },
            Literal::SomeIn { collection, .. } => self.source.extent(collection),
            Literal::Every { domain, .. } => self.source.extent(domain),
            Literal::SomeVars { .. } | Literal::NotExpr { .. } => None,
        }
    }

    fn assign(&mut self, number: usize, op: &AssignOp, lhs: &Expr, rhs: &Expr) -> Kind {
        let is_equation = *op == AssignOp::Eq;
        // `3 = x` gives x its value as well as `x = 3` does.
        let wants_value = |expr| is_pattern(expr) && !self.has_value(number, expr);
        let (to, from) = match (wants_value(lhs), wants_value(rhs)) {
            _ if !is_equation => (lhs, rhs),
            (false, false) => return self.compare(number, lhs, rhs),
            (true, false) => (lhs, rhs),
            (false, true) => (rhs, lhs),
            (true, true) => {
                // Either may be what gets a value.
                let mut defines = variables(lhs);
                if matches!((lhs, rhs), (Expr::Var { .. }, Expr::Var { .. })) {
                    defines.clear();
                }
                self.traced.statements[number].defines = defines;
                return Kind::Silent;
            }
        };
        let text = self.source.text_of(from);
        let statement = &mut self.traced.statements[number];
        statement.defines = variables(to);
        statement.pattern = Some((Pattern::of(to, !is_equation), text));
        if self.is_left_alone(from) {
            return Kind::Silent;
        }
        self.wrap(number, from).then_kind(Kind::Assign)
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
        self.insert(left.0, format!("{TELL}({number}, "));
        self.part(number, 0, lhs);
        // Between the sign and what it is followed by there may be a line's end.
        let sign = between.find('=').unwrap_or_default();
        self.insert(left.1 + sign, "=");
        self.part(number, 1, rhs);
        self.insert(right.1, ")");
        Kind::Test
    }

    /// Whether an expression would not mean the same within a call: a call with one argument
    /// more than the function takes, which gets the result, and `print`.
    fn is_left_alone(&self, expr: &Expr) -> bool {
        let Expr::Call { fcn, params, .. } = expr else {
            return false;
        };
        let name = fcn.span().text();
        if name == "print" || name == "walk" {
            return true;
        }
        let takes = match self.traced.functions.get(name) {
            Some(function) => function.takes,
            None => match BUILTINS.get(name) {
                Some((_, takes)) => usize::from(*takes),
                None => return false,
            },
        };
        takes + 1 == params.len()
    }

    /// Lets an expression tell its value, and the values of its parts.
    fn wrap(&mut self, number: usize, expr: &Expr) -> Wrapped {
        let Some((start, end)) = self.source.extent(expr) else {
            return Wrapped(false);
        };
        let parts: Vec<_> = match called(expr) {
            Expr::BoolExpr { lhs, rhs, .. } => vec![lhs, rhs],
            Expr::Membership {
                value, collection, ..
            } => vec![value, collection],
            Expr::Call { params, .. } => params.iter().collect(),
            _ => Vec::new(),
        };
        self.traced.statements[number].is_reference = matches!(
            expr,
            Expr::Call { .. } | Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }
        );
        let names = &mut self.traced.statements[number].names;
        names_in(expr, names);
        self.insert(start, format!("{TELL}({number}, "));
        for (index, part) in parts.iter().enumerate() {
            self.part(number, index, part);
        }
        self.insert(end, ")");
        Wrapped(true)
    }

    /// Lets a part of a statement tell its value.
    fn part(&mut self, number: usize, index: usize, part: &Expr) {
        let text = self.source.text_of(part);
        let is_constant = is_constant(part);
        let extent = self.source.extent(part);
        if let Some((start, end)) = extent.filter(|_| !is_constant) {
            self.insert(start, format!("{PART}({number}, {index}, "));
            self.insert(end, ")");
        }
        let statement = &mut self.traced.statements[number];
        statement.parts.push(Part {
            text,
            is_constant,
            path: input_path(part),
        });
    }
}

/// The call whose result an expression takes a part of.
fn called(expr: &Expr) -> &Expr {
    match expr {
        Expr::RefDot { refr, .. } | Expr::RefBrack { refr, .. } => called(refr),
        expr => expr,
    }
}

/// Whether an expression tells its value.
struct Wrapped(bool);

impl Wrapped {
    fn then_kind(&self, kind: Kind) -> Kind {
        if self.0 { kind } else { Kind::Silent }
    }
}
