//! Conditions on a report, such as `p99>5ms`: they decide whether a load test counts
//! as failed.

use std::str::FromStr;
use std::time::Duration;

use agent_text::duration;

use crate::tally::Figures;

/// A condition under which a load test has failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    text: String,
    metric: Metric,
    comparison: Comparison,
    value: f64,
}

/// Why a text is not a condition.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// No comparison in it.
    #[error("{0:?} compares nothing: write a figure, one of > >= < <=, and a value, as in p99>5ms")]
    Syntax(String),
    /// Not a figure of the report.
    #[error(
        "{0:?} is not a figure of the report: use p50 (or another percentile, such as p99.9), min, \
         mean, max, errors or throughput"
    )]
    Metric(String),
    /// Not a value of that figure.
    #[error("{value:?} is not a value of {metric}: {wanted}")]
    Value {
        /// The figure.
        metric: String,
        /// What it is compared with.
        value: String,
        /// What a right value looks like.
        wanted: &'static str,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Metric {
    /// The share of calls, to be compared with nanoseconds.
    Percentile(f64),
    Min,
    Mean,
    Max,
    Errors,
    /// In hundredths of the calls.
    ErrorShare,
    Throughput,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// The longer ones first, as each begins with another.
const COMPARISONS: [(&str, Comparison); 4] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
];

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Limit, LimitError> {
        let syntax = || LimitError::Syntax(text.to_owned());
        let place = text.find(['<', '>']).ok_or_else(syntax)?;
        let (name, rest) = text.split_at(place);
        let (name, (comparison, value)) = (
            name.trim(),
            COMPARISONS
                .iter()
                .find_map(|(sign, comparison)| Some((*comparison, rest.strip_prefix(sign)?.trim())))
                .ok_or_else(syntax)?,
        );
        let metric = metric(name, value).ok_or_else(|| LimitError::Metric(name.to_owned()))?;
        let wrong = |wanted| LimitError::Value {
            metric: name.to_owned(),
            value: value.to_owned(),
            wanted,
        };
        let value = match metric {
            Metric::Percentile(_) | Metric::Min | Metric::Mean | Metric::Max => {
                let time = duration::parse(value).ok();
                let time = time.filter(|_| !value.bytes().all(|byte| byte.is_ascii_digit()));
                nanoseconds(time.ok_or_else(|| wrong("write a time, as in 5ms"))?)
            }
            Metric::ErrorShare => number(value.trim_end_matches('%').trim_end())
                .filter(|share| *share <= 100.0)
                .ok_or_else(|| wrong("write a share of the calls from 0% to 100%"))?,
            Metric::Errors => {
                number(value).ok_or_else(|| wrong("write a number, or a share as in 0.1%"))?
            }
            Metric::Throughput => number(value)
                .ok_or_else(|| wrong("write the answered calls in a second, as in 500"))?,
        };
        Ok(Limit {
            text: text.trim().to_owned(),
            metric,
            comparison,
            value,
        })
    }
}

impl Limit {
    /// Whether the condition holds. What does not exist, as a latency when no
    /// call was answered, fulfils every condition: a test that measured nothing
    /// must not pass.
    pub(crate) fn holds(&self, figures: &Figures) -> bool {
        let found = self.found(figures);
        found.is_none_or(|found| match self.comparison {
            Comparison::Greater => found > self.value,
            Comparison::AtLeast => found >= self.value,
            Comparison::Less => found < self.value,
            Comparison::AtMost => found <= self.value,
        })
    }

    /// The condition as it was written, and what was found.
    pub(crate) fn verdict(&self, figures: &Figures) -> String {
        let found = match (self.found(figures), self.metric) {
            (None, _) => "nothing was measured".to_owned(),
            (Some(found), Metric::Errors) => format!("there are {found}"),
            (Some(found), Metric::ErrorShare) => format!("it is {found:.3}%"),
            (Some(found), Metric::Throughput) => format!("it is {found:.1}"),
            (Some(found), _) => {
                let time = Duration::from_nanos(found as u64);
                format!("it is {}", duration::display(time))
            }
        };
        format!("{} ({found})", self.text)
    }

    fn found(&self, figures: &Figures) -> Option<f64> {
        let latency = |value: u64| (!figures.latency.is_empty()).then_some(value as f64);
        match self.metric {
            Metric::Percentile(share) => latency(figures.latency.quantile(share)),
            Metric::Min => latency(figures.latency.min()),
            Metric::Mean => latency(figures.latency.mean()),
            Metric::Max => latency(figures.latency.max()),
            Metric::Errors => Some(figures.errors() as f64),
            Metric::ErrorShare => {
                let calls = figures.calls();
                (calls > 0).then(|| 100.0 * figures.errors() as f64 / calls as f64)
            }
            Metric::Throughput => Some(figures.throughput),
        }
    }
}

fn metric(name: &str, value: &str) -> Option<Metric> {
    Some(match name {
        "min" => Metric::Min,
        "mean" => Metric::Mean,
        "max" => Metric::Max,
        "errors" if value.ends_with('%') => Metric::ErrorShare,
        "errors" => Metric::Errors,
        "throughput" => Metric::Throughput,
        _ => {
            let percentile = number(name.strip_prefix('p')?)?;
            (percentile <= 100.0).then_some(Metric::Percentile(percentile / 100.0))?
        }
    })
}

/// A decimal number, not negative.
fn number(text: &str) -> Option<f64> {
    let is_decimal = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse().ok().filter(|_| is_decimal)
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_nanos() as f64
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::tally::{Failure, Tally};

    /// Calls that took 1 to 100 ms, one each, and beside them `timeouts` that took
    /// 200 ms, all of them within a second.
    fn figures(timeouts: u64) -> Figures {
        let start = Instant::now();
        let second = start + Duration::from_secs(1);
        let mut tally = Tally::new(1, start, second);
        for milliseconds in 1..=100 {
            let now = start + Duration::from_millis(milliseconds);
            tally.ended(0, start, now, &Ok(()));
        }
        for _ in 0..timeouts {
            let now = start + Duration::from_millis(200);
            tally.ended(0, start, now, &Err(Failure::Timeout));
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
}
