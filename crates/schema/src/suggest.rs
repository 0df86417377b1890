//! The names nearest to one that matched nothing, and lists of names in sentences.

use agent_text::excerpt::Excerpt;

/// How many names are suggested at most.
const SUGGESTED: usize = 3;

/// Longer names are not compared: they are not a misspelling of anything, and
/// comparing them would take long.
const COMPARED: usize = 100;

/// At most three names that a user who wrote `name` may have meant, the nearest
/// first: a few letters off, or with all of `name` inside them. Of each pair in
/// `names` the first is compared, and the second is what is suggested.
pub fn nearest<'a>(name: &str, names: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    if name.is_empty() || name.len() > COMPARED {
        return Vec::new();
    }
    let wanted = name.to_ascii_lowercase();
    let mut found: Vec<(usize, &str)> = names
        .filter_map(|(compared, suggested)| {
            let lower = compared.to_ascii_lowercase();
            let distance = strsim::osa_distance(&wanted, &lower);
            let shorter = wanted.chars().count().min(lower.chars().count());
            // One letter off is another name where there are only two.
            let allowed = if shorter < 3 { 0 } else { 1 + shorter / 4 };
            let within = wanted.len() >= 3 && lower.contains(&wanted);
            (distance <= allowed || within).then_some((distance, suggested))
        })
        .collect();
    let mut near: Vec<String> = Vec::new();
    while near.len() < SUGGESTED
        && let Some(&(_, nearest)) = found.iter().min_by_key(|(distance, _)| *distance)
    {
        near.push(nearest.to_owned());
        found.retain(|(_, suggested)| *suggested != nearest);
    }
    near
}

/// Names in quotes as a sentence lists them: `"a", "b" or "c"`.
pub(crate) fn quoted(names: &[String], conjunction: &str) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        if index > 0 && index + 1 == names.len() {
            text.push_str(&format!(" {conjunction} "));
        } else if index > 0 {
            text.push_str(", ");
        }
        text.push_str(&Excerpt(name).to_string());
    }
    text
}

/// `; did you mean ...?` for names that may be meant; nothing without any.
pub fn did_you_mean(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; did you mean {}?", quoted(names, "or"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = [
        "CreateSandbox",
        "DestroySandbox",
        "CreateContainer",
        "StartContainer",
        "Check",
        "Version",
    ];

    fn near(name: &str) -> Vec<String> {
        nearest(name, NAMES.map(|name| (name, name)).into_iter())
    }

    #[test]
    fn misspelled_names_and_parts_of_names() {
        assert_eq!(near("createsandbx"), ["CreateSandbox"]);
        assert_eq!(near("Chekc"), ["Check"]);
        assert_eq!(near("sandbox"), ["CreateSandbox", "DestroySandbox"]);
        assert_eq!(near("Frobnicate"), [""; 0]);
        assert_eq!(near(""), [""; 0]);
        assert_eq!(near(&"x".repeat(100_000)), [""; 0]);
    }

    #[test]
    fn at_most_three_and_each_once() {
        let names = [
            ("abc1", "1"),
            ("abc2", "2"),
            ("abC2", "2"),
            ("abc3", "3"),
            ("abc4", "4"),
        ];
        assert_eq!(nearest("abc", names.into_iter()), ["1", "2", "3"]);
    }

    #[test]
    fn short_names_are_near_in_another_case_only() {
        let names = [("d", "d"), ("ab", "ab"), ("ID", "ID"), ("abc", "abc")];
        for (name, expected) in [
            ("q", &[][..]),
            ("D", &["d"]),
            ("ac", &[]),
            ("AB", &["ab"]),
            ("id", &["ID"]),
            ("abd", &["abc"]),
        ] {
            assert_eq!(nearest(name, names.into_iter()), expected, "{name}");
        }
    }

    #[test]
    fn lists_read_as_sentences() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(quoted(&names(&["a"]), "or"), "\"a\"");
        assert_eq!(
            quoted(&names(&["a", "b", "c"]), "and"),
            "\"a\", \"b\" and \"c\""
        );
        assert_eq!(did_you_mean(&[]), "");
        assert_eq!(
            did_you_mean(&names(&["a", "b"])),
            "; did you mean \"a\" or \"b\"?"
        );
    }
}
