//! Candidates as each shell's script takes them, one per line. What a shell
//! replaces, and what it adds on its own (quotes, spaces), is known here.

use super::arguments::Found;
use super::line::{Line, Quote, close, quoted};
use crate::complete::Candidate;

/// Before the text on what a candidate is, where a list shows it.
const GAP: &str = "  -- ";

/// For bash: what replaces the part of the word that readline would replace,
/// spaces and all. Where the candidates are only `listing`ed, what they are.
pub(super) fn bash(line: &Line<'_>, found: &Found, word_breaks: &str, listing: bool) -> String {
    let from = readline_start(line, word_breaks);
    let mut texts = Vec::new();
    for candidate in &found.candidates {
        // What stands before readline's part cannot be changed.
        let typed = typed_in(line, found, candidate);
        let before = line.text.get(..from).unwrap_or_default();
        if let Some(text) = typed.strip_prefix(before) {
            texts.push((text.to_owned(), candidate));
        }
    }
    match &texts[..] {
        [(text, candidate)] if stays_open(line, found, candidate) => format!("{text}\n"),
        // Readline closes an open quote after the only candidate.
        [(text, _)] => match line.open() {
            Quote::None => format!("{text}\n"),
            quote => format!("{}\n", text.trim_end_matches(close(quote))),
        },
        texts if listing => texts
            .iter()
            .map(|(_, candidate)| format!("{}\n", shown(candidate)))
            .collect(),
        texts => texts
            .iter()
            .map(|(text, _)| format!("{}\n", text.trim_end_matches(' ')))
            .collect(),
    }
}

/// For zsh: the whole word as it is on the line, a tab, and what is shown.
pub(super) fn zsh(line: &Line<'_>, found: &Found) -> String {
    let start = line.start;
    let mut reply = String::new();
    for candidate in &found.candidates {
        let typed = typed_in(line, found, candidate);
        let word = typed.get(start..).unwrap_or_default();
        reply.push_str(&format!("{word}\t{}\n", shown(candidate)));
    }
    reply
}

/// For fish: the whole word without quotes, a tab, and what it is. Fish puts
/// quotes on its own.
pub(super) fn fish(line: &Line<'_>, found: &Found) -> String {
    let before = line.word.get(..found.start).unwrap_or_default();
    let typed = line.word.get(found.start..).unwrap_or_default();
    let text = |it: &Candidate| match it.text.split_at_checked(typed.len()) {
        // Fish drops an open quote when it changes the case of what is typed, and
        // names are taken in any case.
        Some((begin, rest)) if line.open() != Quote::None && begin.eq_ignore_ascii_case(typed) => {
            format!("{before}{typed}{rest}")
        }
        _ => format!("{before}{}", it.text),
    };
    let row = |it: &Candidate| format!("{}\t{}\n", text(it), it.doc);
    found.candidates.iter().map(row).collect()
}

/// Whether the word goes on after the candidate.
pub(super) fn stays_open(line: &Line<'_>, found: &Found, candidate: &Candidate) -> bool {
    candidate.continues || (found.command_start.is_some() && line.open() != Quote::None)
}

/// The line with the candidate typed in, up to the cursor that is then.
pub(super) fn typed_in(line: &Line<'_>, found: &Found, candidate: &Candidate) -> String {
    let place = line.place(found.start);
    let mut text = line.text.get(..place.offset).unwrap_or_default().to_owned();
    text.push_str(&quoted(&candidate.text, place.quote, line.shell));
    if !stays_open(line, found, candidate) {
        text.push_str(close(place.quote));
    }
    text
}

fn shown(candidate: &Candidate) -> String {
    match candidate.doc.is_empty() {
        true => candidate.text.clone(),
        false => format!("{}{GAP}{}", candidate.text, candidate.doc),
    }
}

/// Where the part begins that readline replaces: after a quote that is open, or
/// else after the last word break that nothing quotes.
fn readline_start(line: &Line<'_>, word_breaks: &str) -> usize {
    if let Some(start) = line.open_from {
        return start;
    }
    let mut characters = line.text.char_indices().rev();
    let is_break = |(offset, character): &(usize, char)| {
        word_breaks.contains(*character) && !line.quoted.get(*offset).unwrap_or(&true)
    };
    characters
        .find(is_break)
        .map_or(0, |(offset, _)| offset + 1)
}

#[cfg(test)]
mod tests {
    use super::super::{arguments, line};
    use super::*;
    use crate::cli::Shell;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    fn reply(shell: Shell, typed: &str) -> String {
        let text = format!("kata-agent-ctl {typed}");
        let line = line::read(&text, shell);
        let found = super::super::found(crate::schema(), &line);
        match shell {
            Shell::Bash => bash(&line, &found, BREAKS, false),
            Shell::Zsh => zsh(&line, &found),
            Shell::Fish => fish(&line, &found),
        }
    }

    #[test]
    fn bash_gets_what_follows_the_last_word_break() {
        for (typed, expected) in [
            ("connect --server-address sim:/", "// \n"),
            (
                "connect -c 'Check serv",
                "Check service=\nCheck service=@\n",
            ),
            ("connect -c Check\\ service", "Check\\ service=\n"),
            ("connect -n ", "true\nfalse\n"),
            ("connect -c X", ""),
        ] {
            assert_eq!(reply(Shell::Bash, typed), expected, "{typed}");
        }
    }

    #[test]
    fn bash_gets_docs_only_where_it_lists() {
        let line = line::read("kata-agent-ctl -l ", Shell::Bash);
        let found = arguments::complete(crate::schema(), &line);
        let listed = bash(&line, &found, BREAKS, true);
        assert!(
            listed.contains("warn  -- Warnings of what may be a mistake\n"),
            "{listed}"
        );
        // The only candidate is typed in even then.
        let line = line::read("kata-agent-ctl -l w", Shell::Bash);
        let found = arguments::complete(crate::schema(), &line);
        assert_eq!(bash(&line, &found, BREAKS, true), "warn \n");
    }

    #[test]
    fn fish_gets_the_word_without_quotes() {
        // In a quote what was typed keeps its case, and what may follow keeps it open.
        let lines = reply(Shell::Fish, "connect -c 'vers");
        let texts: Vec<_> = lines
            .lines()
            .filter_map(|it| it.split('\t').next())
            .collect();
        let expected = [
            "version",
            "version service=",
            "version json://",
            "version file://",
        ];
        assert_eq!(texts, expected);
        let lines = reply(Shell::Fish, "connect -c vers");
        assert!(lines.starts_with("Version\t"), "{lines}");
    }
}
