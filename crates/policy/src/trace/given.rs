//! Reasons that no evaluation of a body tells: a value that the policy gives as it stands, a rule
//! that it has not, and an error.

use super::step::{Reason, Step, What};
use super::syntax::one_line;
use super::traced::Traced;
use crate::engine::FILE;

/// The definitions that give a rule a value as it stands. Default values count where there is
/// no other.
pub(super) fn given<'a>(traced: &'a Traced, rule: &'a str) -> impl Iterator<Item = Step> + 'a {
    let of_rule = move || traced.given.iter().filter(move |given| given.rule == rule);
    let has_other = of_rule().any(|given| !given.is_default);
    let counting = of_rule().filter(move |given| !(given.is_default && has_other));
    counting.map(|given| Step {
        rule: given.rule.clone(),
        line: given.line,
        column: 1,
        text: given.text.clone(),
        values: Vec::new(),
        what: What::Refused,
        tried: 1,
        is_fixed: !traced.bodies.iter().any(|body| body.rule == given.rule),
        held: None,
        error: None,
    })
}

impl Reason {
    /// The reason where a policy has no rule of this name.
    pub(crate) fn no_rule(rule: &str) -> Self {
        not_evaluated(&Traced::default(), rule)
    }
}

/// The reason where no body of a rule was entered.
pub(super) fn not_evaluated(traced: &Traced, rule: &str) -> Reason {
    let body = traced.bodies.iter().find(|body| body.rule == rule);
    let at_body = body.map_or(0, |body| body.line);
    let (what, line, text) = match traced.functions.get(rule) {
        Some(function) => (What::Function, function.line, function.text.as_str()),
        None if traced.rules.contains(rule) => (What::NotEvaluated, at_body, rule),
        None => (What::NoRule, 0, rule),
    };
    Reason {
        steps: vec![Step {
            rule: rule.to_owned(),
            line,
            column: 1,
            text: text.to_owned(),
            values: Vec::new(),
            what,
            tried: 1,
            is_fixed: what != What::NotEvaluated,
            held: None,
            error: None,
        }],
    }
}

/// The reason where an error ended the evaluation of a policy: what the error says, and the
/// places that it names, the first of them last.
pub(super) fn of_error(rule: &str, policy: &str, error: &str) -> Option<Reason> {
    let arrow = format!("--> {FILE}:");
    let said = error.split_once("error: ").map_or(error, |(_, said)| said);
    let said = said
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(':');
    let mut steps: Vec<_> = error
        .split(&arrow)
        .skip(1)
        .filter_map(|place| {
            let mut numbers = place.lines().next()?.split(':');
            let line: u32 = numbers.next()?.parse().ok()?;
            let text = policy
                .lines()
                .nth(usize::try_from(line).ok()?.checked_sub(1)?)?;
            Some(Step {
                rule: rule.to_owned(),
                line,
                column: numbers.next()?.parse().ok()?,
                text: one_line(text),
                values: Vec::new(),
                what: What::Error,
                tried: 1,
                is_fixed: false,
                held: None,
                error: Some(said.to_owned()),
            })
        })
        .collect();
    // A rule that recurses is named again and again.
    steps.dedup();
    steps.reverse();
    (!steps.is_empty()).then_some(Reason { steps })
}
