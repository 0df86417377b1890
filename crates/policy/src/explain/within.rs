//! Texts taken out of what they stand in: a YAML document, or a table.

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::begins_in;

/// What stands between the columns of a table.
const BARS: [char; 3] = ['|', '│', '┃'];

/// The texts of a YAML document that stand in single quotes and have a denial in them, as an event
/// has one where it is shown as YAML: folded over lines, and with each quote in it twice.
pub(super) fn in_yaml(text: &str) -> Option<String> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    // What comes before a mistake is good: not all of a document may have been copied.
    for (event, _) in Parser::new_from_str(text).map_while(Result::ok) {
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::Scalar(value, ScalarStyle::SingleQuoted, ..) if depth > 0 => {
                found.extend(begins_in(&value).then(|| value.into_owned()));
            }
            _ => {}
        }
    }
    (!found.is_empty()).then(|| found.join("\n"))
}

/// The columns of a table, if there is one: what is too long for its cell goes on below. Each once
/// with the blanks that fill its cells, as a text may have been broken at one, and once without.
pub(super) fn in_table(text: &str) -> Vec<String> {
    let rows = text.lines().filter_map(row);
    let rows: Vec<Vec<char>> = rows.map(|row| row.chars().collect()).collect();
    let Some(first) = rows.first() else {
        return Vec::new();
    };
    // A bar that only one row has there may be a part of what it says.
    let is_bar = |place: &usize| {
        let is_bar = |row: &Vec<char>| row.get(*place).is_some_and(|char| BARS.contains(char));
        rows.len() > 1 && rows.iter().all(is_bar)
    };
    let mut bars: Vec<usize> = (0..first.len()).filter(is_bar).collect();
    bars.insert(0, 0);
    bars.push(usize::MAX);
    bars.dedup();
    let mut texts = Vec::new();
    for column in bars.windows(2) {
        let [begin, end] = column else { continue };
        let cells = rows.iter().map(|row| {
            let end = (*end).min(row.len() - 1);
            let cell: String = row.get(begin + 1..end).unwrap_or_default().iter().collect();
            let cell = cell.strip_prefix(' ').unwrap_or(&cell);
            cell.strip_suffix(' ').unwrap_or(cell).to_owned()
        });
        let cells: Vec<_> = cells.collect();
        let trimmed: Vec<_> = cells.iter().map(|cell| cell.trim_end()).collect();
        texts.extend([cells.join("\n"), trimmed.join("\n")]);
    }
    texts
}

/// A row of a table, from its first bar to its last; none for a line between rows.
fn row(line: &str) -> Option<&str> {
    let line = line.trim();
    let is_row = line.chars().count() > 1 && line.starts_with(BARS) && line.ends_with(BARS);
    (is_row && line.contains(char::is_alphanumeric)).then_some(line)
}
