//! Each format over messages of every shape.

use super::*;
use crate::fixture::{ALL, All, EITHER, Either, INNER, Inner, SCHEMA};
use crate::{Explicit, Plain, json};

fn printed(format: Format, emit_defaults: bool, message: &dyn Reflect) -> String {
    let mut out = Vec::new();
    print(format, emit_defaults, message, &SCHEMA, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn message<M: Reflect + Default>(text: &str) -> M {
    let mut message = M::default();
    let mut explicit = Explicit::default();
    json::merge(&mut message, &mut explicit, &Plain, &SCHEMA, text).unwrap();
    message
}

#[test]
fn formats_have_names() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert_eq!(
        "yaml".parse::<Format>().unwrap_err().to_string(),
        r#""yaml" is not an output format; use json, jsonl, text, raw, hex or serde"#
    );
}

#[test]
fn json_is_pretty_and_jsonl_is_one_line() {
    let inner: Inner = message(r#"{"name":"a\u001b\u202eb"}"#);
    assert_eq!(
        printed(Format::Json, false, &inner),
        "{\n  \"name\": \"a\\u001b\\u202eb\"\n}\n"
    );
    assert_eq!(
        printed(Format::Jsonl, true, &inner),
        "{\"name\":\"a\\u001b\\u202eb\",\"group_id\":0,\"tags\":[]}\n"
    );
}

#[test]
fn text_reads_well() {
    let all: All = message(
        r#"{
            "flag": true, "large": "18446744073709551615", "ratio": 0.5, "text": "one\ntwo \u001b[2J\n",
            "data": "AP8=", "level": "High", "maybe": false, "inner": {"name": "n", "child": {}},
            "list": ["a", "b"], "inners": [{"group_id": 1}, {"tags": ["long enough to need a line of its own, as two of these do", "long enough to need a line of its own, as two of these do"]}],
            "names": {"a.b": "x", "c": "y\nz"}, "by_number": {"-1": {"name": "minus"}}, "wrapped": 7, "empty": {}
        }"#,
    );
    assert_eq!(
        printed(Format::Text, false, &all),
        r#"flag:         true
large:        18446744073709551615
ratio:        0.5
text: |
  one
  two \x1b[2J
data:         hex:00ff
level:        High
maybe:        false
inner:
  name:  "n"
  child: {}
list:         ["a", "b"]
inners[0]:
  group_id: 1
inners[1]:
  tags[0]: "long enough to need a line of its own, as two of these do"
  tags[1]: "long enough to need a line of its own, as two of these do"
names["a.b"]: "x"
names["c"]: |-
  y
  z
by_number[-1]:
  name: "minus"
wrapped:      7
empty:        {}
"#
    );
    assert_eq!(printed(Format::Text, false, &All::default()), "{}\n");
    assert_eq!(
        printed(Format::Text, true, &Inner::default()),
        "name:     \"\"\ngroup_id: 0\ntags:     []\n"
    );
}

#[test]
fn raw_is_the_only_text_or_bytes() {
    assert_eq!(raw_field(&INNER), Ok(0));
    let inner: Inner = message(r#"{"name":"a\u001bb","tags":["c"]}"#);
    assert_eq!(printed(Format::Raw, false, &inner), "a\u{1b}b");
    assert_eq!(
        Format::Raw.check(&ALL).unwrap_err().to_string(),
        "test.All has several fields that could be printed raw: text, data, Clash, cLash"
    );
    assert!(Format::Raw.check(&EITHER).is_err());
    assert!(Format::Text.check(&ALL).is_ok());
    let empty = All::default().empty.unwrap_or_default();
    assert_eq!(
        Format::Raw
            .check(empty.descriptor())
            .unwrap_err()
            .to_string(),
        "test.Empty has no bytes or string field that could be printed raw"
    );
    assert_eq!(printed(Format::Hex, false, &Either::default()), "\n");
}
