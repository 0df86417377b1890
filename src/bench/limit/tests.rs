//! Conditions, what they hold for, and what is none.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::time::Instant;

use super::*;
use crate::bench::tally::{End, Tally};

/// Calls that took 1 to 100 ms, one each, and beside them `timeouts` that took
/// 200 ms, all of them within a second.
fn figures(timeouts: u64) -> Figures {
    let start = Instant::now();
    let second = start + Duration::from_secs(1);
    let mut tally = Tally::new(1, start, second);
    for milliseconds in 1..=100 {
        let now = start + Duration::from_millis(milliseconds);
        tally.ended(0, start, now, &End::Ok);
    }
    for _ in 0..timeouts {
        let now = start + Duration::from_millis(200);
        tally.ended(0, start, now, &End::Timeout);
    }
    tally.finish();
    tally.all
}

fn holds(text: &str, figures: &Figures) -> bool {
    let limit: Limit = text.parse().unwrap();
    assert_eq!(limit.text, text.trim());
    limit.holds(figures)
}

#[test]
fn a_condition_compares_its_figure() {
    let figures = figures(0);
    for (text, expected) in [
        ("p50>49ms", true),
        ("p50>51ms", false),
        ("p50<51ms", true),
        ("p99 >= 98ms", true),
        ("p99.5>98ms", true),
        ("p0>2ms", false),
        ("p100>=100ms", true),
        ("p100>101ms", false),
        ("min<=1ms", true),
        ("min<1ms", false),
        ("max>0.0999s", true),
        ("max>100.2ms", false),
        ("mean>50ms", true),
        ("mean>51ms", false),
        ("errors>0", false),
        ("errors>=0", true),
        ("errors<1", true),
        ("errors>0%", false),
        ("throughput<100", false),
        ("throughput<=100", true),
        ("throughput>99.5", true),
        (" p50 > 49ms ", true),
    ] {
        assert_eq!(holds(text, &figures), expected, "{text}");
    }
}

#[test]
fn errors_are_a_number_or_a_share_of_all_calls() {
    let figures = figures(25);
    for (text, expected) in [
        ("errors>24", true),
        ("errors>25", false),
        ("errors>=25", true),
        ("errors>19.9%", true),
        ("errors>20%", false),
        ("errors>=20 %", true),
        ("errors<=20%", true),
        ("errors<0.1%", false),
        // A call that was given up took as long as it did, and was not answered.
        ("max>=200ms", true),
        ("throughput>100", false),
    ] {
        assert_eq!(holds(text, &figures), expected, "{text}");
    }
}

#[test]
fn what_was_not_measured_fulfils_every_condition_but_one_on_errors_alone() {
    let nothing = Figures::default();
    for text in [
        "p99>1h",
        "p99<1ms",
        "min<1ns",
        "max>1h",
        "mean>1h",
        "errors>99%",
    ] {
        assert!(holds(text, &nothing), "{text}");
    }
    assert!(!holds("errors>0", &nothing));
    assert!(holds("throughput<1", &nothing));
}

#[test]
fn a_text_that_is_no_condition_is_refused_for_what_is_wrong_with_it() {
    let syntax = |text: &str| LimitError::Syntax(text.to_owned());
    let metric = |text: &str| LimitError::Metric(text.to_owned());
    let value = |metric: &str, value: &str, wanted| LimitError::Value {
        metric: metric.to_owned(),
        value: value.to_owned(),
        wanted,
    };
    let time = "write a time, as in 5ms";
    for (text, error) in [
        ("", syntax("")),
        ("p99", syntax("p99")),
        ("p99=5ms", syntax("p99=5ms")),
        (">5ms", metric("")),
        ("p>5ms", metric("p")),
        ("p-1>5ms", metric("p-1")),
        ("p1e1>5ms", metric("p1e1")),
        ("pinf>5ms", metric("pinf")),
        ("p100.1>5ms", metric("p100.1")),
        ("P99>5ms", metric("P99")),
        ("median>5ms", metric("median")),
        ("p99>", value("p99", "", time)),
        ("p99>5", value("p99", "5", time)),
        ("p99>-5ms", value("p99", "-5ms", time)),
        ("p99>>5ms", value("p99", ">5ms", time)),
        ("p99=>5ms", metric("p99=")),
        (
            "errors>x",
            value("errors", "x", "write a number, or a share as in 0.1%"),
        ),
        (
            "errors>100.1%",
            value(
                "errors",
                "100.1%",
                "write a share of the calls from 0% to 100%",
            ),
        ),
        (
            "throughput<5ms",
            value(
                "throughput",
                "5ms",
                "write the answered calls in a second, as in 500",
            ),
        ),
    ] {
        assert_eq!(text.parse::<Limit>(), Err(error), "{text:?}");
    }
}
