//! A denial says the same however often it was quoted on its way, whatever a logger did to it, and
//! wherever a terminal broke it.

#![expect(clippy::unwrap_used, reason = "a failed test may panic")]

use agent_policy::explain::denials;
use proptest::prelude::*;

/// What a policy may print. A word with a colon could be taken for the place of a print.
fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec(r#"[a-zA-Z0-9"'\\{}\[\]=<>&/éü]{1,12}"#, 0..6)
        .prop_map(|words| words.join(" "))
}

/// The text as JSON in which the signs of a web page are written out, without the quotes.
fn as_json_of_go(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    let quoted = quoted.replace('<', "\\u003c").replace('>', "\\u003e");
    quoted.replace('&', "\\u0026")
}

fn broken(text: &str, width: usize) -> String {
    let chars: Vec<_> = text.chars().collect();
    let lines = chars
        .chunks(width)
        .map(|line| line.iter().collect::<String>());
    lines.collect::<Vec<_>>().join("\n")
}

/// A text broken at blanks, which are left out, or only where a line is full but without the
/// blanks at its end.
fn wrapped(text: &str, width: usize, by_words: bool) -> String {
    if !by_words {
        let lines = broken(text, width);
        return lines
            .split('\n')
            .map(|line| line.trim_end().to_owned() + "\n")
            .collect();
    }
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let more = word.chars().count() + 1;
        let is_new = out.is_empty() || length + more > width;
        if !out.is_empty() {
            out.push(if is_new { '\n' } else { ' ' });
        }
        out.push_str(word);
        length = if is_new { more - 1 } else { length + more };
    }
    out
}

proptest! {
    #[test]
    fn a_denial_whose_blanks_were_lost_at_breaks_says_as_much(
        prints in proptest::collection::vec((1..200_000_u32, words()), 1..8),
        width in 50..160_usize,
        by_words in any::<bool>(),
    ) {
        let texts = prints.iter().map(|(line, text)| format!("agent_policy:{line}: {text}"));
        let said = texts.collect::<Vec<_>>().join(" ");
        let said = format!("desc = {:?}: unknown", format!("CreateContainerRequest is blocked by policy: {said}"));
        let said = wrapped(&said, width, by_words);
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        let found = denials(&said);
        prop_assert_eq!(found.len(), 1, "{}", said);
        let found: Vec<_> = found[0].prints.iter().map(|it| (it.line, bare(&it.text))).collect();
        let prints: Vec<_> = prints.iter().map(|(line, text)| (*line, bare(text))).collect();
        prop_assert_eq!(found, prints, "{}", said);
    }

    #[test]
    fn a_denial_says_the_same(
        prints in proptest::collection::vec((1..200_000_u32, words()), 0..8),
        layers in 1..5_usize,
        is_of_go in any::<bool>(),
        is_coloured in any::<bool>(),
        width in proptest::option::of(50..200_usize),
        indent in proptest::option::of(2..10_usize),
        // Lines of Windows.
        has_returns in any::<bool>(),
    ) {
        let mut said = "CreateContainerRequest is blocked by policy: ".to_owned();
        let texts = prints.iter().map(|(line, text)| format!("agent_policy:{line}: {text}"));
        said += &texts.collect::<Vec<_>>().join(" ");
        for _ in 0..layers {
            let quoted = match is_of_go {
                true => as_json_of_go(&said),
                false => format!("{said:?}"),
            };
            said = format!("rpc error: code = PermissionDenied desc = {quoted}: unknown");
        }
        if let Some(width) = width {
            // Something else shows how wide the terminal is.
            let wide = "-".repeat(width);
            said = format!("{wide}\n\n{wide}\n\n{}", broken(&said, width));
            // Who pastes it may indent it.
            let blanks = " ".repeat(indent.unwrap_or_default());
            said = said.lines().map(|line| format!("{blanks}{line}\n")).collect();
        }
        if has_returns {
            said = said.replace('\n', "\r\n");
        }
        // Colours take no room on a line.
        if is_coloured {
            said = said.replace(" agent_policy:", " \u{1b}[1;31magent_policy:");
        }
        let found = denials(&said);
        prop_assert_eq!(found.len(), 1, "{}", said);
        let found: Vec<_> = found[0].prints.iter().map(|it| (it.line, it.text.clone())).collect();
        prop_assert_eq!(found, prints, "{}", said);
    }
}
