//! The report for programs, times in nanoseconds: one JSON object, or a table as CSV
//! (RFC 4180).

use serde_json::{Map, Value, json};

use super::{PERCENTILES, Report, latencies};
use crate::engine::Stopped;
use crate::histogram::Histogram;
use crate::tally::Figures;

/// One JSON object.
pub(super) fn json(report: &Report) -> String {
    let commands: Vec<Value> = report
        .commands
        .iter()
        .zip(&report.tally.commands)
        .map(|(command, figures)| {
            let mut object = of_figures(figures);
            object.insert("command".to_owned(), json!(command.name));
            object.insert("weight".to_owned(), json!(command.weight));
            Value::Object(object)
        })
        .collect();
    let value = json!({
        "address": report.address,
        "connections": report.connections,
        "in_flight_per_connection": report.in_flight,
        "rate": report.rate,
        "warm_up_ns": nanoseconds(report.warm_up),
        "measured_ns": nanoseconds(report.tally.measured()),
        "ended": match report.stopped {
            Stopped::Done => "done",
            Stopped::Interrupted => "interrupted",
            Stopped::NoConnection => "no_connection",
        },
        "unconnected_ns": nanoseconds(report.unconnected),
        "queued": of_histogram(&report.tally.queued),
        "client": {
            "cpu_per_call_ns": nanoseconds(report.cpu_per_call()),
            "lateness": of_histogram(&report.tally.lateness),
        },
        "all": of_figures(&report.tally.all),
        "commands": commands,
    });
    format!("{value:#}\n")
}

fn of_figures(figures: &Figures) -> Map<String, Value> {
    let failures: Vec<Value> = figures
        .failures
        .iter()
        .map(|(name, failures)| {
            json!({"failure": name, "calls": failures.count, "example": failures.example})
        })
        .collect();
    let members = [
        ("calls", json!(figures.calls())),
        ("ok", json!(figures.ok)),
        ("failed", json!(figures.errors())),
        ("throughput", json!(figures.throughput)),
        ("latency", of_histogram(&figures.latency)),
        ("failures", json!(failures)),
    ];
    members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// Null where nothing was measured: zeros would be those of a very fast agent.
fn of_histogram(histogram: &Histogram) -> Value {
    if histogram.is_empty() {
        return Value::Null;
    }
    let mut object = Map::new();
    object.insert("min_ns".to_owned(), json!(histogram.min()));
    object.insert("mean_ns".to_owned(), json!(histogram.mean()));
    for (share, name) in PERCENTILES {
        object.insert(format!("{name}_ns"), json!(histogram.quantile(share)));
    }
    object.insert("max_ns".to_owned(), json!(histogram.max()));
    Value::Object(object)
}

fn nanoseconds(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A line for all calls, and one for each command.
pub(super) fn csv(report: &Report) -> String {
    let mut text = String::from("command,calls,ok,failed,throughput,min_ns,mean_ns");
    for (_, name) in PERCENTILES {
        text.push_str(&format!(",{name}_ns"));
    }
    text.push_str(",max_ns\n");
    for (name, figures) in report.rows() {
        text.push_str(&format!(
            "{},{},{},{},{:.1}",
            quoted(name),
            figures.calls(),
            figures.ok,
            figures.errors(),
            figures.throughput
        ));
        for value in latencies(&figures.latency) {
            text.push(',');
            // Nothing where nothing was measured.
            if !figures.latency.is_empty() {
                text.push_str(&value.to_string());
            }
        }
        text.push('\n');
    }
    text
}

/// A field, in quotes where it has to be.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
