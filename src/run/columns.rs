//! Tables as text.

use std::fmt::Write as _;

use crate::text::escape;

/// Rows of cells, each column as wide as its widest cell. What a terminal would act on in a
/// cell is escaped.
pub(super) fn in_columns<const N: usize>(rows: Vec<[String; N]>) -> String {
    let rows: Vec<_> = rows
        .into_iter()
        .map(|row| row.map(|cell| escape::line(&cell).into_owned()))
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
