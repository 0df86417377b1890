//! The grammar of paths.

use super::*;
use proptest::prelude::*;

fn segment(name: &str, keys: &[&str]) -> Segment {
    Segment {
        name: name.to_owned(),
        keys: keys.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn names_and_keys() {
    assert_eq!(parse("a").unwrap(), [segment("a", &[])]);
    assert_eq!(
        parse("OCI.Annotations[io.kubernetes.pod].x[0]").unwrap(),
        [
            segment("OCI", &[]),
            segment("Annotations", &["io.kubernetes.pod"]),
            segment("x", &["0"])
        ]
    );
    assert_eq!(
        parse(r#"m["a]=\"\u00e9"][1]"#).unwrap(),
        [segment("m", &["a]=\"é", "1"])]
    );
    assert_eq!(parse(r#"m[""]"#).unwrap(), [segment("m", &[""])]);
    assert_eq!(parse("m[a\"b[c]").unwrap(), [segment("m", &["a\"b[c"])]);
}

#[test]
fn errors_tell_the_place() {
    for (path, message) in [
        ("", r#"path "": a field name is missing at character 1"#),
        (
            "a..b",
            r#"path "a..b": a field name is missing at character 3"#,
        ),
        ("a.", r#"path "a.": a field name is missing at character 3"#),
        ("é[x", r#"path "é[x": no "]" closes the "[" at character 2"#),
        (
            "a[]",
            r#"path "a[]": an index or a key is missing in "[]" at character 2"#,
        ),
        ("a]", r#"path "a]": ']' cannot stand at character 2"#),
        ("a[0]b", r#"path "a[0]b": 'b' cannot stand at character 5"#),
        (
            r#"a["x"y]"#,
            r#"path "a[\"x\"y]": 'y' cannot stand at character 6"#,
        ),
        (
            r#"a["x]"#,
            r#"path "a[\"x]": the quoted key is not a JSON string at character 3"#,
        ),
        (
            r#"a["x""#,
            r#"path "a[\"x\"": no "]" closes the "[" at character 2"#,
        ),
    ] {
        assert_eq!(parse(path).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_setter_splits_outside_of_brackets() {
    for (word, path, value) in [
        ("a=b=c", "a", "b=c"),
        ("a=", "a", ""),
        ("=a", "", "a"),
        ("m[a=b]=c", "m[a=b]", "c"),
        (r#"m["]="].x=[y=z]"#, r#"m["]="].x"#, "[y=z]"),
        ("a=m[b", "a", "m[b"),
        // No path, but a setter all the same: the path's reader refuses it.
        ("m[a=b", "m[a", "b"),
    ] {
        assert_eq!(split_setter(word), Some((path, value)), "{word}");
    }
    for word in ["", "a", "m[a=b]", r#"m["="]"#, "json://{}"] {
        assert_eq!(split_setter(word), None, "{word}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_path_or_an_error(path in "([a-c.=\\[\\]\"\\\\é\u{0}]|\\PC){0,12}") {
        if let Err(error) = parse(&path) {
            prop_assert!(error.position <= path.chars().count() + 1);
        }
        if let Some((before, after)) = split_setter(&path) {
            prop_assert_eq!(format!("{before}={after}"), path);
        }
    }

    #[test]
    fn a_path_that_is_read_is_split_at_its_end(
        path in "[a-c]([.][a-c]|\\[[a-z=.\"]{1,3}\\]|\\[\"[a-z=.\\]]{0,3}\"\\])*",
        value: String,
    ) {
        prop_assume!(parse(&path).is_ok());
        let word = format!("{path}={value}");
        prop_assert_eq!(split_setter(&word), Some((path.as_str(), value.as_str())));
    }
}
