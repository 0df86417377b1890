//! A denial as people have it, in an event or a log, and what it says: an agent puts all that
//! its policy printed on one line, which every layer above it quotes once more.

use std::ops::Range;

use serde::Serialize;

/// What tells a denial.
const BLOCKED: &str = "is blocked by policy:";
/// The narrowest terminal, in characters: shorter lines were not broken by one.
const NARROWEST: usize = 40;
/// The ways in which loggers write the character that begins a colour, after backslashes.
const ESCAPES: [&str; 6] = ["u001b", "u001B", "x1b", "x1B", "033", "u{1b}"];

/// A denial, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// The rule that denied.
    pub rule: String,
    /// What the policy printed, in its order.
    pub prints: Vec<Print>,
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
    let text = without_written_colours(&unbroken(&without_colours(text)));
    let mut found = Vec::new();
    let mut from = 0;
    while let Some((denial, end)) = next(&text, from) {
        if !found.contains(&denial) {
            found.push(denial);
        }
        from = end;
    }
    found
}

/// The next denial from a place on, and where it ends.
fn next(text: &str, from: usize) -> Option<(Denial, usize)> {
    let blocked = from + text.get(from..)?.find(BLOCKED)?;
    let before = text.get(..blocked)?.trim_end();
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let start = before.trim_end_matches(is_name).len();
    let rule = before.get(start..)?.to_owned();
    let body = blocked + BLOCKED.len();
    // The quotes around it tell how often it was quoted.
    let around = text.get(..start)?;
    let level = around.ends_with('"').then(|| {
        let around = around.get(..start - 1).unwrap_or_default();
        around.len() - around.trim_end_matches('\\').len()
    });
    let end = match level {
        Some(slashes) => closing_quote(text, body, slashes),
        None => body + text.get(body..)?.find('\n').unwrap_or(text.len() - body),
    };
    let mut prints = text.get(body..end)?.to_owned();
    match level {
        // One backslash before a quote for the second layer, three for the third.
        Some(slashes) => {
            for _ in 0..=(slashes + 1).ilog2() {
                prints = unescaped(&prints);
            }
        }
        None => prints = unescaped(&prints),
    }
    Some((
        Denial {
            rule,
            prints: split(&prints),
        },
        end.max(body),
    ))
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

/// A text without the sequences that colour it on a terminal.
fn without_colours(text: &str) -> String {
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

/// A text without the line breaks that a terminal put into it, which it does where a line is
/// full. It is from one if several lines are as long as the longest, or if the longest is a part
/// of a denial that the next one goes on with.
fn unbroken(text: &str) -> String {
    let length = |line: &str| line.chars().count();
    let width = text.split('\n').map(length).max().unwrap_or_default();
    if width < NARROWEST {
        return text.to_owned();
    }
    let mut full = text.split('\n').skip_while(|line| length(line) < width);
    let longest = full.next().unwrap_or_default();
    let next = full.clone().next().unwrap_or_default();
    let is_broken = full.any(|line| length(line) == width) || {
        let others = text.lines().filter(|line| !line.trim().is_empty());
        goes_on(longest, next, others.count() == 2)
    };
    if !is_broken {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut before: Option<&str> = None;
    for line in text.split('\n') {
        if let Some(before) = before {
            // Two denials are two lines of a log, as long by chance.
            let are_two = before.contains(BLOCKED) && line.contains(BLOCKED);
            if length(before) < width || are_two {
                out.push('\n');
            }
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
            let are_two = next_line.contains(BLOCKED);
            !are_two && (of_both > of_line || alone || ends_in_quotes(line))
        }
        // The break is in the words that tell a denial.
        (None, both) => both.is_some() && !next_line.contains(BLOCKED),
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

/// A text without such sequences that a logger wrote out, as in `\u001b[31m` and `#033[31m`.
fn without_written_colours(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn print(line: u32, text: &str) -> Print {
        Print {
            line,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_denial_is_read_however_often_it_was_quoted() {
        let expected = [Denial {
            rule: "ExecProcessRequest".to_owned(),
            prints: vec![
                print(12, "ExecProcessRequest: input = {\"a\":\"b c\"}"),
                print(30, "f: x\\d\ny: true"),
            ],
        }];
        let said = "ExecProcessRequest is blocked by policy: agent_policy:12: ExecProcessRequest: \
                    input = {\"a\":\"b c\"} agent_policy:30: f: x\\d\ny: true";
        let once = format!("{said:?}");
        let twice = format!("rpc error: code = PermissionDenied desc = {once}: unknown");
        let event = format!(
            "  Warning  Failed  2s  kubelet  Error: {:?} and more",
            twice
        );
        let log = format!("\u{1b}[31mERRO\u{1b}[0m[0001] failed error={event:?} name=x");
        for text in [&once, &twice, &event, &log] {
            assert_eq!(denials(text), expected, "{text}");
        }
        assert_eq!(denials(&format!("{event}\n{event}")), expected);
    }

    #[test]
    fn colours_and_signs_are_read_that_a_logger_wrote_out() {
        let said = r"R is blocked by policy: p:1: a \u003cundefined\u003e p:2: b";
        let expected = [print(1, "a <undefined>"), print(2, "b")];
        for escape in [r"\u001b", r"\x1b", r"\\u001b", "#033", r"\u{1b}", "\u{1b}"] {
            let coloured = said.replace(" p:", &format!(" {escape}[1;31mp:"));
            let found = denials(&coloured.replace("a ", &format!("a{escape}[0m ")));
            assert_eq!(found[0].prints, expected, "{coloured}");
        }
        let odd = r"\d \u12 \uzzzz #033 \u{}";
        let kept = denials(&format!("R is blocked by policy: p:1: {odd}"));
        assert_eq!(kept[0].prints, [print(1, odd)]);
    }

    #[test]
    fn lines_that_a_terminal_broke_are_joined() {
        let said = "ExecProcessRequest is blocked by policy: agent_policy:12: a b c \
                    agent_policy:30: said something that is long agent_policy:31: last";
        let expected = [
            print(12, "a b c"),
            print(30, "said something that is long"),
            print(31, "last"),
        ];
        let broken = |text: &str| {
            let chars: Vec<_> = text.chars().collect();
            let lines = chars.chunks(50).map(|line| line.iter().collect::<String>());
            lines.collect::<Vec<_>>().join("\n")
        };
        for text in [
            format!("{}\nanother line\n", broken(said)),
            format!(
                "an event:\n{}\n",
                broken(&format!("Failed: {said:?}: unknown"))
            ),
        ] {
            assert_eq!(denials(&text)[0].prints, expected, "{text}");
        }
        // Broken once: only one line is full.
        let quoted = format!("Failed: desc = {said:?}: unknown");
        for width in [85, 90, 105, 120] {
            for text in [said.to_owned(), quoted.clone()] {
                let (one, two) = text.split_at(width);
                assert_eq!(
                    denials(&format!("{one}\n{two}\n"))[0].prints,
                    expected,
                    "{width} {text}"
                );
            }
        }
        let (one, two) = quoted.split_at(105);
        let among_others = format!("Events:\n{one}\n{two}\nthe next line\n");
        assert_eq!(denials(&among_others)[0].prints, expected);
        let short = format!("{said}\nthe next line\nand another\n");
        assert_eq!(denials(&short)[0].prints, expected);
        // Of a log, each line is for itself.
        let line = |number: u32| {
            let text = "of this it says more than there is room for in a narrow window";
            format!("ListRoutesRequest is blocked by policy: p:{number}: {text}")
        };
        let log = format!("{}\n{}\nanother line\n", line(1), line(2));
        let found = denials(&log);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().all(|denial| denial.prints.len() == 1),
            "{found:?}"
        );
    }

    #[test]
    fn a_denial_may_be_bare_or_cut_off() {
        let bare = "CopyFileRequest is blocked by policy: ";
        assert_eq!(
            denials(bare),
            [Denial {
                rule: "CopyFileRequest".to_owned(),
                prints: Vec::new()
            }]
        );
        let cut = "desc = \"R is blocked by policy: /etc/p.rego:3: a /etc/p.rego:4: b \\\"c";
        assert_eq!(denials(cut)[0].prints, [print(3, "a"), print(4, "b \"c")]);
        assert!(denials("nothing of the kind").is_empty());
    }
}
