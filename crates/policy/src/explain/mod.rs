//! A denial as people have it, in an event or a log, and what it says: an agent puts all that
//! its policy printed on one line, which every layer above it quotes once more.

mod colours;
mod lines;
#[cfg(test)]
mod tests;
mod within;

use std::ops::Range;

use serde::Serialize;

use self::colours::{without_colours, without_written_colours};
use self::lines::{
    indents, unbroken, whole_lines, without_common_indent, without_indent, without_prefixes,
};
use self::within::{in_table, in_yaml};
use crate::agent::BLOCKED;
use crate::engine::FILE;

/// What tells that a policy does not come to a decision, before the error.
const FAILED: &str = ": internal error ";
/// What the names of rules end with that an agent asks.
const REQUEST: &str = "Request";
/// Over how many lines an error goes that nothing quotes.
const ERROR_LINES: usize = 8;

/// A denial, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// The rule that denied.
    pub rule: String,
    /// What the policy printed, in its order.
    pub prints: Vec<Print>,
    /// Whether the text goes on to what the policy printed.
    #[serde(skip)]
    pub has_prints: bool,
    /// The error, if the policy does not come to a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failed>,
}

/// Why a policy does not come to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The line of the policy, from 1, if the error names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong.
    pub what: String,
}

/// One thing that a policy printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Print {
    /// The line of the policy, from 1.
    pub line: u32,
    /// What it printed.
    pub text: String,
}

/// The denials in a text.
pub fn denials(text: &str) -> Vec<Denial> {
    let text = text.replace("\r\n", "\n");
    let text = without_common_indent(&without_prefixes(&without_colours(&text)));
    let mut best = Reading::default();
    let others = in_yaml(&text).into_iter().chain(in_table(&text));
    let others = others.chain(whole_lines(&text));
    for text in others.chain([text.clone()]) {
        read(&text, &mut best);
    }
    best.denials
}

/// Reads a text in each way in which its lines may have been broken, and keeps the best.
fn read(text: &str, best: &mut Reading) {
    let mut keep = |way: &str| {
        let read = Reading::of(&without_written_colours(way));
        if read.said().is_more_than(&best.said()) {
            *best = read;
        }
    };
    for way in unbroken(text) {
        keep(&way);
    }
    // A line that was broken may go on with an indent, of which only what is read tells how wide.
    for indent in indents(text) {
        for way in unbroken(&without_indent(text, indent)) {
            keep(&way);
        }
        // The line that it goes on from may be the only one that is full.
        keep(&text.replace(&format!("\n{}", " ".repeat(indent)), ""));
    }
}

/// What one way to read a text gives.
#[derive(Default)]
struct Reading {
    denials: Vec<Denial>,
    /// How many end with the quotes in which they stand.
    closed: usize,
}

impl Reading {
    fn of(text: &str) -> Self {
        let mut reading = Self::default();
        let mut from = 0;
        while let Some((denial, end)) = next(text, from) {
            let rest = text.get(end..).unwrap_or_default();
            let is_closed = rest.trim_start_matches('\\').starts_with('"');
            if !reading.denials.contains(&denial) {
                reading.denials.push(denial);
                reading.closed += usize::from(is_closed);
            }
            from = end;
        }
        reading
    }

    fn said(&self) -> Said {
        let denials = &self.denials;
        let prints = denials.iter().flat_map(|each| &each.prints);
        let errors = denials.iter().filter_map(|each| each.error.as_ref());
        let texts = prints.map(|print| &print.text);
        let texts: Vec<_> = texts.chain(errors.map(|error| &error.what)).collect();
        let signs = |text: &&String| text.chars().filter(|char| !char.is_whitespace()).count();
        let gaps = |text: &&String| text.matches("  ").count() + text.matches('\n').count();
        Said {
            denials: denials.len(),
            closed: self.closed,
            things: texts.len(),
            signs: texts.iter().map(signs).sum(),
            gaps: texts.iter().map(gaps).sum(),
        }
    }
}

/// How much a reading says.
struct Said {
    /// How many denials there are.
    denials: usize,
    /// How many of them end with their quotes.
    closed: usize,
    /// How many prints and errors there are.
    things: usize,
    /// How long they are without white space, in bytes.
    signs: usize,
    /// How many lines and blanks come after others.
    gaps: usize,
}

impl Said {
    /// Whether this is the better reading of a text.
    fn is_more_than(&self, other: &Said) -> bool {
        if self.things != other.things || other.denials == 0 {
            return (self.things, self.denials) > (other.things, other.denials);
        }
        if self.denials != other.denials || self.closed != other.closed {
            return self.denials == other.denials && self.closed > other.closed;
        }
        self.signs == other.signs && self.gaps < other.gaps
    }
}

/// Whether a denial begins in a text.
fn begins_in(text: &str) -> bool {
    text.contains(BLOCKED) || text.contains(FAILED)
}

/// The next denial from a place on, and where it ends.
fn next(text: &str, from: usize) -> Option<(Denial, usize)> {
    let mut from = from;
    loop {
        let rest = text.get(from..)?;
        let marks = [BLOCKED, FAILED].into_iter();
        let (mark, place) = marks
            .filter_map(|mark| Some((mark, rest.find(mark)?)))
            .min_by_key(|(_, place)| *place)?;
        let after = from + place + mark.len();
        if let Some(found) = denial_at(text, from + place, mark) {
            return Some(found);
        }
        from = after;
    }
}

/// The denial that a mark tells, and where it ends.
fn denial_at(text: &str, place: usize, mark: &str) -> Option<(Denial, usize)> {
    let before = text.get(..place)?.trim_end();
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let start = before.trim_end_matches(is_name).len();
    let rule = before.get(start..)?.to_owned();
    let mut body = place + mark.len();
    let has_prints = mark == BLOCKED && text.get(body..)?.starts_with(':');
    if !has_prints && !rule.ends_with(REQUEST) {
        return None;
    }
    if mark == BLOCKED && !has_prints {
        let rule = Denial {
            rule,
            ..Denial::default()
        };
        return Some((rule, body));
    }
    body += usize::from(has_prints);
    // The quotes around it tell how often it was quoted.
    let around = text.get(..start)?;
    let level = around.ends_with('"').then(|| {
        let around = around.strip_suffix('"').unwrap_or_default();
        around.len() - around.trim_end_matches('\\').len()
    });
    let end = match level {
        Some(slashes) => closing_quote(text, body, slashes),
        None if has_prints => body + text.get(body..)?.find('\n').unwrap_or(text.len() - body),
        None => body + error_end(text.get(body..)?),
    };
    let mut said = text.get(body..end)?.to_owned();
    match level {
        // One backslash before a quote for the second layer, three for the third.
        Some(slashes) => {
            for _ in 0..=(slashes + 1).ilog2() {
                said = unescaped(&said);
            }
        }
        None => said = unescaped(&said),
    }
    let denial = match has_prints {
        true => Denial {
            rule,
            prints: split(&said),
            has_prints,
            error: None,
        },
        false => Denial {
            rule,
            error: Some(failed(&said)),
            ..Denial::default()
        },
    };
    Some((denial, end.max(body)))
}

/// Where an error ends that nothing quotes: the engine's goes over several lines, and what is
/// wrong is on the last.
fn error_end(text: &str) -> usize {
    let mut end = 0;
    for line in text.split_inclusive('\n').take(ERROR_LINES) {
        end += line.len();
        if line.trim_start().starts_with("error: ") {
            return end;
        }
    }
    text.find('\n').unwrap_or(text.len())
}

/// What an agent's error says.
fn failed(said: &str) -> Failed {
    let arrow = format!("--> {FILE}:");
    let line = said.split_once(&arrow).and_then(|(_, place)| {
        let digits = place.split(|char: char| !char.is_ascii_digit()).next()?;
        digits.parse().ok()
    });
    let what = match said.rsplit_once("error: ") {
        Some((_, what)) if line.is_some() => what,
        _ if said.contains("unexpected eval_query result len") => {
            "the policy has no such rule, or the rule has no value for this request"
        }
        _ if said.contains("unexpected eval_query result type") => {
            "the rule gives what is neither a bool nor an object"
        }
        _ => said,
    };
    Failed {
        line,
        what: what.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// Where the quote stands that has this many backslashes before it.
fn closing_quote(text: &str, from: usize, slashes: usize) -> usize {
    let bytes = text.as_bytes();
    let mut run = 0;
    for (place, byte) in bytes.iter().enumerate().skip(from) {
        match byte {
            b'\\' => run += 1,
            // What is quoted may end with backslashes, each of which is twice as many as those.
            b'"' if run % (2 * (slashes + 1)) == slashes => return place - slashes,
            _ => run = 0,
        }
    }
    text.len()
}

/// The text with its escapes read once.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.push(char);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(other @ ('"' | '\\' | '/' | '\'')) => out.push(other),
            Some('u') => match coded(chars.as_str()) {
                Some((char, rest)) => {
                    out.push(char);
                    chars = rest.chars();
                }
                None => out.push_str("\\u"),
            },
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
    out
}

/// The character after `\u`, as JSON and Rust write it, and what comes after that. JSON that
/// may stand in a web page has `<` and `>` so.
fn coded(text: &str) -> Option<(char, &str)> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(text) => text.split_once('}')?,
        None => text.split_at_checked(4)?,
    };
    let char = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    Some((char, rest))
}

/// The prints in what an agent joined by blanks: each begins with a file and a line.
fn split(text: &str) -> Vec<Print> {
    let mut begins: Vec<(Range<usize>, u32)> = Vec::new();
    let mut file: Option<&str> = None;
    let mut place = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let start = place;
        place += word.len();
        let word = word.trim_end();
        let Some((name, line)) = word
            .strip_suffix(':')
            .and_then(|word| word.rsplit_once(':'))
        else {
            continue;
        };
        let Ok(line) = line.parse() else { continue };
        if *file.get_or_insert(name) == name {
            begins.push((start..place, line));
        }
    }
    let ends = begins.iter().skip(1).map(|(at, _)| at.start);
    let ends: Vec<_> = ends.chain([text.len()]).collect();
    let prints = begins.iter().zip(ends).map(|((at, line), end)| Print {
        line: *line,
        text: text.get(at.end..end).unwrap_or_default().trim().to_owned(),
    });
    prints.collect()
}
