//! Texts without what colours them on a terminal, or would have.

/// The ways in which loggers write the character that begins a colour, after backslashes.
const ESCAPES: [&str; 6] = ["u001b", "u001B", "x1b", "x1B", "033", "u{1b}"];

/// A text without the sequences that colour it on a terminal.
pub(super) fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(['\u{1b}', '\u{9b}']) {
        let (before, after) = rest.split_at(place);
        out.push_str(before);
        let after = after
            .strip_prefix("\u{1b}[")
            .or_else(|| after.strip_prefix('\u{9b}'));
        rest = match after {
            Some(sequence) => {
                let end = sequence.find(|char: char| ('@'..='~').contains(&char));
                let end = end.map_or(sequence.len(), |end| end + 1);
                sequence.get(end..).unwrap_or_default()
            }
            None => rest.get(place + '\u{1b}'.len_utf8()..).unwrap_or_default(),
        };
    }
    out.push_str(rest);
    out
}

/// A text without such sequences that a logger wrote out, as in `\u001b[31m` and `#033[31m`.
pub(super) fn without_written_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find(['\\', '#']) {
        let (before, after) = rest.split_at(place);
        out.push_str(before);
        rest = after_colour(after).unwrap_or_else(|| {
            let (char, rest) = after.split_at(1);
            out.push_str(char);
            rest
        });
    }
    out.push_str(rest);
    out
}

/// What comes after a colour that a text begins with.
fn after_colour(text: &str) -> Option<&str> {
    let code = match text.strip_prefix('#') {
        Some(code) => code.strip_prefix("033")?,
        None => {
            let code = text.trim_start_matches('\\');
            let mut escapes = ESCAPES.iter();
            escapes.find_map(|escape| code.strip_prefix(escape))?
        }
    };
    let numbers = code.strip_prefix('[')?;
    let end = numbers.trim_start_matches(|char: char| char.is_ascii_digit() || char == ';');
    end.strip_prefix(|char: char| char.is_ascii_alphabetic())
}
