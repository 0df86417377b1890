//! What a policy is made of, as far as it tells what it does: bodies of statements, and
//! definitions without a body.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Value;

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
    /// What the rule is when it holds, where that stands in the policy.
    pub gives: Option<Value>,
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
    /// It always passes, or does not tell.
    Silent,
}

/// One statement of a body.
#[derive(Debug)]
pub(super) struct Statement {
    pub body: usize,
    pub kind: Kind,
    pub line: u32,
    pub column: u32,
    /// As it is written.
    pub text: String,
    /// What is compared, or the arguments of a call.
    pub parts: Vec<Part>,
    /// Whether it is only a call or a name.
    pub is_reference: bool,
    /// What its value is a part of, if it is only a reference.
    pub subject: Option<Reference>,
    /// The references that are the fields of the object that its value is.
    pub fields: BTreeMap<String, Reference>,
    /// What its two parts should be, if they are compared by `==` or `!=`.
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
    /// The reference that it is.
    pub subject: Option<Reference>,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Other,
}
