//! The report as a table, for spreadsheets and for comparing runs: RFC 4180,
//! times in nanoseconds.

use super::{PERCENTILES, Report, latencies};

pub(super) fn render(report: &Report) -> String {
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
