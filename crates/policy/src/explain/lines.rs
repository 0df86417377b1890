//! Lines as they were before a terminal broke them, or a log put something before each.

use std::collections::{BTreeSet, HashMap};

use super::{begins_in, next};
use crate::agent::BLOCKED;

/// The narrowest terminal, in characters: shorter lines were not broken by one.
const NARROWEST: usize = 40;
/// How many indents are tried.
const MAX_INDENTS: usize = 8;
/// The longest text that a log puts before each line, in bytes.
const LONGEST_PREFIX: usize = 160;

/// A text without what a journal puts before each of its lines, as `Dec 01 02:00:00 node kata[3]: `.
pub(super) fn without_prefixes(text: &str) -> String {
    let mut said = text.lines().filter(|line| !line.trim().is_empty());
    if !said.all(|line| after_prefix(line).is_some()) {
        return text.to_owned();
    }
    let lines = text.lines().map(|line| after_prefix(line).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// What comes after the time, the host, the program and its process.
fn after_prefix(line: &str) -> Option<&str> {
    let (prefix, rest) = line.split_once("]: ")?;
    let (before, process) = prefix.rsplit_once('[')?;
    let is_number = !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit());
    let is_prefix = prefix.len() <= LONGEST_PREFIX && !prefix.contains('"') && !begins_in(prefix);
    let words = before.split_whitespace().count();
    (is_number && is_prefix && words >= 3 && !before.ends_with(' ')).then_some(rest)
}

/// A text whose lines are whole again that a container's runtime wrote in parts, as it does with
/// long ones: before each part stand its time, its stream, and whether more comes (`P`) or it is
/// the last one (`F`). None where there are none.
pub(super) fn whole_lines(text: &str) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    // Where the line is of which more comes, by its stream.
    let mut open: HashMap<&str, usize> = HashMap::new();
    let mut is_joined = false;
    for line in text.split('\n') {
        let part = part_of_line(line);
        let begun = part.as_ref().and_then(|part| open.remove(part.stream));
        let place = begun.unwrap_or(lines.len());
        match (lines.get_mut(place), &part) {
            (Some(begun), Some(part)) => {
                begun.push_str(part.text);
                is_joined = true;
            }
            _ => lines.push(line.to_owned()),
        }
        if let Some(part) = part.filter(|part| !part.is_last) {
            open.insert(part.stream, place);
        }
    }
    is_joined.then(|| lines.join("\n"))
}

/// A line, or a part of one, as a container's runtime writes it.
struct LinePart<'a> {
    stream: &'a str,
    is_last: bool,
    text: &'a str,
}

fn part_of_line(line: &str) -> Option<LinePart<'_>> {
    let (time, rest) = line.split_once(' ')?;
    let (stream, rest) = rest.split_once(' ')?;
    let (tag, text) = rest.split_once(' ')?;
    let is_time = time.starts_with(|char: char| char.is_ascii_digit()) && time.contains('T');
    let is_last = match tag {
        "F" => true,
        "P" => false,
        _ => return None,
    };
    let is_part = is_time && ["stdout", "stderr"].contains(&stream);
    is_part.then_some(LinePart {
        stream,
        is_last,
        text,
    })
}

/// How far a line is indented, in blanks.
fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A text without what all of its lines are indented by.
pub(super) fn without_common_indent(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let common = lines.map(indent_of).min().unwrap_or_default();
    // One blank may be that between two words.
    without_indent(text, if common > 1 { common } else { 0 })
}

/// How far lines are indented, in blanks; not all where they differ much.
pub(super) fn indents(text: &str) -> BTreeSet<usize> {
    let mut indents = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        indents.insert(indent_of(line));
        if indents.len() > MAX_INDENTS {
            break;
        }
    }
    indents.split_off(&2)
}

/// A text whose lines are indented that much less, if they are.
pub(super) fn without_indent(text: &str, indent: usize) -> String {
    let lines = text
        .split('\n')
        .map(|line| line.get(indent_of(line).min(indent)..).unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// A text as it may have been before its lines were broken, in each way that they are: where a
/// line is full, likewise with the blanks at the ends of lines left out, and at blanks that are
/// left out.
pub(super) fn unbroken(text: &str) -> [String; 3] {
    let width = text.split('\n').map(length).max().unwrap_or_default();
    if width < NARROWEST {
        return [text.to_owned(), String::new(), String::new()];
    }
    let full = |line: &str| (length(line) == width).then_some("");
    let stripped = |line: &str| match width - length(line) {
        0 => Some(""),
        1 => Some(" "),
        _ => None,
    };
    let at_words = joined(text, |_| Some(" "));
    let anywhere = match is_broken(text, width) {
        true => joined(text, full),
        false => text.to_owned(),
    };
    let stripped = joined(text, stripped);
    // Of two that read as much, the first is taken.
    match is_broken_at_words(text, width) {
        true => [at_words, anywhere, stripped],
        false => [anywhere, stripped, at_words],
    }
}

/// Whether each line has as many words as there is room for, and not all are full. The first one
/// may be shorter, as it has no indent that was taken from the others.
fn is_broken_at_words(text: &str, width: usize) -> bool {
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let has_no_room = |(line, next): (&&str, &&str)| {
        let word = next.split_whitespace().next().unwrap_or_default();
        length(line) + 1 + length(word) > width
    };
    let between = lines
        .split_last()
        .map_or([].as_slice(), |(_, before)| before);
    let mut between = between.iter().skip(1);
    lines.iter().zip(lines.iter().skip(1)).all(has_no_room)
        && between.any(|line| length(line) + 1 < width)
}

fn length(line: &str) -> usize {
    line.chars().count()
}

/// Whether a terminal broke lines: several are as long as the longest, or the longest is a part
/// of a denial that the next one goes on with.
fn is_broken(text: &str, width: usize) -> bool {
    let mut full = text.split('\n').skip_while(|line| length(line) < width);
    let longest = full.next().unwrap_or_default();
    let next = full.clone().next().unwrap_or_default();
    full.any(|line| length(line) == width) || {
        let others = text.lines().filter(|line| !line.trim().is_empty());
        goes_on(longest, next, others.count() == 2)
    }
}

/// A text with something else than a break behind the lines for which `between` gives that.
fn joined(text: &str, between: impl Fn(&str) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before: Option<&str> = None;
    for line in text.split('\n') {
        if let Some(before) = before {
            // Two denials are two lines of a log, as long by chance.
            let are_two = begins_in(before) && begins_in(line);
            out.push_str(between(before).filter(|_| !are_two).unwrap_or("\n"));
        }
        out.push_str(line);
        before = Some(line);
    }
    out
}

/// Whether a line ends within a denial that the next line ends. If they are `alone` in what was
/// pasted, whatever comes is of the denial.
fn goes_on(line: &str, next_line: &str, alone: bool) -> bool {
    let joined = format!("{line}{next_line}");
    let prints = |text: &str| next(text, 0).map(|(denial, _)| denial.prints.len());
    match (prints(line), prints(&joined)) {
        (Some(of_line), Some(of_both)) => {
            let are_two = begins_in(next_line);
            !are_two && (of_both > of_line || alone || ends_in_quotes(line))
        }
        // The break is in the words that tell a denial.
        (None, both) => both.is_some() && !begins_in(next_line),
        (Some(_), None) => false,
    }
}

/// Whether the quotes around a line's first denial are still open at its end.
fn ends_in_quotes(line: &str) -> bool {
    let before = line.split_once(BLOCKED).map_or("", |(before, _)| before);
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let is_quoted = before.trim_end().trim_end_matches(is_name).ends_with('"');
    is_quoted && next(line, 0).is_some_and(|(_, end)| end == line.len())
}
