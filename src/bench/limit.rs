//! Conditions on a report, such as `p99>5ms`: they decide whether a load test
//! counts as failed. It knows figures by name and nothing of how they came about.

use std::str::FromStr;
use std::time::Duration;

use super::tally::Figures;
use crate::duration;

/// A condition under which a load test has failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    text: String,
    metric: Metric,
    comparison: Comparison,
    value: f64,
}

/// Why a text is no condition.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum LimitError {
    /// No comparison in it.
    #[error("{0:?} compares nothing: write a figure, one of > >= < <=, and a value, as in p99>5ms")]
    Syntax(String),
    /// Not a figure of the report.
    #[error(
        "{0:?} is no figure of the report: use p50 (or another percentile, such as p99.9), min, \
         mean, max, errors or throughput"
    )]
    Metric(String),
    /// Not a value of that figure.
    #[error("{value:?} is no value of {metric}: {wanted}")]
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
    pub(super) fn holds(&self, figures: &Figures) -> bool {
        let found = self.found(figures);
        found.is_none_or(|found| match self.comparison {
            Comparison::Greater => found > self.value,
            Comparison::AtLeast => found >= self.value,
            Comparison::Less => found < self.value,
            Comparison::AtMost => found <= self.value,
        })
    }

    /// The condition as it was written, and what was found.
    pub(super) fn verdict(&self, figures: &Figures) -> String {
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
mod tests;
