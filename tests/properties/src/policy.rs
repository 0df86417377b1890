//! What a policy and requests are read from, and a denial: the first line says which it is. An
//! error is one line, what is shown is fit for a terminal, and test cases that were written are
//! read again.

use agent_policy::{explain, export, request, show, source};
use kata_agent_ctl::text::escape::is_unprintable;

use crate::check::error_text;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (what, rest) = text.split_once('\n').unwrap_or((text, ""));
    match what {
        "denial" => check_denials(rest),
        "requests" => check_requests(rest),
        name => {
            if let Err(error) = source::policy(name, rest) {
                error_text(&error);
            }
        }
    }
}

fn check_denials(text: &str) {
    for denial in explain::denials(text) {
        for is_full in [false, true] {
            let shown = show::denial(&denial, is_full);
            let bad = shown.chars().find(|c| is_unprintable(*c) && *c != '\n');
            assert_eq!(bad, None, "{shown:?}");
            // A line for the denial, and one for each print, or one that there is none.
            assert_eq!(
                shown.lines().count(),
                1 + denial.prints.len().max(1),
                "{shown:?}"
            );
        }
    }
}

fn check_requests(text: &str) {
    let schema = kata_agent_ctl::schema();
    let cases = match request::cases(schema, text) {
        Ok(cases) => cases,
        Err(error) => {
            error_text(&error);
            return;
        }
    };
    let export = |cases: &[_]| {
        let exported = export::test_cases(cases);
        exported.unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let exported = export(&cases);
    let again = request::cases(schema, &exported);
    let again = again.unwrap_or_else(|error| panic!("{error}: {exported}"));
    let rules = |cases: &[request::Case]| {
        let rules = cases.iter().map(|case| case.request.rule.clone());
        rules.collect::<Vec<_>>()
    };
    assert_eq!(rules(&again), rules(&cases), "{exported}");
    assert!(
        again.iter().all(|case| case.passed_over.is_empty()),
        "{exported}"
    );
    // The IDs are the same, which stand where they stood.
    assert_eq!(export(&again), exported, "{text}");
}
