//! Random messages of every type of this build and of an API with every kind of
//! field: as setters, as JSON, as what each output format prints, and back, each
//! time with the same bytes on the wire.

#![expect(clippy::expect_used, clippy::panic, reason = "a failed test may panic")]

use kata_agent_ctl::command::{self, Hash, Word};
use kata_agent_ctl::printer::{Format, print};
use kata_agent_ctl::schema::json::{self, Style};
use kata_agent_ctl::schema::{Explicit, Message, Plain, Reflect, Schema, path};
use properties::random::Random;
use properties::setters::{Pair, quoted, setters};
use properties::{schemas, text};
use proptest::prelude::*;

fn encoded(message: &dyn Reflect) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes).expect("it can be encoded");
    bytes
}

/// Every type that a request or a response is made of.
fn types() -> impl Iterator<Item = (&'static Schema, &'static Message)> {
    schemas().into_iter().flat_map(|schema| {
        let messages = schema.messages.iter();
        messages.map(move |message| (schema, *message))
    })
}

fn is_known(message: &'static Message) -> bool {
    json::has_special_form(message)
}

fn printed(message: &dyn Reflect, schema: &'static Schema, format: Format) -> String {
    let mut out = Vec::new();
    print(format, false, message, schema, &mut out).expect("it can be printed");
    String::from_utf8(out).expect("it is text")
}

fn set(message: &'static Message, schema: &'static Schema, setters: &[Pair]) -> Box<dyn Reflect> {
    let mut made = (message.new)();
    let mut explicit = Explicit::default();
    for (at, value) in setters {
        path::set(made.as_mut(), &mut explicit, &Plain, schema, at, value)
            .unwrap_or_else(|error| panic!("{at}={value}: {error}"));
    }
    made
}

fn merged(message: &'static Message, schema: &'static Schema, text: &str) -> Box<dyn Reflect> {
    let mut made = (message.new)();
    let mut explicit = Explicit::default();
    json::merge(made.as_mut(), &mut explicit, &Plain, schema, text)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    made
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn wire(seed: u64) {
        for (schema, message) in types() {
            let bytes = encoded(Random::new(seed, schema).message(message).as_ref());
            let mut decoded = (message.new)();
            decoded.merge_from(&bytes).expect("it can be decoded");
            prop_assert_eq!(encoded(decoded.as_ref()), bytes, "{}", message.full_name);
        }
    }

    #[test]
    fn setters_make_the_message(seed: u64) {
        for (schema, message) in types().filter(|(_, message)| !is_known(message)) {
            let given = Random::new(seed, schema).message(message);
            let made = set(message, schema, &setters(given.as_ref()));
            prop_assert_eq!(encoded(made.as_ref()), encoded(given.as_ref()), "{}", message.full_name);
        }
    }

    #[test]
    fn a_command_makes_the_message(seed: u64) {
        for (schema, message) in types().filter(|(_, message)| !is_known(message)) {
            let given = Random::new(seed, schema).message(message);
            let words: Vec<String> = setters(given.as_ref()).iter().map(quoted).collect();
            let words = command::split(&words.join(" "), 0, Hash::Comment);
            let setters = words.expect("they are words").into_iter().map(|word| match word {
                Word::Setter(setter) => {
                    (setter.path, String::from_utf8(setter.value).expect("it is text"))
                }
                other => panic!("no setter: {other:?}"),
            });
            let made = set(message, schema, &setters.collect::<Vec<_>>());
            prop_assert_eq!(encoded(made.as_ref()), encoded(given.as_ref()), "{}", message.full_name);
        }
    }

    #[test]
    fn json_makes_the_message(seed: u64) {
        for (schema, message) in types() {
            let given = Random::new(seed, schema).message(message);
            for (pretty, emit_defaults) in [(false, false), (true, false), (true, true)] {
                let mut out = Vec::new();
                let style = Style { pretty, emit_defaults };
                json::write(given.as_ref(), schema, style, &mut out).expect("it can be written");
                let text = String::from_utf8(out).expect("it is text");
                let made = merged(message, schema, &text);
                prop_assert_eq!(encoded(made.as_ref()), encoded(given.as_ref()), "{}", text);
            }
        }
    }

    #[test]
    fn what_is_printed_makes_the_message(seed: u64) {
        for (schema, message) in types() {
            let given = Random::new(seed, schema).message(message);
            let expected = encoded(given.as_ref());
            let lines = printed(given.as_ref(), schema, Format::Jsonl);
            prop_assert_eq!(lines.lines().count(), 1);
            prop_assert_eq!(&encoded(merged(message, schema, &lines).as_ref()), &expected);

            let hex = printed(given.as_ref(), schema, Format::Hex);
            let digits: Vec<u8> = hex.trim_end().bytes().collect();
            let bytes = digits.chunks(2).map(|pair| {
                let pair = std::str::from_utf8(pair).expect("two digits");
                u8::from_str_radix(pair, 16).expect("two digits")
            });
            prop_assert_eq!(&bytes.collect::<Vec<_>>(), &expected);
        }
    }

    #[test]
    fn text_that_is_printed_makes_the_message(seed: u64) {
        for (schema, message) in types().filter(|(_, message)| !is_known(message)) {
            let given = Random::new(seed, schema).with_plain_text().message(message);
            let text = printed(given.as_ref(), schema, Format::Text);
            let made = set(message, schema, &text::setters(message, &text));
            prop_assert_eq!(encoded(made.as_ref()), encoded(given.as_ref()), "{}", text);
        }
    }

    #[test]
    fn what_serde_would_write_makes_the_message(seed: u64) {
        // The messages of `google.protobuf` have no JSON form of their own there.
        let schema = kata_agent_ctl::schema();
        for message in schema.messages {
            let given = Random::new(seed, schema).message(message);
            let text = printed(given.as_ref(), schema, Format::Serde);
            let made = merged(message, schema, &text);
            prop_assert_eq!(encoded(made.as_ref()), encoded(given.as_ref()), "{}", text);
        }
    }
}
