//! What regular expressions permit: texts that stand for all that one matches.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// Longer patterns are not looked at, in bytes.
const MAX_PATTERN: usize = 1024;
/// The longest text that is made of one, in bytes.
const MAX_TEXT: usize = 256;
/// How many texts are made of one.
const MAX_TEXTS: usize = 32;
/// Which character stands for a range of them, the first that is in it.
const CHARS: [char; 9] = ['a', '0', 'A', '-', '_', '.', '/', ':', ' '];
/// What hardly stands in a text that is not a pattern.
const SIGNS: [char; 10] = ['^', '$', '*', '+', '?', '|', '(', ')', '[', '\\'];

/// Whether a text looks like a pattern.
pub(crate) fn is_likely(text: &str) -> bool {
    text.contains(SIGNS)
}

/// Texts that a pattern matches as a whole: one that is as short as possible, and for each choice
/// that the pattern leaves others in which only that one is made otherwise. None if it matches
/// nothing but itself.
pub(crate) fn examples(pattern: &str) -> Vec<String> {
    if pattern.len() > MAX_PATTERN {
        return Vec::new();
    }
    let mut texts = regex_syntax::parse(pattern).map_or_else(|_| Vec::new(), |hir| texts(&hir));
    texts.retain(|text| text != pattern);
    texts
}

fn texts(hir: &Hir) -> Vec<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).into_iter().collect(),
        HirKind::Class(class) => chars(class).into_iter().map(String::from).collect(),
        HirKind::Capture(group) => texts(&group.sub),
        HirKind::Repetition(repetition) => repeated(repetition),
        HirKind::Alternation(others) => others.iter().flat_map(texts).take(MAX_TEXTS).collect(),
        HirKind::Concat(parts) => concatenated(&parts.iter().map(texts).collect::<Vec<_>>()),
    }
}

/// As often as it has to be there, and once more, but for one character: more of those are no
/// other text for who looks for holes.
fn repeated(repetition: &Repetition) -> Vec<String> {
    let each = texts(&repetition.sub);
    let min = usize::try_from(repetition.min).unwrap_or(usize::MAX);
    let is_char = min > 0 && matches!(repetition.sub.kind(), HirKind::Class(_));
    let may_be_more = !is_char && repetition.max.is_none_or(|max| max > repetition.min);
    let times = |text: &String, times: usize| {
        let is_short = text.len().saturating_mul(times) <= MAX_TEXT;
        is_short.then(|| text.repeat(times))
    };
    let fewest = each.first().and_then(|first| times(first, min));
    let more = each.first().filter(|_| may_be_more);
    let more = more.and_then(|first| times(first, min + 1));
    let others = each.iter().skip(1).filter(|_| min > 0 || may_be_more);
    let others = others.filter_map(|other| times(other, min.max(1)));
    let all = fewest.into_iter().chain(more).chain(others);
    all.take(MAX_TEXTS).collect()
}

/// The first text of each part, and then another one of one part alone.
fn concatenated(parts: &[Vec<String>]) -> Vec<String> {
    let Some(firsts) = parts
        .iter()
        .map(|part| part.first().map(String::as_str))
        .collect::<Option<Vec<_>>>()
    else {
        return Vec::new();
    };
    let others = parts.iter().enumerate().flat_map(|(place, part)| {
        let (before, after) = firsts.split_at(place);
        let after = after.get(1..).unwrap_or_default();
        let others = part.iter().skip(1);
        others.map(move |other| [&before.concat(), other.as_str(), &after.concat()].concat())
    });
    let all = [firsts.concat()].into_iter().chain(others);
    let short = all.filter(|text| text.len() <= MAX_TEXT);
    short.take(MAX_TEXTS).collect()
}

/// One character for each of the first ranges, those that are easy to read first.
fn chars(class: &Class) -> Vec<char> {
    let class = match class {
        Class::Unicode(class) => Some(class.clone()),
        Class::Bytes(class) => class.to_unicode_class(),
    };
    let ranges = class.iter().flat_map(|class| class.ranges());
    let mut chars: Vec<_> = ranges
        .take(CHARS.len())
        .map(|range| {
            let is_in = |char: &&char| (range.start()..=range.end()).contains(*char);
            let plain = CHARS.iter().find(is_in).copied();
            plain.unwrap_or_else(|| range.start())
        })
        .collect();
    let place = |char: &char| CHARS.iter().position(|each| each == char);
    chars.sort_by_key(|char| (place(char).unwrap_or(CHARS.len()), char.is_control()));
    chars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_that_a_pattern_leaves_has_an_example() {
        for (pattern, expected) in [
            ("^(e|debug-[a-z]{3})$", ["e", "debug-aaa"].as_slice()),
            ("^web(-[0-9]+)?$", &["web", "web-0"]),
            ("^(ab){2,}$", &["abab", "ababab"]),
            ("^a[-_.]b$", &["a-b", "a_b"]),
            ("^x[^/]y$", &["xay", "x-y"]),
            ("^(?:[0-9a-f]{2})$", &["aa", "00"]),
            ("a.c", &["aac"]),
            ("a\\.c", &["a.c"]),
            ("^only$", &["only"]),
        ] {
            let found = examples(pattern);
            let found: Vec<_> = found.iter().map(String::as_str).collect();
            assert!(found.starts_with(expected), "{pattern}: {found:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_or_too_large_has_none() {
        for none in ["web", "(", "[", "[^\\x00-\\x{10FFFF}]", "(a{1000}){1000}"] {
            assert_eq!(examples(none), [""; 0], "{none}");
        }
        assert_eq!(examples(&"a?".repeat(600)), [""; 0]);
        let many: Vec<_> = (0..100).map(|number| format!("v{number}")).collect();
        assert_eq!(
            examples(&format!("^({})$", many.join("|"))).len(),
            MAX_TEXTS
        );
        let nested = format!("^{}a{}$", "(".repeat(100), "|b)".repeat(100));
        assert_eq!(examples(&nested).first().map(String::as_str), Some("a"));
        assert!(examples(&"(a|b)".repeat(150)).len() <= MAX_TEXTS);
    }
}
