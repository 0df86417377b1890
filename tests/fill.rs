//! Filling a message from another of its type, on an API with every kind of
//! field: by example, and for documents at random against a merge of their JSON.

use kata_agent_ctl::schema::{
    Explicit, Field, Label, Message, Plain, Reflect, Scalar, Type, fill, json,
};
use serde_json::{Map, Value, json};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

fn message(name: &str) -> Result<&'static Message> {
    let mut messages = wide_api::schema().messages.iter();
    let found = messages.find(|message| message.full_name == name);
    Ok(found.ok_or_else(|| format!("no message {name}"))?)
}

fn read(message: &Message, document: &Value) -> Result<(Box<dyn Reflect>, Explicit)> {
    let mut read = (message.new)();
    let mut explicit = Explicit::default();
    let text = document.to_string();
    json::merge(
        read.as_mut(),
        &mut explicit,
        &Plain,
        wide_api::schema(),
        &text,
    )
    .map_err(|error| format!("{error}: {text}"))?;
    Ok((read, explicit))
}

fn encoded(message: &dyn Reflect) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    message.encode_into(&mut bytes)?;
    Ok(bytes)
}

/// `given` filled from `automatic`, and the document that it must be equal to.
fn check(message: &'static Message, given: &Value, automatic: &Value, expected: &Value) -> Result {
    let (mut filled, explicit) = read(message, given)?;
    let (automatic_message, _) = read(message, automatic)?;
    fill(filled.as_mut(), &explicit, automatic_message.as_ref());
    let (wanted, _) = read(message, expected)?;
    if encoded(filled.as_ref())? != encoded(wanted.as_ref())? {
        let what = format!("{given} from {automatic}: {filled:?}, not {wanted:?}");
        return Err(what.into());
    }
    Ok(())
}

#[test]
fn what_was_given_wins_at_every_depth() -> Result {
    for (name, given, automatic, expected) in [
        ("wide.Node", json!({}), json!({}), json!({})),
        (
            "wide.Node",
            json!({"left": {"left": {"name": "mine"}}}),
            json!({"name": "a", "left": {"name": "b", "left": {"name": "c", "children": [{}]}}}),
            json!({"name": "a", "left": {"name": "b", "left": {"name": "mine", "children": [{}]}}}),
        ),
        // An empty message is given, and has everything left out.
        (
            "wide.Node",
            json!({"left": {}}),
            json!({"left": {"name": "b"}}),
            json!({"left": {"name": "b"}}),
        ),
        // What is given at its default is given.
        (
            "wide.Node",
            json!({"name": "", "left": {"name": ""}, "children": []}),
            json!({"name": "a", "left": {"name": "b"}, "children": [{"name": "c"}]}),
            json!({"left": {}}),
        ),
        // A list is the whole list, and its elements are not filled.
        (
            "wide.Node",
            json!({"children": [{}]}),
            json!({"children": [{"name": "a"}, {"name": "b"}]}),
            json!({"children": [{}]}),
        ),
        // Entries are merged, each as a whole.
        (
            "wide.Node",
            json!({"named": {"a": {"name": "mine"}, "b": {}}}),
            json!({"named": {"a": {"left": {}}, "b": {"name": "b"}, "c": {"name": "c"}}}),
            json!({"named": {"a": {"name": "mine"}, "b": {}, "c": {"name": "c"}}}),
        ),
        // Presence is a value.
        (
            "wide.Optionals",
            json!({"f_bool": false}),
            json!({"f_bool": true, "f_int32": 0, "f_message": {}}),
            json!({"f_bool": false, "f_int32": 0, "f_message": {}}),
        ),
        // A member of a oneof keeps out the others, even at its default.
        (
            "wide.Choices",
            json!({"f_string": ""}),
            json!({"f_int32": 5, "other": "o", "beside": "b"}),
            json!({"f_string": "", "other": "o", "beside": "b"}),
        ),
        (
            "wide.Choices",
            json!({"node": {"name": "mine"}}),
            json!({"f_int32": 0, "node": {"name": "a", "left": {}}}),
            json!({"f_int32": 0, "node": {"name": "mine", "left": {}}}),
        ),
        // A time is one value, not seconds and nanoseconds.
        (
            "wide.WellKnown",
            json!({"timestamp": "1970-01-01T00:00:05Z", "struct": {"a": 1}}),
            json!({"timestamp": "1970-01-01T00:00:09.5Z", "struct": {"b": 2}, "duration": "1s"}),
            json!({"timestamp": "1970-01-01T00:00:05Z", "struct": {"a": 1}, "duration": "1s"}),
        ),
    ] {
        check(message(name)?, &given, &automatic, &expected)?;
    }
    Ok(())
}

/// The same rules on the documents.
fn merged(message: &Message, given: &Value, automatic: &Value) -> Value {
    let mut merged = given.clone();
    let (Some(object), Some(automatic)) = (merged.as_object_mut(), automatic.as_object()) else {
        return merged;
    };
    let given = object.clone();
    for field in message.fields {
        let Some(value) = automatic.get(field.name) else {
            continue;
        };
        let is_rival = |other: &&Field| {
            field.oneof.is_some() && other.oneof == field.oneof && other.name != field.name
        };
        let mut rivals = message.fields.iter().filter(is_rival);
        match (given.get(field.name), field.label, field.ty) {
            (None, ..) if rivals.any(|rival| given.contains_key(rival.name)) => {}
            (None, ..) => {
                object.insert(field.name.to_owned(), value.clone());
            }
            (Some(Value::Object(entries)), Label::Map(_), _) => {
                let mut all = value.as_object().cloned().unwrap_or_default();
                all.extend(entries.clone());
                object.insert(field.name.to_owned(), Value::Object(all));
            }
            (Some(inner), Label::Singular | Label::Optional, Type::Message(ty))
                if !ty.full_name.starts_with("google.protobuf.") =>
            {
                object.insert(field.name.to_owned(), self::merged(ty, inner, value));
            }
            _ => {}
        }
    }
    merged
}

/// Numbers that look random, the same ones for one seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (self.0 >> 33) % limit
    }

    fn document(&mut self, message: &Message, depth: u32) -> Value {
        let mut object = Map::new();
        let mut chosen = Vec::new();
        for field in message.fields {
            if self.below(3) != 0 || field.oneof.is_some_and(|oneof| chosen.contains(&oneof)) {
                continue;
            }
            if let Some(value) = self.field(field, depth) {
                chosen.extend(field.oneof);
                object.insert(field.name.to_owned(), value);
            }
        }
        Value::Object(object)
    }

    fn field(&mut self, field: &Field, depth: u32) -> Option<Value> {
        let count = self.below(3);
        match field.label {
            Label::Singular | Label::Optional => self.value(field.ty, depth),
            Label::Repeated => {
                let values = (0..count).filter_map(|_| self.value(field.ty, depth));
                Some(Value::Array(values.collect()))
            }
            Label::Map(key) => {
                let mut entries = Map::new();
                for number in 0..count {
                    let key = match key {
                        Scalar::Bool => (number == 0).to_string(),
                        _ => self.below(3).to_string(),
                    };
                    entries.insert(key, self.value(field.ty, depth)?);
                }
                Some(Value::Object(entries))
            }
        }
    }

    fn value(&mut self, ty: Type, depth: u32) -> Option<Value> {
        let number = self.below(3);
        Some(match ty {
            Type::Message(message) if !message.full_name.starts_with("google.protobuf.") => {
                if depth == 0 {
                    return None;
                }
                self.document(message, depth - 1)
            }
            Type::Message(message) => match message.name() {
                "Duration" => json!(format!("{number}s")),
                "Timestamp" => json!(format!("1970-01-01T00:00:0{number}Z")),
                "Value" | "DoubleValue" | "Int32Value" => json!(number),
                "StringValue" => json!(number.to_string()),
                "ListValue" => json!([number]),
                "Struct" => json!({number.to_string(): 1}),
                _ => return None,
            },
            // `null` would be its only value.
            Type::Enum(it) if it.full_name.starts_with("google.protobuf.") => return None,
            Type::Enum(_) | Type::Scalar(_) => match ty {
                Type::Scalar(Scalar::Bool) => json!(number == 0),
                Type::Scalar(Scalar::String) => json!(["", "a", "b"].get(number as usize)),
                Type::Scalar(Scalar::Bytes) => json!(["", "AA==", "AQ=="].get(number as usize)),
                _ => json!(number),
            },
        })
    }
}

proptest::proptest! {
    #[test]
    fn filling_agrees_with_a_merge_of_documents(seed: u64) {
        let mut dice = Dice(seed);
        for message in wide_api::schema().messages {
            if message.full_name.starts_with("google.protobuf.") {
                continue;
            }
            let (given, automatic) = (dice.document(message, 3), dice.document(message, 3));
            let expected = merged(message, &given, &automatic);
            let checked = check(message, &given, &automatic, &expected);
            proptest::prop_assert!(checked.is_ok(), "{checked:?}");
            // Filled from nothing it stays as it is; nothing is filled with all.
            let nothing = json!({});
            for (given, automatic) in [(&given, &nothing), (&nothing, &automatic)] {
                let all = if given == &nothing { automatic } else { given };
                let checked = check(message, given, automatic, all);
                proptest::prop_assert!(checked.is_ok(), "{checked:?}");
            }
        }
    }
}
