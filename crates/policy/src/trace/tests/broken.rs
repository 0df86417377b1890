//! Lines of policies are broken, chosen by a generator with a seed, and `why` names each.

use super::super::*;
use crate::engine::Verdict;

/// A policy as one is generated for a pod, and a request that it allows.
const POLICY: &str = include_str!("pod.rego");
const REQUEST: &str = include_str!("request.json");
const RULE: &str = "CreateContainerRequest";
const STATE: &str = r#"{"pstate": {"web": {"x-1": "new"}}}"#;

/// A policy in which values go through functions, rules, variables and equations, and the same.
const FORMS: &str = include_str!("forms.rego");
const FORMS_REQUEST: &str = include_str!("forms.json");
const FORMS_RULE: &str = "ExecProcessRequest";

/// What a policy says of a request, if it is one.
fn verdict(policy: &str, rule: &str, request: &str) -> Option<Verdict> {
    let mut engine = engine::Engine::new(Rego::V1);
    engine.set_policy(policy.to_owned()).ok()?;
    engine.set_state(STATE).ok()?;
    Some(engine.allow(rule, request, false).0)
}

/// What an engine gives for a rule.
fn given_by(engine: &mut regorus::Engine, rule: &str, request: &str) -> Option<Value> {
    engine.clear_data();
    engine.add_data_json(STATE).ok()?;
    engine.set_input_json(request).ok()?;
    let query = format!("{}.{rule}", engine::PACKAGE);
    let results = engine.eval_query(query, false).ok()?;
    Some(results.result.first()?.expressions.first()?.value.clone())
}

/// With the calls in it a policy decides as before.
fn assert_same(policy: &str, rule: &str, request: &str) {
    let mut plain = engine::bare(Rego::V1, NonZeroU32::MAX, NonZeroUsize::MAX);
    let added = plain.add_policy(engine::FILE.to_owned(), policy.to_owned());
    if added.is_err() {
        return;
    }
    let module = plain.get_modules()[0].clone();
    let expected = given_by(&mut plain, rule, request);
    let mut round = Round::new(&module, Rego::V1, &BTreeSet::new()).unwrap();
    let found = given_by(&mut round.engine, rule, request);
    assert_eq!(found, expected, "{policy}\n{}", round.traced.text);
}

/// A line of a body with the opposite of what it says, if it says anything, in one of two ways.
fn broken(line: &str, way: usize) -> Option<String> {
    let indent = line.len() - line.trim_start().len();
    let (space, text) = line.split_at(indent);
    let is_part = text.ends_with(',');
    if indent == 0
        || text.is_empty()
        || text.starts_with(['}', ']', '#'])
        || text.ends_with(['[', '{'])
        || is_part && !text.contains(" == ")
        || text.starts_with('"') && !is_part
        || text.contains("[index]")
    {
        return None;
    }
    let text = if let Some((before, _)) = text.split_once(" := ") {
        format!("{before} := input.no_such_field")
    } else if let Some(rest) = text.strip_prefix("not ") {
        rest.to_owned()
    } else if text.starts_with("some ") || text.starts_with("every ") || text.starts_with("print(")
    {
        return None;
    } else if let Some((before, _)) = text.split_once(" == ").filter(|_| way == 0) {
        format!("{before} == \"broken\"{}", if is_part { "," } else { "" })
    } else if let Some((before, _)) = text.split_once(" != ") {
        format!("{before} != \"broken\"")
    } else if is_part {
        text.replace(" == ", " != ")
    } else if let Some((before, after)) = text.split_once(" = ") {
        let (before, after) = (before.strip_suffix(']')?, after.strip_suffix(']')?);
        format!("{before}, 1] = {after}, 2]")
    } else if text.starts_with("split(") {
        text.replacen("shown", "input.no_such_field", 1)
    } else {
        format!("not {text}")
    };
    Some(format!("{space}{text}"))
}

/// The same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// Breaks lines of a policy, in so many ways, until `count` requests were denied, and looks whether each line is
/// named; how many were named first.
fn break_lines([policy, rule, request]: [&str; 3], ways: usize, count: usize) -> usize {
    let asked = verdict(policy, rule, request);
    assert_eq!(asked, Some(Verdict::Allowed));
    let lines: Vec<_> = policy.lines().collect();
    let mut numbers = Numbers(20);
    let mut wrong = String::new();
    let mut first = 0;
    let mut denials = BTreeSet::new();
    for _ in 0..2_000 {
        let number = numbers.below(lines.len());
        let Some(line) = broken(lines[number], numbers.below(ways)) else {
            continue;
        };
        let mut changed = lines.clone();
        changed[number] = &line;
        let changed = changed.join("\n");
        let said = verdict(&changed, rule, request);
        assert_same(&changed, rule, request);
        if !matches!(said, Some(Verdict::Denied(_))) || !denials.insert(line.clone()) {
            continue;
        }
        let mut tracer = Tracer::new(&changed, Rego::V1).unwrap();
        let reasons = tracer.why(rule, request, STATE).unwrap();
        // Where `not` was taken away, what does not hold may be in what is asked there.
        let is_caller = lines[number].trim_start().starts_with("not ");
        let named = reasons.iter().map(|reason| {
            let steps = reason.steps.iter().rev().take(1 + usize::from(is_caller));
            let lines = steps.flat_map(|step| [Some(step.line), step.held]);
            lines.flatten().collect::<Vec<_>>()
        });
        let named: Vec<_> = named.collect();
        let this = u32::try_from(number + 1).unwrap();
        let is_this = |lines: &Vec<u32>| lines.contains(&this);
        if !named.iter().any(is_this) {
            wrong.push_str(&format!("line {this}: {line}: named: {named:?}\n"));
        }
        first += usize::from(is_this(&named[0]));
        if denials.len() == count {
            break;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(denials.len(), count);
    first
}

#[test]
fn the_line_that_was_broken_is_named() {
    // It is one of several only where other definitions of a rule came as far.
    let first = break_lines([POLICY, RULE, REQUEST], 1, 40);
    assert!(first * 10 >= 40 * 9, "{first}");
    let first = break_lines([FORMS, FORMS_RULE, FORMS_REQUEST], 2, 80);
    assert!(first * 10 >= 80 * 9, "{first}");
}
