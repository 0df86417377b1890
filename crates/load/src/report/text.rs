//! The report for reading.

use std::fmt::Write;
use std::time::Duration;

use agent_text::duration;

use super::{PERCENTILES, Report};
use crate::engine::Stopped;
use crate::histogram::time_of;

/// The widest column of names.
const NAMES: usize = 40;

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = head(report, &mut text);
    let _ = latencies(report, &mut text);
    let _ = failures(report, &mut text);
    text
}

fn head(report: &Report, text: &mut String) -> std::fmt::Result {
    let all = &report.tally.all;
    writeln!(text, "agent        {}", report.address)?;
    let (connections, in_flight) = (report.connections, report.in_flight);
    let load = match report.rate {
        Some(rate) => format!("{rate} calls/s become due, at most {in_flight} in flight on each"),
        None => format!("{in_flight} in flight on each, a new one for each answer"),
    };
    let noun = match connections {
        1 => "connection",
        _ => "connections",
    };
    writeln!(text, "load         {connections} {noun}; {load}")?;
    let time = duration::display(report.tally.measured());
    let warm_up = match report.warm_up {
        Duration::ZERO => String::new(),
        warm_up => format!(", after {} to warm up", duration::display(warm_up)),
    };
    let ended = match report.stopped {
        Stopped::Done => "",
        Stopped::Interrupted => ", then interrupted",
        Stopped::NoConnection => ", then no connection was left",
    };
    writeln!(text, "measured     {time}{warm_up}{ended}")?;
    writeln!(
        text,
        "calls        {}: {} OK, {} failed ({})",
        all.calls(),
        all.ok,
        all.errors(),
        share(all.errors(), all.calls())
    )?;
    if report.unconnected > Duration::ZERO {
        let time = duration::display(report.unconnected);
        writeln!(
            text,
            "unconnected  for {time}: there was no connection at all"
        )?;
    }
    writeln!(text, "throughput   {:.1} answers/s", all.throughput)?;
    if report.rate.is_some() {
        let queued = &report.tally.queued;
        writeln!(
            text,
            "queued       calls that were due waited {} for a place (p50), {} (p99)",
            time_of(queued.quantile(0.5)),
            time_of(queued.quantile(0.99))
        )?;
    }
    let lateness = &report.tally.lateness;
    writeln!(
        text,
        "this client  {} of processor time per call; calls began {} later than they could \
         (p50), {} (p99)",
        duration::display(report.cpu_per_call()),
        time_of(lateness.quantile(0.5)),
        time_of(lateness.quantile(0.99))
    )
}

fn latencies(report: &Report, text: &mut String) -> std::fmt::Result {
    let rows: Vec<_> = report.shown_rows().collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or(0).clamp("latency".len(), NAMES);
    write!(text, "\n{:width$} {:>9}", "latency", "calls")?;
    for name in columns() {
        write!(text, " {name:>7}")?;
    }
    writeln!(text)?;
    for (name, figures) in rows {
        write!(text, "{name:width$} {:>9}", figures.calls())?;
        for value in super::latencies(&figures.latency) {
            let value = match figures.latency.is_empty() {
                true => "-".to_owned(),
                false => time_of(value),
            };
            write!(text, " {value:>7}")?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn columns() -> impl Iterator<Item = &'static str> {
    let percentiles = PERCENTILES.iter().map(|(_, name)| *name);
    ["min", "mean"]
        .into_iter()
        .chain(percentiles)
        .chain(["max"])
}

fn failures(report: &Report, text: &mut String) -> std::fmt::Result {
    let failures = &report.tally.all.failures;
    if failures.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n{:>9}  failed with", "calls")?;
    for (name, failures) in failures {
        writeln!(text, "{:>9}  {name}: {}", failures.count, failures.example)?;
    }
    Ok(())
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.2}%", 100.0 * part as f64 / whole.max(1) as f64)
}
