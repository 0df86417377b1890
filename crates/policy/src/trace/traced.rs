//! What a policy is made of, as far as it tells what it does: bodies of statements, and
//! definitions without a body.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;

use super::activation::elements;
use super::pattern::Pattern;
use super::reference::Reference;

/// A policy that tells what it does.
#[derive(Debug, Default)]
pub(super) struct Traced {
    /// The policy with the calls in it.
    pub text: String,
    /// What the names of the calls begin with.
    pub prefix: String,
    pub bodies: Vec<Body>,
    pub statements: Vec<Statement>,
    /// The rules that the policy has, default values included.
    pub rules: BTreeSet<String>,
    /// The functions among them.
    pub functions: BTreeMap<String, Function>,
    /// The definitions that need nothing to hold.
    pub given: Vec<Given>,
    /// The statements of which it is told before their turn whether they have a value.
    pub probed: BTreeSet<usize>,
    /// Whether something is evaluated `with` another request.
    pub changes_input: bool,
}

impl Traced {
    /// The rule that a body is of.
    pub(super) fn rule_of(&self, body: usize) -> Option<&str> {
        self.bodies.get(body).map(|body| body.rule.as_str())
    }

    /// Whether a rule is a set or an object that its definitions add to.
    pub(super) fn is_collection(&self, rule: &str) -> bool {
        let mut bodies = self.bodies.iter().filter(|body| body.rule == rule);
        bodies.any(|body| body.within.is_none() && !body.is_plain && !body.is_function)
    }
}

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    /// How many arguments it takes.
    pub takes: usize,
    /// Where its first definition begins.
    pub line: u32,
    /// That definition's first line.
    pub text: String,
}

/// A definition that gives a rule a value as it stands, as `default allow := false` does.
#[derive(Debug)]
pub(super) struct Given {
    /// The rule's name.
    pub rule: String,
    /// Whether it holds only where no other definition does.
    pub is_default: bool,
    pub line: u32,
    /// Its first line.
    pub text: String,
}

/// What stands between braces: statements that must all hold.
#[derive(Debug)]
pub(super) struct Body {
    /// The rule's name.
    pub rule: String,
    /// Where the rule's definition begins.
    pub line: u32,
    /// The definition's first line.
    pub text: String,
    pub is_function: bool,
    /// Whether it gives the value of a rule that is neither a function nor made of parts.
    pub is_plain: bool,
    /// The variables that have their values when it is entered: a function's arguments, and
    /// the element of an `every`.
    pub arguments: Vec<String>,
    /// The `every` that it is the body of.
    pub within: Option<usize>,
    /// What the rule is when it holds, as far as that stands in the policy.
    pub gives: Pattern,
    /// In the order in which they are written; the value of the rule's head is the last.
    pub statements: Vec<usize>,
}

/// How a statement's value makes it pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Unless it is false.
    Test,
    /// If it is false or undefined.
    Not,
    /// If it is defined.
    Assign,
    /// If there is an element with which what follows holds.
    Some,
    /// If the body holds with each element.
    Every,
    /// If it can be solved. What it gives variables is told after it.
    Equation,
    /// It is the value that the rule gives.
    Head,
    /// It is an element of a list or of an object that a statement needs, and may be anything.
    Element,
    /// It always passes, or does not tell.
    Silent,
}

/// One statement of a body, or an element of a list or of an object in one.
#[derive(Debug)]
pub(super) struct Statement {
    pub body: usize,
    /// The statement that it is an element in. It is none of the body's statements then.
    pub element_of: Option<usize>,
    pub kind: Kind,
    pub line: u32,
    pub column: u32,
    /// As it is written.
    pub text: String,
    /// What is compared, or the arguments of a call.
    pub parts: Vec<Part>,
    /// Whether it is only a call or a name.
    pub is_reference: bool,
    /// What its value comes from.
    pub form: Form,
    /// How its two parts are compared, if that is all that it does.
    pub compares: Option<Comparison>,
    /// The references in it.
    pub references: Vec<Reference>,
    /// The names in it.
    pub names: BTreeSet<String>,
    /// What it takes apart the value by that it gets, and that value as it is written.
    pub pattern: Option<(Pattern, String)>,
    /// The variables that it gives a value.
    pub defines: BTreeSet<String>,
    /// What says which element it takes, as `key` in `annotations[key]`: a variable, or a field
    /// of the request, which has its path.
    pub keys: BTreeMap<String, Option<Vec<Value>>>,
}

/// A part of a statement.
#[derive(Debug)]
pub(super) struct Part {
    pub text: String,
    /// The value that it is as it stands.
    pub constant: Option<Value>,
    /// What its value comes from.
    pub form: Form,
}

/// What the value of an expression comes from.
#[derive(Debug, Default)]
pub(super) enum Form {
    /// It is calculated.
    #[default]
    Calculated,
    /// It is that of a part of something.
    Reference(Reference),
    /// These are its elements, but for constants: their numbers among the statements.
    Elements(BTreeMap<Value, usize>),
    /// It is calculated, and told like an element: its number among the statements.
    Statement(usize),
    /// It has the fields of all of its parts; of two of one name that of the last.
    Union,
}

impl Form {
    /// The reference that the expression is.
    pub(super) fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Calculated | Self::Elements(_) | Self::Statement(_) | Self::Union => None,
        }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Other,
    Less,
    AtMost,
    AtLeast,
    More,
    /// Whether the second has the first as an element.
    In,
}

impl Comparison {
    /// Whether it holds for these two.
    pub(super) fn holds(self, left: &Value, right: &Value) -> bool {
        match self {
            Self::Same => left == right,
            Self::Other => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::AtLeast => left >= right,
            Self::More => left > right,
            Self::In => elements(right).contains(&left),
        }
    }
}
