//! A policy with calls put into it that tell what is evaluated and to what. The calls give
//! back what they are given, so the policy decides as before, and the engine orders its
//! statements as before.
//!
//! `a == f(b)` becomes `tell(7, part(7, 0, a) == part(7, 1, f(b)))`, and each body begins with
//! `enter(3, [b])`. A call whose argument is undefined is not made, which tells as much.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;
use regorus::unstable::{
    BUILTINS, BoolOp, Expr, Literal, LiteralStmt, Module, Query, Rule, RuleAssign, RuleHead,
};

use super::pattern::Pattern;
use super::reference::Reference;
use super::source::Source;
use super::stops::is_print;
use super::syntax::{each_of, is_constant, keys_in, name_of, names_in, root, value_of, variables};
use super::traced::{Body, Comparison, Form, Function, Given, Kind, Part, Statement, Traced};

/// What the names begin with that are put into a policy, unless it has such names.
const PREFIX: &str = "__policy";
/// Tells that a body is entered: its number, the values of its arguments.
pub(super) const ENTER: &str = "enter";
/// Tells a statement's value: its number, the value.
pub(super) const TELL: &str = "tell";
/// Tells the value of a part of a statement: the statement's number, the part's, the value.
pub(super) const PART: &str = "part";
/// Tells whether a statement has a value: its number, the values that it has.
pub(super) const PROBE: &str = "probe";
/// The function whose value has all fields of two objects.
const UNION: &str = "object.union";
/// The value of a rule that had no body, and each that a probe finds.
const VALUE: &str = "value";

impl Traced {
    /// Puts the calls into a policy. The statements that are `probed` are evaluated once more
    /// before their turn, to tell whether they have a value.
    pub(super) fn new(module: &Module, probed: &BTreeSet<usize>) -> Self {
        let source = Source::new(module);
        let mut prefix = PREFIX.to_owned();
        while source.raw((0, source.len())).contains(&prefix) {
            prefix.push('_');
        }
        let mut writer = Writer {
            source,
            insertions: Vec::new(),
            probed,
            wants_if: module.rego_v1,
            traced: Traced {
                prefix,
                ..Traced::default()
            },
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

impl Traced {
    /// The name of a call, or of a variable, that is not the policy's own.
    pub(super) fn name(&self, of: &str) -> String {
        format!("{}_{of}", self.prefix)
    }
}

pub(super) struct Writer<'a> {
    pub(super) source: Source<'a>,
    /// What to put where; at one place in this order.
    insertions: Vec<(usize, String)>,
    probed: &'a BTreeSet<usize>,
    /// Whether a body needs `if` before it.
    wants_if: bool,
    pub(super) traced: Traced,
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

    pub(super) fn insert(&mut self, place: usize, text: impl Into<String>) {
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
        let body = |line: u32, start: u32, value: Option<&RuleAssign>| Body {
            rule: root(refr),
            line,
            text: source.first_line(start),
            is_function,
            is_plain,
            arguments: arguments.clone(),
            within: None,
            gives: value.map_or(Pattern::Equal(true.into()), |assign| {
                Pattern::of(&assign.value, false)
            }),
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
            let number = self.add_body(body(span.line, span.start, Some(assign)));
            let keyword = if self.wants_if { "if " } else { "" };
            let enter = self.enter(number);
            let value = self.traced.name(VALUE);
            self.insert(start, format!("{value} {keyword}{{ {enter}; {value} := "));
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
            let number = self.add_body(body(line, start, one.assign.as_ref().or(assign)));
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
        let call = self.traced.name(ENTER);
        format!("{call}({body}, [{}])", arguments.unwrap_or_default())
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
        let number = self.add_statement(body, kind, line, column, text);
        self.traced.bodies[body].statements.push(number);
        number
    }

    fn add_statement(
        &mut self,
        body: usize,
        kind: Kind,
        line: u32,
        column: u32,
        text: String,
    ) -> usize {
        let number = self.traced.statements.len();
        self.traced.statements.push(Statement {
            body,
            element_of: None,
            kind,
            line,
            column,
            text,
            parts: Vec::new(),
            is_reference: false,
            form: Form::default(),
            compares: None,
            references: Vec::new(),
            names: BTreeSet::new(),
            pattern: None,
            defines: BTreeSet::new(),
            keys: BTreeMap::new(),
        });
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
            Reference::all_in(expr, &mut statement.references);
        });
        if self.probed.contains(&number)
            && statement.with_mods.is_empty()
            && let Some((from, to)) = self.valued(number, statement)
        {
            let expr = self.source.raw((from, to));
            let (call, value) = (self.traced.name(PROBE), self.traced.name(VALUE));
            let (open, close) = match &statement.literal {
                Literal::Expr { expr, .. } => brackets(expr),
                _ => ("", ""),
            };
            let probe = format!("{call}({number}, [{value} | {value} := {open}{expr}{close}]); ");
            self.insert(start, probe);
            self.traced.probed.insert(number);
        }
        let kind = match &statement.literal {
            Literal::SomeVars { .. } => Kind::Silent,
            Literal::Expr { expr, .. } => match expr.as_ref() {
                Expr::AssignExpr { op, lhs, rhs, .. } => self.assign(number, end, op, lhs, rhs),
                expr if is_print(expr) => Kind::Silent,
                expr if self.is_left_alone(expr) => self.output(number, end, expr),
                expr => self.wrap(number, expr).then_kind(Kind::Test),
            },
            Literal::NotExpr { expr, .. }
                if self.is_left_alone(expr) && !is_print(expr)
                    || matches!(**expr, Expr::AssignExpr { .. }) =>
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
                    gives: Pattern::Unknown,
                    statements: Vec::new(),
                };
                let inner = self.add_body(inner);
                self.query(inner, query);
                kind
            }
        };
        self.traced.statements[number].kind = kind;
    }

    /// Whether an expression would not mean the same within a call: a call with one argument
    /// more than the function takes, which gets the result, and `print`.
    pub(super) fn is_left_alone(&self, expr: &Expr) -> bool {
        let Expr::Call { fcn, params, .. } = expr else {
            return false;
        };
        let name = fcn.span().text();
        if is_print(expr) || name == "walk" {
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
    pub(super) fn wrap(&mut self, number: usize, expr: &Expr) -> Wrapped {
        let Some((start, end)) = self.source.extent(expr) else {
            return Wrapped(false);
        };
        let parts: Vec<_> = match called(expr) {
            Expr::BoolExpr { op, lhs, rhs, .. } => {
                self.traced.statements[number].compares = Some(match op {
                    BoolOp::Eq => Comparison::Same,
                    BoolOp::Ne => Comparison::Other,
                    BoolOp::Lt => Comparison::Less,
                    BoolOp::Le => Comparison::AtMost,
                    BoolOp::Ge => Comparison::AtLeast,
                    BoolOp::Gt => Comparison::More,
                });
                vec![lhs, rhs]
            }
            Expr::Membership {
                key,
                value,
                collection,
                ..
            } => {
                if key.is_none() {
                    self.traced.statements[number].compares = Some(Comparison::In);
                }
                [value, collection].into_iter().chain(key).collect()
            }
            Expr::Call { params, .. } => params.iter().collect(),
            _ => Vec::new(),
        };
        self.traced.statements[number].is_reference = matches!(
            expr,
            Expr::Call { .. } | Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. }
        );
        let names = &mut self.traced.statements[number].names;
        names_in(expr, names);
        let (open, close) = brackets(expr);
        let call = self.traced.name(TELL);
        self.insert(start, format!("{call}({number}, {open}"));
        self.traced.statements[number].form = match expr {
            Expr::Call { fcn, .. } if fcn.span().text() == UNION => Form::Union,
            expr => self.form(number, expr),
        };
        for (index, part) in parts.iter().enumerate() {
            self.part(number, index, part);
        }
        self.insert(end, format!("{close})"));
        Wrapped(true)
    }

    /// Lets a part of a statement tell its value.
    pub(super) fn part(&mut self, number: usize, index: usize, part: &Expr) {
        let extent = self.source.extent(part);
        if let Some((start, end)) = extent.filter(|_| !is_constant(part)) {
            let (open, close) = brackets(part);
            let call = self.traced.name(PART);
            self.insert(start, format!("{call}({number}, {index}, {open}"));
            let form = match part {
                Expr::BoolExpr { .. } | Expr::Membership { .. } => {
                    Form::Statement(self.element(number, part))
                }
                part => self.form(number, part),
            };
            self.insert(end, format!("{close})"));
            self.add_part(number, part, form);
        } else {
            self.silent_part(number, part);
        }
    }

    /// Notes a part of a statement, which does not tell its value.
    pub(super) fn silent_part(&mut self, number: usize, part: &Expr) {
        let form = Reference::of(part).map(Form::Reference);
        self.add_part(number, part, form.unwrap_or_default());
    }

    fn add_part(&mut self, number: usize, part: &Expr, form: Form) {
        let part = Part {
            text: self.source.text_of(part),
            constant: value_of(part),
            form,
        };
        self.traced.statements[number].parts.push(part);
    }

    /// What the value of an expression in a statement comes from. The elements of a list or of
    /// an object tell their values.
    fn form(&mut self, number: usize, expr: &Expr) -> Form {
        if let Some(reference) = Reference::of(expr) {
            return Form::Reference(reference);
        }
        let items: Vec<(Value, &Expr)> = match expr {
            Expr::Array { items, .. } => {
                let keys = (0_u64..).map(Value::from);
                keys.zip(items.iter().map(|item| &**item)).collect()
            }
            Expr::Object { fields, .. } => {
                let fields = fields.iter();
                let fields = fields.filter_map(|(_, key, item)| Some((value_of(key)?, &**item)));
                fields.collect()
            }
            _ => return Form::Calculated,
        };
        let mut elements = BTreeMap::new();
        for (key, item) in items {
            if is_constant(item) || item.span().text() == "_" || self.is_left_alone(item) {
                continue;
            }
            elements.insert(key, self.element(number, item));
        }
        Form::Elements(elements)
    }

    /// Lets an expression in a statement tell what it comes to, as a statement does.
    fn element(&mut self, number: usize, expr: &Expr) -> usize {
        let outer = &self.traced.statements[number];
        let (body, span) = (outer.body, expr.span());
        let element_of = outer.element_of.unwrap_or(number);
        let text = self.source.text_of(expr);
        let element = self.add_statement(body, Kind::Element, span.line, span.col, text);
        let statement = &mut self.traced.statements[element];
        statement.element_of = Some(element_of);
        keys_in(expr, &mut statement.keys);
        Reference::all_in(expr, &mut statement.references);
        self.wrap(element, expr);
        element
    }
}

/// What stands around an expression that is an argument: `"a", x in xs` is one only in brackets.
fn brackets(expr: &Expr) -> (&'static str, &'static str) {
    match expr {
        Expr::Membership { key: Some(_), .. } => ("(", ")"),
        _ => ("", ""),
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
pub(super) struct Wrapped(bool);

impl Wrapped {
    pub(super) fn then_kind(&self, kind: Kind) -> Kind {
        if self.0 { kind } else { Kind::Silent }
    }
}
