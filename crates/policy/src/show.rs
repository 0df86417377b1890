//! Reasons and findings as text for a person. What stands in a policy or a request is not
//! trusted: control characters are escaped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use agent_text::escape;
use serde_json::{Value as Json, json};

use crate::agent::{BLOCKED, Refusal, Why};
use crate::audit::{Change, Findings, Kind};
use crate::explain::Denial;
use crate::request::Given;
use crate::trace::{Reason, Step, Stops, What};

/// How much of a value, or of what was printed, is shown, in characters.
const WIDTH: usize = 200;
/// How many reasons are shown.
const REASONS: usize = 4;
/// How many changes of one place are shown.
const CHANGES: usize = 6;

/// A request and what became of it, on a line.
pub fn answer(number: usize, given: &Given, refusal: Option<&Refusal>) -> String {
    let verdict = match refusal {
        Some(_) => "denied ",
        None => "allowed",
    };
    let mut line = format!("{number}  {verdict}  {}", given.name);
    let Some(case) = &given.case else {
        return line + "  (no policy is asked)";
    };
    if let Some(description) = &case.description {
        let _ = write!(line, "  {description:?}");
    }
    match case.allowed {
        Some(true) if refusal.is_some() => line += "  (expected to be allowed)",
        Some(false) if refusal.is_none() => line += "  (expected to be denied)",
        _ => {}
    }
    if let Some(refusal) = refusal {
        let name = match refusal.is_silent {
            true => "OK, without data",
            false => refusal.code_name(),
        };
        let words: Vec<_> = refusal.message.split_whitespace().collect();
        let short = escape::first_line(&words.join(" "), WIDTH);
        let _ = write!(line, "  code: {name}: {short}");
    }
    line
}

/// The same for scripts.
pub fn answer_as_json(number: usize, given: &Given, refusal: Option<&Refusal>) -> Json {
    let mut object = json!({
        "number": number,
        "request": given.name,
        "verdict": if refusal.is_some() { "denied" } else { "allowed" },
    });
    if let Some(case) = &given.case {
        if let Some(description) = &case.description {
            object["description"] = json!(description);
        }
        if let Some(expected) = case.allowed {
            object["expected"] = json!(if expected { "allowed" } else { "denied" });
        }
    }
    if let Some(refusal) = refusal {
        object["code"] = json!(refusal.code());
        object["code_name"] = json!(refusal.code_name());
        object["message"] = json!(refusal.as_sent());
    }
    object
}

/// A refused request and why it is refused; the lines are those of the policy called `file`.
pub fn why(number: usize, given: &Given, refusal: &Refusal, file: &str, why: &Why) -> String {
    let mut refusal = refusal.clone();
    if let Some(case) = given.case.as_ref().filter(|_| refusal.is_denial()) {
        // The reasons say more than what was printed.
        refusal.message = format!("{} {BLOCKED}", case.request.rule);
    }
    let mut text = answer(number, given, Some(&refusal));
    text.push('\n');
    text.push_str(&reasons(file, &why.reasons));
    if let Some(error) = &why.unknown {
        let error = escape::line(error);
        let _ = writeln!(text, "  the reason cannot be found out: {error}");
    }
    text
}

/// The same for scripts.
pub fn why_as_json(number: usize, given: &Given, refusal: &Refusal, file: &str, why: &Why) -> Json {
    let mut object = answer_as_json(number, given, Some(refusal));
    object["policy"] = json!(file);
    object["reasons"] = json!(why.reasons);
    object
}

/// The first of the reasons, and how many there are beside them.
fn reasons(file: &str, reasons: &[Reason]) -> String {
    let shown = reasons.iter().take(REASONS).map(|each| reason(file, each));
    let mut text = shown.collect::<Vec<_>>().join("  or\n");
    if reasons.len() > REASONS {
        let _ = writeln!(
            text,
            "  and {} more, which --json has",
            reasons.len() - REASONS
        );
    }
    text
}

/// Why a request is denied, over several lines; `file` is what the policy's file is called.
fn reason(file: &str, reason: &Reason) -> String {
    let mut text = String::new();
    let mut steps = reason.steps.iter().rev();
    let Some(step) = steps.next() else {
        return text;
    };
    let place = place(file, step);
    let _ = writeln!(text, "  {place}{}{}", escape::line(&step.text), note(step));
    for part in &step.values {
        let value = part.value.as_deref().unwrap_or("undefined");
        if value != part.text {
            let (name, value) = (escape::line(&part.text), shortened(value));
            let _ = writeln!(text, "      {name} = {value}");
        }
    }
    for step in steps {
        let place = self::place(file, step);
        let _ = writeln!(text, "    from {place}{}", escape::line(&step.text));
    }
    text
}

fn place(file: &str, step: &Step) -> String {
    match step.line {
        0 => format!("{}: ", escape::line(file)),
        line => format!("{}:{line}: ", escape::line(file)),
    }
}

/// What is to be said of an expression.
fn note(step: &Step) -> String {
    let said = match step.what {
        What::False if step.values.is_empty() || step.held.is_some() => "is false",
        What::False => "",
        What::Undefined => "is undefined",
        What::Holds => "holds, and should not",
        What::NoMatch => "is not of this form",
        What::Unsolved => "has no solution",
        What::Empty => "has nothing to choose from",
        What::Refused => "is the result",
        What::Error => step.error.as_deref().unwrap_or("is an error"),
        What::NotEvaluated => "has no definition that could be true",
        What::Function => "is a function, and not an answer to a request",
        What::NoRule => "is not a rule of this policy",
    };
    let mut note = match said {
        "" => String::new(),
        said => format!(" {}", escape::line(said)),
    };
    if let Some(line) = step.held {
        let _ = match step.what {
            What::Holds => write!(note, ": line {line}"),
            _ => write!(note, ", by line {line}"),
        };
    }
    if step.tried > 1 {
        let _ = write!(note, " (the first of {} tries)", step.tried);
    }
    match note.as_str() {
        "" => note,
        _ => format!("   #{note}"),
    }
}

fn shortened(text: &str) -> String {
    let short = escape::line(text);
    match short.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", short.get(..end).unwrap_or_default()),
        None => short.into_owned(),
    }
}

/// How many changes of an allowed request are still allowed, and then which, a line for each
/// place.
pub fn findings(number: usize, given: &Given, findings: &Findings) -> String {
    let mut places: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in &findings.allowed {
        places.entry(&change.path).or_default().push(change);
    }
    let (answer, allowed) = (answer(number, given, None), findings.allowed.len());
    let tried = findings.tried;
    let mut text = format!("{answer}: {allowed} of {tried} changes are still allowed\n");
    let width = places
        .keys()
        .map(|path| path.chars().count())
        .max()
        .unwrap_or_default();
    for (path, changes) in places {
        let path = escape::line(path);
        let mut shown: Vec<_> = changes.iter().take(CHANGES).map(|it| said(it)).collect();
        if let Some(more) = changes.len().checked_sub(CHANGES + 1) {
            shown.push(format!("and {} more", more + 1));
        }
        let _ = writeln!(text, "  {path:width$}  {}", shown.join("; "));
    }
    if findings.more_constants > 0 {
        let places = match findings.more_constants {
            1 => "one place".to_owned(),
            more => format!("{more} places"),
        };
        let _ = writeln!(
            text,
            "  (the policy names very many values: in {places} only the nearest ones were tried)"
        );
    }
    text
}

/// An allowed request and the findings about it, for scripts.
pub fn findings_as_json(number: usize, given: &Given, findings: &Findings) -> Json {
    let mut object = answer_as_json(number, given, None);
    object["tried"] = json!(findings.tried);
    object["allowed"] = json!(findings.allowed);
    object["more_constants"] = json!(findings.more_constants);
    object
}

fn said(change: &Change) -> String {
    let name = change.change.name();
    let is_told = matches!(change.change, Kind::Changed | Kind::Added);
    match change.to.as_ref().filter(|_| is_told) {
        Some(to) => format!("{name}: {}", shortened(&to.to_string())),
        None => name.to_owned(),
    }
}

/// A denial, a line for each thing that the policy printed; `full` shows all of each.
pub fn denial(denial: &Denial, full: bool) -> String {
    let said = |text: &str| match full {
        true => escape::line(text).into_owned(),
        false => shortened(text),
    };
    if let Some(error) = &denial.error {
        let line = error
            .line
            .map_or_else(String::new, |line| format!("line {line}  "));
        let (rule, what) = (&denial.rule, said(&error.what));
        return format!("{rule} is refused, as the policy does not decide it\n  {line}{what}\n");
    }
    let mut text = format!("{} is blocked by policy\n", denial.rule);
    if !denial.has_prints {
        text.push_str("  the text does not go on to what the policy printed\n");
    } else if denial.prints.is_empty() {
        text.push_str("  the policy printed nothing\n");
    }
    let width = denial
        .prints
        .iter()
        .map(|print| print.line.to_string().len())
        .max();
    let width = width.unwrap_or_default();
    for print in &denial.prints {
        let _ = writeln!(text, "  line {:<width$}  {}", print.line, said(&print.text));
    }
    text
}

/// A denial and what it tells of the policy, for scripts.
pub fn denial_as_json(denial: &Denial, stops: Option<&Stops>) -> Json {
    let mut object = json!(denial);
    if let Some(stops) = stops {
        object["stops"] = json!(stops.stops);
        object["unknown_lines"] = json!(stops.unknown_lines);
    }
    object
}

/// Where rules stopped; `file` is what the policy's file is called.
pub fn stops(file: &str, stops: &Stops) -> String {
    let mut text = String::new();
    let file = escape::line(file);
    if let Some(line) = stops.unknown_lines.first() {
        let _ = writeln!(
            text,
            "  {file} is not the policy that printed this: it prints nothing on line {line}"
        );
        return text;
    }
    for stop in &stops.stops {
        let one = match stop.statements.len() {
            1 => "this does not hold",
            _ => "one of these does not hold",
        };
        let _ = writeln!(text, "  {} stopped: {one}", escape::line(&stop.rule));
        for line in &stop.statements {
            let _ = writeln!(
                text,
                "    {file}:{}: {}",
                line.line,
                escape::line(&line.text)
            );
        }
    }
    text
}
