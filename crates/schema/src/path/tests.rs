//! Setters on messages of every shape.

use proptest::prelude::*;

use super::*;
use crate::fixture::{ALL, All, Choice, Empty, Inner, SCHEMA, Times, Timestamp, Wrapped};
use crate::{Dialect, Explicit, Message, Plain, Reflect};

/// A message with what was set in it.
#[derive(Default)]
struct Given {
    all: All,
    explicit: Explicit,
}

impl Given {
    fn set(&mut self, word: &str) -> Result<(), String> {
        let (path, value) = split_setter(word).ok_or("no setter")?;
        set(
            &mut self.all,
            &mut self.explicit,
            &Plain,
            &SCHEMA,
            path,
            value,
        )
        .map_err(|error| error.to_string())
    }

    /// Whether the field at a path of singular messages is marked.
    fn marked(&self, path: &[&str]) -> bool {
        let mut explicit = Some(&self.explicit);
        let mut message = &ALL;
        for name in path {
            let index = crate::lookup::field(message, name, &Plain).unwrap();
            explicit = explicit.and_then(|explicit| explicit.within(index));
            if let crate::Type::Message(inner) = message.fields[index].ty {
                message = inner;
            }
        }
        explicit.is_some()
    }
}

/// The message after setters that all must succeed.
fn all(words: &[&str]) -> All {
    let mut given = Given::default();
    for word in words {
        given.set(word).unwrap();
    }
    given.all
}

/// The error of the last of some setters, of which the others must succeed.
fn error(words: &[&str]) -> String {
    let mut given = Given::default();
    let (last, before) = words.split_last().unwrap();
    for word in before {
        given.set(word).unwrap();
    }
    given.set(last).unwrap_err()
}

fn inner(name: &str, group_id: u32) -> Inner {
    Inner {
        name: name.to_owned(),
        group_id,
        ..Inner::default()
    }
}

#[test]
fn scalars() {
    let all = all(&[
        "flag=1",
        "small=-0x10",
        "large=18_000",
        "ratio=0.5",
        "text=a=b",
        "data=hex:00ff",
        "level=HIGH",
        "maybe=false",
    ]);
    assert!(all.flag);
    assert_eq!((all.small, all.large, all.ratio), (-16, 18_000, 0.5));
    assert_eq!(
        (all.text.as_str(), all.data.as_slice()),
        ("a=b", &[0, 255][..])
    );
    assert_eq!(all.level.value(), 1);
    assert_eq!(all.maybe, Some(false));
}

#[test]
fn json_is_an_ordinary_word_for_a_scalar() {
    assert_eq!(all(&[r#"text={"a":1}"#]).text, r#"{"a":1}"#);
    assert_eq!(all(&[r#"names[a]={"a":1}"#]).names["a"], r#"{"a":1}"#);
    assert_eq!(all(&["list[0]=[x"]).list, ["[x"]);
    assert_eq!(
        error(&["large=[1]"]),
        "large: \"[1]\" is not an unsigned 64-bit number (0 to 18446744073709551615)"
    );
}

#[test]
fn nested_messages_become_present() {
    let all = all(&["inner.child.child.groupid=7", "inner.name=n"]);
    let outer = all.inner.unwrap();
    assert_eq!(outer.name, "n");
    assert_eq!(outer.child.0.unwrap().child.0.unwrap().group_id, 7);
}

#[test]
fn a_list_is_appended_to_replaced_and_reached_into() {
    assert_eq!(all(&["list=a", "list=b"]).list, ["a", "b"]);
    assert_eq!(
        all(&["list=a", r#"list=["b","c"]"#, "list=d"]).list,
        ["b", "c", "d"]
    );
    assert_eq!(all(&["list=a", "list[0]=b", "list[1]=c"]).list, ["b", "c"]);
    assert_eq!(
        all(&["numbers=0x10", "numbers=[1]", "numbers[0]=2"]).numbers,
        [2]
    );
    let inners = all(&[
        r#"inners={"name":"a","group_id":1}"#,
        "inners[1].name=b",
        "inners[0].groupId=2",
        r#"inners[1]={"groupId":3}"#,
    ])
    .inners;
    assert_eq!(inners, [inner("a", 2), inner("b", 3)]);
    assert_eq!(all(&["list=a", "list=[]"]).list, [""; 0]);
}

#[test]
fn an_index_beyond_the_end_tells_the_length() {
    assert_eq!(
        error(&["inners[0].name=a", "inners[2].name=b"]),
        "inners[2]: the index is beyond the end of the list; its length is 1, so index 1 appends"
    );
    assert_eq!(
        error(&["list[18446744073709551616]=b"]),
        "list: \"18446744073709551616\" is not an index (0, 1, 2, ...)"
    );
    assert_eq!(
        error(&["list[-1]=b"]),
        "list: \"-1\" is not an index (0, 1, 2, ...)"
    );
}

#[test]
fn maps_by_key_and_merged() {
    let all = all(&[
        "names[io.kubernetes.pod]=x",
        r#"names["a]b"]=y"#,
        r#"names={"c":"z","io.kubernetes.pod":"w"}"#,
        "bynumber[-1].name=a",
        r#"by_number[0x1]={"name":"b"}"#,
        r#"by_number[1]={"group_id":5}"#,
        "byFlag[true]=1",
    ]);
    let names: Vec<_> = all
        .names
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        names,
        [("a]b", "y"), ("c", "z"), ("io.kubernetes.pod", "w")]
    );
    assert_eq!(all.by_number[&-1], inner("a", 0));
    assert_eq!(all.by_number[&1], inner("b", 5));
    assert_eq!(all.by_flag[&true], 1);
    assert_eq!(
        error(&["by_number[x].name=a"]),
        "by_number: bad key: \"x\" is not a signed 32-bit number (-2147483648 to 2147483647)"
    );
    assert_eq!(
        error(&["by_flag[true]=x"]),
        "by_flag[true]: \"x\" is not an unsigned 32-bit number (0 to 4294967295)"
    );
}

#[test]
fn messages_merge_json() {
    let all = all(&["inner.name=a", r#"inner={"group_id":2}"#]);
    assert_eq!(all.inner.unwrap(), inner("a", 2));
    assert_eq!(
        error(&[r#"inner={"group_id":"x"}"#]).split(": ").next(),
        Some("inner.group_id")
    );
    assert_eq!(
        error(&[r#"inners={"child":{"child":{"group_id":-1}}}"#])
            .split(": ")
            .next(),
        Some("inners[0].child.child.group_id")
    );
}

#[test]
fn what_begins_as_json_must_be_json_for_messages_lists_and_maps() {
    for (word, message) in [
        (
            "inner={name",
            "inner: invalid JSON at line 1, column 2: key must be a string",
        ),
        (
            "inner=[]",
            "inner: a list is not an object (message test.Inner)",
        ),
        (
            "inners=[1]",
            "inners[0]: 1 is not an object (message test.Inner)",
        ),
        (
            "inners={",
            "inners[0]: invalid JSON at line 1, column 1: EOF while parsing an object",
        ),
        (
            "list=[a",
            "list: invalid JSON at line 1, column 2: expected value",
        ),
        ("list={}", "list[0]: an object is not a string"),
        (
            "names=[]",
            "names: a list is not an object (map from string to string)",
        ),
        (
            "names={1:2}",
            "names: invalid JSON at line 1, column 2: key must be a string",
        ),
        (
            r#"inner={"name":"a"} x"#,
            "inner: invalid JSON at line 1, column 14: trailing characters",
        ),
    ] {
        assert_eq!(error(&[word]), message);
    }
}

#[test]
fn plain_text_for_what_has_parts_tells_what_would_be_right() {
    for (word, message) in [
        (
            "inner=x",
            r#"inner: "x" is not a JSON object; give one, or a part of it as in inner.name=..."#,
        ),
        (
            "empty=x",
            r#"empty: "x" is not a JSON object; give one, or a part of it as in empty={}"#,
        ),
        (
            "inners[0]=x",
            r#"inners[0]: "x" is not a JSON object; give one, or a part of it as in inners[0].name=..."#,
        ),
        (
            "inners=x",
            r#"inners: "x" is not a JSON object or array; give one, or a part of it as in inners[0].name=..."#,
        ),
        (
            "names=x",
            r#"names: "x" is not a JSON object; give one, or a part of it as in names[key]=..."#,
        ),
        (
            "by_number=x",
            r#"by_number: "x" is not a JSON object; give one, or a part of it as in by_number[key].name=..."#,
        ),
    ] {
        assert_eq!(error(&[word]), message);
    }
}

#[test]
fn paths_that_lead_nowhere() {
    for (word, message) in [
        (
            "inners.name=x",
            "inners: it is a list; name one of its elements, as in inners[0].name",
        ),
        (
            "by_number.x=1",
            "by_number: it is a map; name one of its elements, as in by_number[key].x",
        ),
        (
            "names.x=1",
            "names: it is a map; name one of its elements, as in names[x]",
        ),
        ("list.x=1", "list: repeated string has no fields"),
        ("text.x=1", "text: string has no fields"),
        ("list[0].x=1", "list[0]: string has no fields"),
        (
            "text[0]=1",
            "text: it is neither a list nor a map, and cannot have [...]",
        ),
        (
            "list[0][1]=1",
            "list[0]: it is neither a list nor a map, and cannot have [...]",
        ),
        (
            "inner..name=1",
            "path \"inner..name\": a field name is missing at character 7",
        ),
        (
            "inner.nam=1",
            "inner: test.Inner has no field \"nam\"; did you mean \"name\"?",
        ),
        ("empty.x=1", "empty: test.Empty has no field \"x\""),
        ("nonsense=1", "test.All has no field \"nonsense\""),
        (
            "inners[0].child.groupid=abc",
            "inners[0].child.group_id: \"abc\" is not an unsigned 32-bit number (0 to 4294967295)",
        ),
    ] {
        assert_eq!(error(&[word]), message);
    }
    let deep = vec!["child"; 100].join(".");
    assert_eq!(
        error(&[&format!("inner.{deep}=null")]),
        "the path leads through more than 100 messages"
    );
}

#[test]
fn null_clears_and_forgets() {
    for (before, word) in [
        ("flag=true", "flag=null"),
        ("small=1", "small=null"),
        ("level=1", "level=null"),
        ("maybe=false", "maybe=null"),
        ("inner.name=a", "inner=null"),
        ("list=a", "list=null"),
        ("names[a]=b", "names=null"),
        ("either.number=1", "either=null"),
    ] {
        let mut given = Given::default();
        given.set(before).unwrap();
        assert_ne!(
            (&given.all, &given.explicit),
            (&All::default(), &Explicit::default()),
            "{before}"
        );
        given.set(word).unwrap();
        assert_eq!(
            (&given.all, &given.explicit),
            (&All::default(), &Explicit::default()),
            "{word}"
        );
    }
    assert_eq!(
        all(&["by_flag[true]=1", "by_flag[true]=null"])
            .by_flag
            .len(),
        0
    );
    assert_eq!(
        all(&["by_number[1].name=a", "by_number[1].group_id=null"]).by_number[&1],
        inner("a", 0)
    );
}

#[test]
fn null_is_text_for_one_string() {
    let all = all(&["text=null", "data=null", "list[0]=null", "names[a]=null"]);
    assert_eq!(
        (all.text.as_str(), all.data.as_slice()),
        ("null", &b"null"[..])
    );
    assert_eq!(all.list, ["null"]);
    assert_eq!(all.names["a"], "null");
}

#[test]
fn null_makes_nothing_present_on_its_way() {
    let mut given = Given::default();
    for word in [
        "inner.child.group_id=null",
        "by_number[1].child=null",
        "by_number[1]=null",
        "inners[0].child=null",
    ] {
        given.set(word).unwrap();
    }
    assert_eq!(given.all.inner, None);
    assert_eq!((given.all.by_number.len(), given.all.inners.len()), (0, 0));
    assert_eq!(
        error(&["numbers=1", "numbers[0]=null"]),
        "numbers[0]: an element of a list cannot be null"
    );
    // A path that leads nowhere is wrong all the same.
    assert_eq!(
        error(&["inner.text=null"]).split(": ").next(),
        Some("inner")
    );
}

#[test]
fn one_member_of_a_oneof_at_a_time() {
    let mut given = Given::default();
    given.set("either.number=0").unwrap();
    given.set("either.other=x").unwrap();
    assert_eq!(
        given.all.either.as_ref().unwrap().choice,
        Some(Choice::Number(0))
    );
    given.set("either.inner.name=a").unwrap();
    assert!(!given.marked(&["either", "number"]));
    assert!(given.marked(&["either", "inner", "name"]));
    given.set("either.words=null").unwrap();
    assert_eq!(
        given.all.either.as_ref().unwrap().choice,
        Some(Choice::Text("null".into()))
    );
    assert!(!given.marked(&["either", "inner"]));
    // Clearing a member that is not the one set leaves the other.
    given.set("either.number=null").unwrap();
    assert!(given.marked(&["either", "words"]) && given.marked(&["either", "other"]));
    given.set(r#"either={"number":4}"#).unwrap();
    assert_eq!(given.all.either.unwrap().choice, Some(Choice::Number(4)));
}

#[test]
fn marks_stop_at_lists_and_maps() {
    let mut given = Given::default();
    given.set("inner.child.name=").unwrap();
    given.set("inners[0].child.name=a").unwrap();
    given.set("by_number[0].name=a").unwrap();
    assert!(given.marked(&["inner", "child", "name"]));
    assert!(!given.marked(&["inner", "name"]));
    assert!(given.marked(&["inners"]) && !given.marked(&["inners", "child"]));
    assert!(given.marked(&["by_number"]) && !given.marked(&["by_number", "name"]));
    given.set(r#"inner={"tags":[]}"#).unwrap();
    assert!(given.marked(&["inner", "tags"]) && given.marked(&["inner", "child", "name"]));
    given.set("inner.child.name=x").unwrap();
    given.set("inner.child=null").unwrap();
    assert!(!given.marked(&["inner", "child"]) && given.marked(&["inner"]));
}

#[test]
fn a_wrapper_takes_its_value() {
    let mut given = Given::default();
    given.set("wrapped=0x10").unwrap();
    assert_eq!(
        given.all.wrapped,
        Some(Wrapped {
            value: 16,
            ..Wrapped::default()
        })
    );
    assert!(given.marked(&["wrapped", "value"]));
    given.set("wrapped.value=3").unwrap();
    assert_eq!(given.all.wrapped.as_ref().map(|it| it.value), Some(3));
    given.set("wrapped=null").unwrap();
    assert_eq!(given.all.wrapped, None);
    assert_eq!(all(&["empty={}"]).empty, Some(Empty::default()));
}

#[test]
fn a_point_in_time_takes_its_text() {
    let mut given = Times::default();
    let mut set = |path, value| {
        let explicit = &mut Explicit::default();
        set(&mut given, explicit, &Plain, &SCHEMA, path, value).map_err(|error| error.to_string())
    };
    set("when", "1970-01-01T00:00:01Z").unwrap();
    set("times", "1970-01-01T00:00:02Z").unwrap();
    set("times[1].seconds", "3").unwrap();
    set("times[2]", "1970-01-01T00:01:00.5Z").unwrap();
    let expected = "a time such as \"2024-05-01T12:30:00Z\" in the years 1 to 9999";
    assert_eq!(
        set("when", "now").unwrap_err(),
        format!("when: \"now\" is not {expected}")
    );
    assert_eq!(
        set("times[2]", "{}").unwrap_err(),
        format!("times[2]: an object is not {expected}")
    );
    let at = |seconds, nanos| Timestamp {
        seconds,
        nanos,
        ..Timestamp::default()
    };
    assert_eq!(given.when, Some(at(1, 0)));
    assert_eq!(given.times, [at(2, 0), at(3, 0), at(60, 500_000_000)]);
}

#[test]
fn a_dialect_adds_names_and_spellings() {
    struct Signals;
    impl Dialect for Signals {
        fn field(&self, _: &'static Message, name: &str) -> Option<usize> {
            (name == "sig").then_some(1)
        }
        fn value(&self, message: &'static Message, index: usize, text: &str) -> Option<String> {
            (message.full_name == "test.Inner" && index == 1 && text == "usr1").then(|| "10".into())
        }
    }
    let mut all = All::default();
    let mut set = |path, value| {
        let explicit = &mut Explicit::default();
        set(&mut all, explicit, &Signals, &SCHEMA, path, value).map_err(|error| error.to_string())
    };
    set("inner.sig", "usr1").unwrap();
    assert_eq!(
        set("inner.sig", "usr3").unwrap_err(),
        "inner.group_id: \"usr3\" is not an unsigned 32-bit number (0 to 4294967295)"
    );
    assert!(set("small", "usr1").is_err());
    assert_eq!(all.inner.unwrap().group_id, 10);
}

#[test]
fn errors_show_long_and_hostile_values_safely() {
    let value = format!("\u{1b}[2J\n{}", "x".repeat(5_000_000));
    let message = error(&[&format!("small={value}")]);
    assert!(message.starts_with("small: \"\\x1b[2J\\nxxx"), "{message}");
    assert!(message.len() < 200);
}

#[test]
fn a_table_without_fields_refuses_every_name() {
    let mut empty = Empty::default();
    let result = set(
        &mut empty,
        &mut Explicit::default(),
        &Plain,
        &SCHEMA,
        "a",
        "b",
    );
    assert_eq!(
        result.unwrap_err().to_string(),
        "test.Empty has no field \"a\""
    );
    assert_eq!(empty.descriptor().fields.len(), 0);
}

proptest! {
    #[test]
    fn any_setter_is_carried_out_or_refused(
        words in prop::collection::vec(
            "(flag|small|text|data|level|maybe|inner|list|numbers|inners|names|by_number|by_flag\
              |either|wrapped|empty|[a-z]{1,3})\
             (\\[([0-3]|true|a|\"k\"|\\PC{0,3})\\])?\
             (\\.(name|group_id|child|tags|number|words|value|\\PC|\u{1b})){0,3}\
             (\\[[01]\\])?=\
             (null|[01]|true|\\{\\}|\\[\\]|\\{\"name\":\"a\"\\}|\\[\\{\\}\\]|[{\\[\"a:,}\\]]{0,6}|[a-z:]{0,5}|\\PC{0,5})",
            1..8,
        ),
    ) {
        let mut given = Given::default();
        for word in &words {
            if let Err(error) = given.set(word) {
                prop_assert!(!error.is_empty() && !error.chars().any(char::is_control));
            }
        }
    }
}
