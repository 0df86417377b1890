//! The report as a picture: latency by percentile, both on scales that give the slowest
//! calls as much room as the others. A file of its own, without scripts or fonts from
//! elsewhere.

use std::fmt::Write;
use std::time::Duration;

use agent_text::duration;

use super::Report;
use crate::histogram::Histogram;

/// The size of the plot, and the room around it for texts.
const WIDTH: f64 = 900.0;
const PLOT: (f64, f64) = (770.0, 340.0);
const LEFT: f64 = 90.0;
const TOP: f64 = 60.0;
/// From the plot to the first line of the legend, and from one line to the next.
const LEGEND: f64 = 70.0;
const LINE: f64 = 18.0;

/// The most characters of the title's address and of a name in the legend: what there is
/// room for.
const LONGEST: usize = 100;

/// Points of a line between two ticks.
const POINTS: u32 = 25;

/// The most ticks: one call of ten million.
const MOST_TICKS: u32 = 7;

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
    let rows: Vec<_> = report.shown_rows().collect();
    let of = |value: fn(&Histogram) -> u64| {
        let measured = rows.iter().map(|(_, figures)| &figures.latency);
        measured.filter(|it| !it.is_empty()).map(value)
    };
    let axes = Axes {
        low: decade(of(Histogram::min).min().unwrap_or(1), f64::floor),
        high: decade(of(Histogram::max).max().unwrap_or(10), f64::ceil),
        ticks: ticks(rows.iter().map(|(_, figures)| figures.calls()).max()),
    };
    let bottom = TOP + PLOT.1;
    let height = bottom + LEGEND + LINE * rows.len() as f64;
    writeln!(
        text,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">
<title>Latency by percentile</title>
<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>
<text x="{LEFT}" y="22" font-size="16">Latency by percentile</text>
<text x="{LEFT}" y="42" fill="#555555">{}</text>"##,
        escaped(&report.address)
    )?;
    axes.draw(text)?;
    for (index, ((name, figures), colour)) in rows.iter().zip(COLOURS.iter().cycle()).enumerate() {
        if !figures.latency.is_empty() {
            write!(
                text,
                r#"<path fill="none" stroke="{colour}" stroke-width="2" d=""#
            )?;
            axes.line(&figures.latency, text)?;
            writeln!(text, r#""/>"#)?;
        }
        let y = bottom + LEGEND + LINE * index as f64;
        writeln!(
            text,
            r#"<path d="M{LEFT} {:.1}h20" stroke="{colour}" stroke-width="3"/><text x="{:.1}" y="{y:.1}">{}</text>"#,
            y - 4.0,
            LEFT + 28.0,
            escaped(name)
        )?;
    }
    writeln!(text, "</svg>")
}

/// Where values stand in the plot: latencies from a power of ten to another one, and
/// percentiles so that each tick leaves a tenth of the calls that the one before it leaves.
struct Axes {
    /// The exponents of the least and the largest latency, in nanoseconds.
    low: i32,
    high: i32,
    /// How many ticks there are behind 0%; what follows the last one is the slowest call.
    ticks: u32,
}

impl Axes {
    fn draw(&self, text: &mut String) -> std::fmt::Result {
        let (right, bottom) = (LEFT + PLOT.0, TOP + PLOT.1);
        for exponent in self.low..=self.high {
            let value = 10f64.powi(exponent);
            let y = self.y(value);
            writeln!(
                text,
                r##"<path d="M{LEFT} {y:.1}H{right}" stroke="#dddddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
                LEFT - 6.0,
                y + 4.0,
                duration::display(Duration::from_nanos(value as u64))
            )?;
        }
        for tick in 0..=self.ticks + 1 {
            let x = self.x(f64::from(tick));
            let name = match tick {
                0 => "0%".to_owned(),
                tick if tick > self.ticks => "max".to_owned(),
                tick => percent(tick),
            };
            writeln!(
                text,
                r##"<path d="M{x:.1} {TOP}V{bottom}" stroke="#dddddd"/><text x="{x:.1}" y="{:.1}" text-anchor="middle">{name}</text>"##,
                bottom + 18.0
            )?;
        }
        writeln!(
            text,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="middle">percentile of calls</text>
<text transform="translate(20 {:.1}) rotate(-90)" text-anchor="middle">latency</text>"#,
            LEFT + PLOT.0 / 2.0,
            bottom + 40.0,
            TOP + PLOT.1 / 2.0
        )
    }

    fn line(&self, latency: &Histogram, text: &mut String) -> std::fmt::Result {
        let mut letter = 'M';
        for point in 0..=self.ticks * POINTS {
            let tick = f64::from(point) / f64::from(POINTS);
            let value = latency.quantile(1.0 - 10f64.powf(-tick));
            write!(
                text,
                "{letter}{:.1} {:.1}",
                self.x(tick),
                self.y(value as f64)
            )?;
            letter = 'L';
        }
        let last = self.x(f64::from(self.ticks + 1));
        write!(text, "L{last:.1} {:.1}", self.y(latency.max() as f64))
    }

    fn x(&self, tick: f64) -> f64 {
        LEFT + PLOT.0 * tick / f64::from(self.ticks + 1)
    }

    fn y(&self, value: f64) -> f64 {
        let part = (value.max(1.0).log10() - f64::from(self.low)) / f64::from(self.high - self.low);
        TOP + PLOT.1 * (1.0 - part.clamp(0.0, 1.0))
    }
}

/// The exponent of the power of ten at or beside a value, with room on that side.
fn decade(value: u64, round: fn(f64) -> f64) -> i32 {
    let exponent = (value.max(1) as f64).log10();
    let rounded = round(exponent);
    // Where all values are one power of ten the axis has a length all the same.
    let is_upper = round(0.5) > 0.0;
    rounded as i32 + i32::from(is_upper && rounded == exponent)
}

/// How many ticks tell calls apart, where there are so many.
fn ticks(calls: Option<u64>) -> u32 {
    let calls = calls.unwrap_or_default().max(1);
    calls.ilog10().clamp(2, MOST_TICKS)
}

/// The percentile that leaves a tenth of the calls for each tick: 90%, 99%, 99.9%.
fn percent(tick: u32) -> String {
    let digits = usize::try_from(tick).unwrap_or_default().saturating_sub(2);
    format!("{:.digits$}%", 100.0 - 10f64.powi(2 - tick.cast_signed()))
}

/// A text of the picture, cut to what there is room for.
fn escaped(text: &str) -> String {
    let cut = match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    };
    cut.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_go_from_power_to_power() {
        for (least, most, expected) in [(1, 1, (0, 1)), (999, 1001, (2, 4)), (1000, 1000, (3, 4))] {
            assert_eq!(
                (decade(least, f64::floor), decade(most, f64::ceil)),
                expected
            );
        }
        let ticks = [0, 50, 1000, 123_456, u64::MAX].map(|calls| ticks(Some(calls)));
        assert_eq!(ticks, [2, 2, 3, 5, 7]);
        let names: Vec<_> = (1..=MOST_TICKS).map(percent).collect();
        let expected = [
            "90%",
            "99%",
            "99.9%",
            "99.99%",
            "99.999%",
            "99.9999%",
            "99.99999%",
        ];
        assert_eq!(names, expected);
    }
}
