//! Text in lines of a readable width, and in columns.

/// How wide text is set, in characters, its indent included.
const WIDTH: usize = 80;

/// However deep the indent, a line has room for this many characters.
const LEAST_WIDTH: usize = 24;

/// Appends a comment's text, each line begun with `indent` spaces: paragraphs
/// and the items of lists are filled, blank lines between them are kept.
pub(super) fn paragraphs(out: &mut String, indent: usize, text: &str) {
    let mut filled: Vec<&str> = Vec::new();
    for line in text.lines() {
        let begins_item = line.trim_start().starts_with(['-', '*']);
        if line.trim().is_empty() || begins_item {
            fill(out, indent, &filled);
            filled.clear();
        }
        if line.trim().is_empty() {
            out.push('\n');
        }
        filled.extend(line.split_whitespace());
    }
    fill(out, indent, &filled);
}

/// A line that is no wider than text is set, cut at a word where it is longer.
pub(super) fn fitted(line: &str) -> String {
    const MARK: &str = " ...";
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let start: String = line.chars().take(WIDTH - MARK.len() + 1).collect();
    let end = start.trim_end().rfind(' ').unwrap_or(start.len());
    let words = start
        .get(..end)
        .unwrap_or(&start)
        .trim_end_matches([' ', ',', ';', ':']);
    format!("{words}{MARK}")
}

fn fill(out: &mut String, indent: usize, words: &[&str]) {
    let width = WIDTH.saturating_sub(indent).max(LEAST_WIDTH);
    let mut used = 0;
    for word in words {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            out.push('\n');
            used = 0;
        }
        if used == 0 {
            out.extend(std::iter::repeat_n(' ', indent));
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    if used > 0 {
        out.push('\n');
    }
}

/// Rows of cells, each column as wide as its widest cell, begun with `indent`
/// spaces and parted by two. No line ends in spaces.
pub(super) fn columns(indent: usize, rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let padded = cells.map(|(cell, width)| format!("{cell:<width$}"));
        let text = padded.collect::<Vec<_>>().join("  ");
        format!("{:indent$}{}", "", text.trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_filled_and_kept_apart() {
        let mut out = String::new();
        let long = "word ".repeat(20);
        paragraphs(&mut out, 4, &format!("one\n two\n\n{long}\n- a\n  b\n- c"));
        let words = |count: usize| vec!["word"; count].join(" ");
        assert_eq!(
            out,
            format!(
                "    one two\n\n    {}\n    {}\n    - a b\n    - c\n",
                words(15),
                words(5)
            )
        );
    }

    #[test]
    fn nothing_is_cut() {
        let mut out = String::new();
        paragraphs(&mut out, 70, &"x".repeat(100));
        assert_eq!(out, format!("{}{}\n", " ".repeat(70), "x".repeat(100)));
        out.clear();
        paragraphs(&mut out, 2, "");
        assert_eq!(out, "");
    }

    #[test]
    fn cells_stand_in_columns() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect();
        assert_eq!(
            columns(
                1,
                &[
                    row(&["a", "é", "c"]),
                    row(&["bbb", "xx"]),
                    row(&["c", "", ""])
                ]
            ),
            [" a    é   c", " bbb  xx", " c"]
        );
        assert_eq!(columns(1, &[]), [""; 0]);
    }
}
