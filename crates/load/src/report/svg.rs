//! The report as a picture: latency by percentile, the way HdrHistogram's plots
//! have it, so that the slowest calls get as much room as the others. A file of
//! its own, without scripts or fonts from elsewhere.

use std::fmt::Write;
use std::time::Duration;

use agent_text::duration;

use super::Report;
use crate::histogram::Histogram;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 400.0;
/// Room for the axes' texts, and at the other sides.
const LEFT: f64 = 70.0;
const BOTTOM: f64 = 40.0;
const MARGIN: f64 = 20.0;

/// The percentiles along the axis, evenly spaced: each leaves a tenth of the
/// calls that the one before it leaves.
const TICKS: [(&str, f64); 5] = [
    ("0%", 1.0),
    ("90%", 0.1),
    ("99%", 0.01),
    ("99.9%", 0.001),
    ("99.99%", 0.0001),
];

/// Points of a line between two ticks.
const POINTS: u32 = 25;

/// A line's colours, from those that people with any sight tell apart.
const COLOURS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// The picture.
pub fn svg(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = draw(report, &mut text);
    text
}

fn draw(report: &Report, text: &mut String) -> std::fmt::Result {
    let rows: Vec<_> = match report.commands.as_slice() {
        [_] => report.rows().skip(1).collect(),
        _ => report.rows().collect(),
    };
    let largest = rows.iter().map(|(_, figures)| figures.latency.max()).max();
    let top = round_up(largest.unwrap_or(0).max(1));
    writeln!(
        text,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">
<title>latency by percentile, {}</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>"##,
        escaped(&report.address)
    )?;
    for part in 0..=4u64 {
        let value = top / 4 * part;
        let y = y(value as f64, top as f64);
        writeln!(
            text,
            r##"<path d="M{LEFT} {y:.1}H{:.1}" stroke="#dddddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
            WIDTH - MARGIN,
            LEFT - 6.0,
            y + 4.0,
            shown(value)
        )?;
    }
    for (index, (name, _)) in TICKS.iter().enumerate() {
        let x = x(index as f64);
        writeln!(
            text,
            r##"<path d="M{x:.1} {MARGIN}V{:.1}" stroke="#dddddd"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{name}</text>"##,
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 18.0
        )?;
    }
    for (index, ((name, figures), colour)) in rows.iter().zip(COLOURS.iter().cycle()).enumerate() {
        write!(
            text,
            r#"<path fill="none" stroke="{colour}" stroke-width="2" d=""#
        )?;
        line(&figures.latency, top as f64, text)?;
        writeln!(
            text,
            r#""/><text x="{:.1}" y="{:.1}" fill="{colour}">{}</text>"#,
            LEFT + 8.0,
            MARGIN + 14.0 + 16.0 * index as f64,
            escaped(name)
        )?;
    }
    writeln!(text, "</svg>")
}

fn line(latency: &Histogram, top: f64, text: &mut String) -> std::fmt::Result {
    for (index, pair) in TICKS.windows(2).enumerate() {
        let [(_, from), (_, to)] = pair else { continue };
        for point in 0..=POINTS {
            let part = f64::from(point) / f64::from(POINTS);
            let left = from + (to - from) * part;
            let letter = if index == 0 && point == 0 { 'M' } else { 'L' };
            let x = x(index as f64 + place_between(*from, *to, left));
            write!(
                text,
                "{letter}{x:.1} {:.1}",
                y(latency.quantile(1.0 - left) as f64, top)
            )?;
        }
    }
    Ok(())
}

/// Where between two ticks, 0 to 1, a share of calls is left: the axis is
/// logarithmic.
fn place_between(from: f64, to: f64, left: f64) -> f64 {
    (from / left).ln() / (from / to).ln()
}

fn x(tick: f64) -> f64 {
    let last = (TICKS.len() - 1) as f64;
    LEFT + (WIDTH - MARGIN - LEFT) * tick / last
}

fn y(value: f64, top: f64) -> f64 {
    let bottom = HEIGHT - BOTTOM;
    bottom - (bottom - MARGIN) * (value / top)
}

/// The next number above that has one digit other than 0, and is a multiple of 4.
fn round_up(value: u64) -> u64 {
    let mut unit = 4u64;
    while let Some(next) = unit.checked_mul(10).filter(|next| *next <= value) {
        unit = next;
    }
    value.div_ceil(unit).saturating_mul(unit)
}

fn shown(nanoseconds: u64) -> String {
    duration::display(Duration::from_nanos(nanoseconds))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
