//! Merging and writing over messages of every shape. The messages of
//! `google.protobuf` and agreement with other implementations are tested where
//! there are generated messages.

use super::super::fixture::{All, Choice, Either, Inner, SCHEMA};
use super::super::{Dialect, Explicit, Message, Plain, Reflect};
use super::*;

fn merged<M: Reflect + Default>(text: &str) -> Result<M, String> {
    let mut message = M::default();
    merge_into(&mut message, text)?;
    Ok(message)
}

fn merge_into(message: &mut dyn Reflect, text: &str) -> Result<Explicit, String> {
    let mut explicit = Explicit::default();
    merge(message, &mut explicit, &Plain, &SCHEMA, text)
        .map(|_| explicit)
        .map_err(|error| error.to_string())
}

fn written(message: &dyn Reflect, emit_defaults: bool) -> String {
    let style = Style {
        pretty: false,
        emit_defaults,
    };
    let mut out = Vec::new();
    write(message, &SCHEMA, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const EVERYTHING: &str = r#"{"flag":true,"small":-1,"large":"18446744073709551615","ratio":0.1,"text":"a\nb","data":"+/8=","level":"High","maybe":false,"inner":{"name":"n","group_id":7,"child":{}},"list":["","x"],"numbers":[0,1],"inners":[{},{"tags":["t"]}],"names":{"":"empty","a.b":"c"},"by_number":{"-1":{},"2":{"name":"two"}},"by_flag":{"false":0,"true":1},"either":{"words":""},"wrapped":0,"empty":{}}"#;

#[test]
fn what_is_written_reads_back_as_it_was() {
    let message: All = merged(EVERYTHING).unwrap();
    assert_eq!(message.large, u64::MAX);
    assert_eq!(message.data, [0xfb, 0xff]);
    assert_eq!(message.maybe, Some(false));
    assert_eq!(message.by_flag.get(&false), Some(&0));
    assert_eq!(written(&message, false), EVERYTHING);

    let mut pretty = Vec::new();
    let style = Style {
        pretty: true,
        emit_defaults: true,
    };
    write(&message, &SCHEMA, style, &mut pretty).unwrap();
    let again: All = merged(std::str::from_utf8(&pretty).unwrap()).unwrap();
    assert_eq!(again, message);
}

#[test]
fn defaults_appear_only_when_asked_for_and_only_without_presence() {
    assert_eq!(written(&All::default(), false), "{}");
    assert_eq!(
        written(&All::default(), true),
        r#"{"flag":false,"small":0,"large":"0","ratio":0.0,"text":"","data":"","level":"LOW","list":[],"numbers":[],"inners":[],"names":{},"by_number":{},"by_flag":{},"Clash":"","cLash":""}"#
    );
}

#[test]
fn pretty_output_is_indented_and_empty_things_are_not_opened() {
    let message: All = merged(r#"{"inner":{"tags":["a"]},"empty":{}}"#).unwrap();
    let style = Style {
        pretty: true,
        emit_defaults: false,
    };
    let mut out = Vec::new();
    write(&message, &SCHEMA, style, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "{\n  \"inner\": {\n    \"tags\": [\n      \"a\"\n    ]\n  },\n  \"empty\": {}\n}"
    );
}

#[test]
fn names_in_either_spelling_and_any_case_where_unique() {
    for text in [
        r#"{"by_flag":{"true":1}}"#,
        r#"{"byFlag":{"true":1}}"#,
        r#"{"BYFLAG":{"true":1}}"#,
        r#"{"by\u005fflag":{"true":1}}"#,
    ] {
        let message: All = merged(text).unwrap();
        assert_eq!(message.by_flag.get(&true), Some(&1), "{text}");
    }
    let message: All = merged(r#"{"cLash":"x"}"#).unwrap();
    assert_eq!((message.Clash.as_str(), message.cLash.as_str()), ("", "x"));
    assert_eq!(
        merged::<All>(r#"{"clash":"x"}"#).unwrap_err(),
        r#""clash" could be the field "Clash" or "cLash""#
    );
}

#[test]
fn errors_say_where_what_and_what_would_be_right() {
    for (text, error) in [
        (
            r#"{"inners":[{},{},{"group_id":"abc"}]}"#,
            r#"inners[2].group_id: "abc" is not an unsigned 32-bit number (0 to 4294967295)"#,
        ),
        (
            r#"{"by_number":{"5":{"child":{"name":1}}}}"#,
            "by_number[5].child.name: 1 is not a string",
        ),
        (
            r#"{"names":{"a.b":null}}"#,
            r#"names["a.b"]: null is not a string"#,
        ),
        (
            r#"{"by_number":{"x":{}}}"#,
            r#"by_number[x]: "x" is not a signed 32-bit number (-2147483648 to 2147483647)"#,
        ),
        (
            r#"{"by_flag":{"True":1}}"#,
            r#"by_flag[True]: "True" is not true or false"#,
        ),
        (r#"{"flag":"true"}"#, r#"flag: "true" is not true or false"#),
        (r#"{"flag":1}"#, "flag: 1 is not true or false"),
        (
            r#"{"small":1.5}"#,
            "small: 1.5 is not a signed 32-bit number (-2147483648 to 2147483647)",
        ),
        (
            r#"{"large":-1}"#,
            "large: -1 is not an unsigned 64-bit number (0 to 18446744073709551615)",
        ),
        (
            r#"{"ratio":1e39}"#,
            "ratio: 1e39 is not a 32-bit floating-point number (up to 3.4e38)",
        ),
        (
            r#"{"data":"!"}"#,
            r#"data: "!" is not base64: '!' at character 1 is not a base64 digit"#,
        ),
        (
            r#"{"level":"Hihg"}"#,
            r#"level: "Hihg" is not a value of test.Level (LOW, High) or a 32-bit number"#,
        ),
        (
            r#"{"level":"hIGH"}"#,
            r#"level: "hIGH" is not a value of test.Level (LOW, High) or a 32-bit number"#,
        ),
        (
            r#"{"level":"0x1"}"#,
            r#"level: "0x1" is not a value of the enum test.Level"#,
        ),
        (
            r#"{"inner":[]}"#,
            "inner: a list is not an object (message test.Inner)",
        ),
        (r#"{"list":"a"}"#, r#"list: "a" is not a list of string"#),
        (r#"{"list":["a",null]}"#, "list[1]: null is not a string"),
        (
            r#"{"inners":[null]}"#,
            "inners[0]: null is not an object (message test.Inner)",
        ),
        (
            r#"{"names":[]}"#,
            "names: a list is not an object (map from string to string)",
        ),
        (
            r#"{"inner":{"grup_id":1}}"#,
            r#"inner: test.Inner has no field "grup_id"; did you mean "group_id"?"#,
        ),
        (r#"{"flag":true,"flag":true}"#, "flag: given twice"),
        (r#"{"by_flag":{},"byFlag":null}"#, "by_flag: given twice"),
        (
            r#"{"names":{"a":"","\u0061":""}}"#,
            r#"names["a"]: given twice"#,
        ),
        (
            r#"{"by_number":{"1":{},"1.0":{}}}"#,
            "by_number[1.0]: given twice",
        ),
        (
            r#"{"either":{"number":1,"words":"x"}}"#,
            r#"either.words: cannot be given together with "number": the oneof "choice" holds one of them"#,
        ),
        ("[]", "a list is not an object (message test.All)"),
        ("null", "null is not an object (message test.All)"),
    ] {
        assert_eq!(merged::<All>(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn text_that_is_not_json_is_refused_with_line_and_column() {
    for (text, error) in [
        (
            "",
            "invalid JSON at line 1, column 0: EOF while parsing a value",
        ),
        (
            "{} {}",
            "invalid JSON at line 1, column 4: trailing characters",
        ),
        (
            "{\n \"text\": \"a\n\"}",
            "invalid JSON at line 3, column 0: control character (\\u0000-\\u001F) found while parsing a string",
        ),
        (
            "{\"text\":\"\\ud800\"}",
            "invalid JSON at line 1, column 16: half of a surrogate pair without its other half",
        ),
        (
            "{\n\"small\": \"\\ud800x\"}",
            "invalid JSON at line 2, column 17: half of a surrogate pair without its other half",
        ),
        (
            "{\"small\":01}",
            "invalid JSON at line 1, column 11: invalid number",
        ),
        (
            "{\"flag\":true,}",
            "invalid JSON at line 1, column 14: trailing comma",
        ),
        (
            "{flag:true}",
            "invalid JSON at line 1, column 2: key must be a string",
        ),
        (
            "{\"ratio\":NaN}",
            "invalid JSON at line 1, column 10: expected value",
        ),
    ] {
        assert_eq!(merged::<All>(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn a_document_on_top_of_a_message() {
    let mut message: All = merged(EVERYTHING).unwrap();
    let text = r#"{
        "list": ["new"], "numbers": null, "maybe": null, "inner": {"group_id": 8},
        "names": {"a.b": "changed", "z": ""}, "by_number": {"2": {"group_id": 1}}, "either": {"number": 3}
    }"#;
    merge_into(&mut message, text).unwrap();
    assert_eq!(message.list, ["new"]);
    assert!(message.numbers.is_empty());
    assert_eq!(message.maybe, None);
    let inner = message.inner.unwrap();
    assert_eq!((inner.name.as_str(), inner.group_id), ("n", 8));
    let names: Vec<_> = message.names.values().map(String::as_str).collect();
    assert_eq!(names, ["empty", "changed", ""]);
    let replaced = Inner {
        group_id: 1,
        ..Inner::default()
    };
    assert_eq!(message.by_number.get(&2), Some(&replaced));
    assert_eq!(message.by_number.len(), 2);
    assert_eq!(message.either.unwrap().choice, Some(Choice::Number(3)));
}

#[test]
fn null_does_not_touch_another_member_of_a_oneof() {
    let message: Either = merged(r#"{"number":1,"words":null}"#).unwrap();
    assert_eq!(message.choice, Some(Choice::Number(1)));
    let mut message = message;
    merge_into(&mut message, r#"{"number":null}"#).unwrap();
    assert_eq!(message.choice, None);
}

#[test]
fn what_is_given_is_marked_at_its_default_too() {
    let mut message = All::default();
    let text = r#"{"flag":false,"text":null,"list":[],"inner":{"name":"","child":{"group_id":0}},"inners":[{"name":"x"}]}"#;
    let explicit = merge_into(&mut message, text).unwrap();
    let given: Vec<_> = (0..20).filter(|index| explicit.contains(*index)).collect();
    assert_eq!(given, [0, 8, 9, 11]);
    let inner = explicit.within(8).unwrap();
    assert!(inner.contains(0) && !inner.contains(1) && inner.contains(2));
    assert!(inner.within(2).unwrap().contains(1));
    assert_eq!(explicit.within(11), Some(&Explicit::default()));

    let mut explicit = explicit;
    merge(
        &mut message,
        &mut explicit,
        &Plain,
        &SCHEMA,
        r#"{"inner":null}"#,
    )
    .unwrap();
    assert!(!explicit.contains(8));
    assert_eq!(message.inner, None);
}

struct Nicknames;

impl Dialect for Nicknames {
    fn field(&self, message: &'static Message, name: &str) -> Option<usize> {
        (message.full_name == "test.All" && name == "sz").then_some(1)
    }

    fn value(&self, message: &'static Message, index: usize, text: &str) -> Option<String> {
        (message.full_name == "test.All" && index == 1 && text == "ten").then(|| "10".to_owned())
    }
}

#[test]
fn a_dialect_adds_names_and_spellings_of_strings() {
    let mut message = All::default();
    let mut explicit = Explicit::default();
    merge(
        &mut message,
        &mut explicit,
        &Nicknames,
        &SCHEMA,
        r#"{"sz":"ten"}"#,
    )
    .unwrap();
    assert_eq!(message.small, 10);
    let error = merge(
        &mut message,
        &mut explicit,
        &Nicknames,
        &SCHEMA,
        r#"{"sz":"ten","small":1}"#,
    );
    assert_eq!(error.unwrap_err().to_string(), "small: given twice");
}

#[test]
fn one_field_and_one_value_alone() {
    let mut message = All::default();
    let mut explicit = Explicit::default();
    let text = " [1, 2] ";
    merge_field(&mut message, 10, &mut explicit, &Plain, &SCHEMA, "", text).unwrap();
    assert_eq!(message.numbers, [1, 2]);
    assert!(explicit.contains(10));
    let error = merge_field(
        &mut message,
        8,
        &mut explicit,
        &Plain,
        &SCHEMA,
        "outer[0]",
        r#"{"name":1}"#,
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "outer[0].inner.name: 1 is not a string"
    );

    let ty = All::default().descriptor().fields[11].ty;
    let mut inner = Inner::default();
    let target = ValueMut::Message(&mut inner);
    let text = r#"{"tags":[1]}"#;
    let error = merge_value(target, &ty, &Plain, &SCHEMA, "inners[3]", text).unwrap_err();
    assert_eq!(error.to_string(), "inners[3].tags[0]: 1 is not a string");
}

#[test]
fn what_serde_writes_of_rusts_structs() {
    let all: All = merged(
        r#"{"data": [0, 255], "level": 1, "large": 7, "inner": null,
            "either": {"other": "o", "choice": {"Words": "w"}}}"#,
    )
    .unwrap();
    assert_eq!((all.data.as_slice(), all.large), (&[0, 255][..], 7));
    let either = all.either.unwrap();
    assert_eq!(either.choice, Some(Choice::Text("w".to_owned())));
    assert_eq!(
        merged::<Either>(r#"{"choice": null}"#),
        Ok(Either::default())
    );
    for (text, error) in [
        (
            r#"{"data": [0, 256]}"#,
            "data[1]: 256 is not a byte (0 to 255)",
        ),
        (
            r#"{"data": [""]}"#,
            "data[0]: \"\" is not a byte (0 to 255)",
        ),
        (
            r#"{"data": {}}"#,
            "data: an object is not a string in base64, or a list of bytes",
        ),
        (
            r#"{"either": {"choice": {"Words": 1}}}"#,
            "either.words: 1 is not a string",
        ),
        (
            r#"{"either": {"choice": {"Other": "o"}}}"#,
            "either: test.Either has no field \"choice\"; its fields are \"number\", \"words\", \
             \"inner\" and \"other\"",
        ),
        (
            r#"{"either": {"number": 1, "choice": {"Words": "w"}}}"#,
            "either.words: cannot be given together with \"number\": the oneof \"choice\" holds one \
             of them",
        ),
    ] {
        assert_eq!(merged::<All>(text), Err(error.to_owned()), "{text}");
    }
}

#[test]
fn base64_may_be_in_lines() {
    let all: All = merged(r#"{"data": "AP8B\nAgM=\n"}"#).unwrap();
    assert_eq!(all.data, [0, 255, 1, 2, 3]);
    assert_eq!(
        merged::<All>(r#"{"data": "AP8B\n Ag!"}"#),
        Err(
            "data: \"AP8B\\n Ag!\" is not base64: '!' at character 9 is not a base64 digit"
                .to_owned()
        )
    );
}

/// Passes over what is not a field, and remembers where.
#[derive(Default)]
struct Lenient(std::cell::RefCell<Vec<String>>);

impl Dialect for Lenient {
    fn passes_over(&self, path: &str) -> bool {
        self.0.borrow_mut().push(path.to_owned());
        true
    }
}

#[test]
fn unknown_fields_can_be_passed_over() {
    let dialect = Lenient::default();
    let key = "k".repeat(1000);
    let text = format!(
        r#"{{"new": {{"a": [1]}}, "small": 7, "inners": [{{"name": "n", "a\nb": 1}}],
            "by_number": {{"1": {{"x": 1}}}}, "{key}": 0, "either": {{"choice": {{"No": 1}}}}}}"#
    );
    let mut all = All::default();
    let explicit = &mut Explicit::default();
    merge(&mut all, explicit, &dialect, &SCHEMA, &text).unwrap();
    assert_eq!((all.small, all.inners[0].name.as_str()), (7, "n"));
    let passed = dialect.0.into_inner();
    assert_eq!(
        passed[..4],
        ["new", "inners[0].a", "by_number[1].x", passed[3].as_str()]
    );
    assert!(passed[3].len() < 100);
    assert_eq!(passed[4..], ["either.choice"]);
    // What is broken is broken, and what is ambiguous has no meaning.
    for text in [r#"{"new": [1}"#, r#"{"CLASH": 1}"#] {
        assert!(
            merge(
                &mut all,
                &mut Explicit::default(),
                &Lenient::default(),
                &SCHEMA,
                text
            )
            .is_err()
        );
    }
}

#[test]
fn where_a_value_ends() {
    for (text, end) in [
        (r#"{"a":"}"} x=1"#, 9),
        (r#" [1, "]"] "#, 9),
        ("[]]", 2),
        ("12 x", 2),
        (r#""a\"b"c"#, 6),
        ("{}json", 2),
    ] {
        assert_eq!(
            value_end(text).map_err(|error| error.to_string()),
            Ok(end),
            "{text}"
        );
    }
    for text in ["", "  ", "{", "[1,]", "{a}", "x", "\"a"] {
        assert!(value_end(text).is_err(), "{text}");
    }
    let deep = "[".repeat(100_000);
    assert!(value_end(&deep).is_err());
    let deep = format!("{deep}{}", "]".repeat(100_000));
    assert_eq!(value_end(&deep).unwrap(), 200_000);
}

#[test]
fn nesting_has_a_limit_both_ways() {
    let nested = |levels: usize| {
        let mut text = r#"{"child":"#.repeat(levels - 1);
        text.push_str("{}");
        text.push_str(&"}".repeat(levels - 1));
        text
    };
    let deepest: Inner = merged(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(written(&deepest, false), nested(MAX_DEPTH));
    for levels in [MAX_DEPTH + 1, 100_000] {
        let error = merged::<Inner>(&nested(levels)).unwrap_err();
        assert!(
            error.ends_with(": nested deeper than 100 messages"),
            "{error}"
        );
    }

    let mut message = Inner::default();
    let mut innermost: &mut dyn Reflect = &mut message;
    for _ in 0..1000 {
        let Some(ValueMut::Message(child)) = innermost.get_mut(2) else {
            panic!("the child is a message");
        };
        innermost = child;
    }
    let result = write(&message, &SCHEMA, Style::default(), &mut Vec::new());
    assert_eq!(result, Err(WriteError::TooDeep));
}

#[test]
fn floats_keep_their_value_and_their_shortest_text() {
    let mut message: All = merged(r#"{"ratio":"-Infinity"}"#).unwrap();
    assert_eq!(written(&message, false), r#"{"ratio":"-Infinity"}"#);
    message.ratio = f32::NAN;
    assert_eq!(written(&message, false), r#"{"ratio":"NaN"}"#);
    message.ratio = -0.0;
    assert_eq!(written(&message, false), r#"{"ratio":-0.0}"#);
    message.ratio = 16_777_216.0;
    assert_eq!(written(&message, false), r#"{"ratio":16777216.0}"#);
}

#[test]
fn unknown_enum_numbers_are_kept() {
    let message: All = merged(r#"{"level":77}"#).unwrap();
    assert_eq!(written(&message, false), r#"{"level":77}"#);
    for text in [
        r#"{"level":"1"}"#,
        r#"{"level":"High"}"#,
        r#"{"level":1.0}"#,
    ] {
        let message: All = merged(text).unwrap();
        assert_eq!(written(&message, false), r#"{"level":"High"}"#);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_document_or_an_error(text in r#"[\[\]{}:,"a-z0-9.\\ -]{0,40}"#) {
        let _ = merged::<All>(&text);
        if let Ok(end) = value_end(&text) {
            proptest::prop_assert!(text.is_char_boundary(end));
            proptest::prop_assert!(serde_json::from_str::<serde_json::Value>(&text[..end]).is_ok());
        }
    }
}
