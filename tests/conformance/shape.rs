//! Compares a response with its shape: which fields there are, of what kind,
//! and the values where they must be equal. The words of the notation are
//! explained in `scripts/README.md`.

use serde_json::Value;

/// In a shape: whatever follows is right too.
const OPEN: &str = "...";
/// In a shape: what is said of each field that is not named.
const EACH: &str = "<each>";

/// What is wrong with the first value that differs, and where it is.
pub(crate) fn compare(shape: &Value, found: &Value) -> Result<(), String> {
    at("", shape, found)
}

fn at(path: &str, shape: &Value, found: &Value) -> Result<(), String> {
    let differs = || Err(format!("{path}: {shape}, not {found}"));
    match (shape, found) {
        (Value::Object(shape), Value::Object(found)) => {
            for (name, shape) in shape {
                let (plain, optional) = match name.strip_suffix('?') {
                    Some(plain) => (plain, true),
                    None => (name.as_str(), false),
                };
                match found.get(plain) {
                    _ if name == OPEN || name == EACH => {}
                    Some(found) => at(&format!("{path}.{plain}"), shape, found)?,
                    None if optional => {}
                    None => return Err(format!("{path}.{plain}: it is missing")),
                }
            }
            for (name, value) in found {
                let named = shape.contains_key(name) || shape.contains_key(&format!("{name}?"));
                match shape.get(EACH) {
                    _ if named || shape.contains_key(OPEN) => {}
                    Some(each) => at(&format!("{path}.{name}"), each, value)?,
                    None => return Err(format!("{path}.{name}: {value}, which is too much")),
                }
            }
            Ok(())
        }
        (Value::Array(shape), Value::Array(found)) => {
            let (shape, open) = match shape.split_last() {
                Some((Value::String(last), rest)) if last == OPEN => (rest, true),
                _ => (shape.as_slice(), false),
            };
            if found.len() < shape.len() || (found.len() > shape.len() && !open) {
                return Err(format!(
                    "{path}: {} items, not {}",
                    shape.len(),
                    found.len()
                ));
            }
            let mut pairs = shape.iter().zip(found).enumerate();
            pairs.try_for_each(|(index, (shape, found))| {
                at(&format!("{path}[{index}]"), shape, found)
            })
        }
        (Value::String(shape), found) if is(shape, found) => Ok(()),
        _ if shape == found => Ok(()),
        _ => differs(),
    }
}

/// Whether a value is what the word or pattern says.
fn is(shape: &str, found: &Value) -> bool {
    match (shape, found) {
        ("<number>", Value::Number(_)) => true,
        // 64-bit integers are strings in ProtoJSON.
        ("<number>", Value::String(text)) => {
            !text.is_empty() && text.bytes().all(|each| each.is_ascii_digit())
        }
        ("<bool>", Value::Bool(_)) => true,
        ("<list>", Value::Array(items)) => !items.is_empty(),
        (_, Value::String(text)) => match shape.strip_prefix("text:") {
            Some(pattern) => text_of(text).is_some_and(|text| matches(pattern, &text)),
            None => matches(shape, text),
        },
        _ => false,
    }
}

/// Whether a text is what a pattern says, in which `*` stands for any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|after| {
            let starts = after.char_indices().map(|(index, _)| index);
            let mut starts = starts.chain([after.len()]);
            starts.any(|index| matches(rest, &after[index..]))
        }),
    }
}

/// The text that is encoded in base64.
fn text_of(encoded: &str) -> Option<String> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in encoded.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|each| *each == digit)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

#[test]
fn shapes_are_compared() {
    let agree = |shape: &str, found: &str| {
        let read = |text| serde_json::from_str(text).unwrap();
        compare(&read(shape), &read(found)).is_ok()
    };
    assert!(agree(r#"{"a":"<number>","b?":1}"#, r#"{"a":"12"}"#));
    assert!(!agree(r#"{"a":"<number>"}"#, r#"{"a":"1x"}"#));
    assert!(!agree(r#"{"a":"<number>"}"#, r#"{"a":1,"b":2}"#));
    assert!(agree(r#"{"...":"","a":1}"#, r#"{"a":1,"b":2}"#));
    assert!(!agree(r#"{"...":"","a":1}"#, r#"{"b":2}"#));
    assert!(agree(r#"{"<each>":"<bool>"}"#, r#"{"x":true,"y":false}"#));
    assert!(!agree(r#"{"<each>":"<bool>"}"#, r#"{"x":1}"#));
    assert!(agree(r#"[1,"..."]"#, "[1,2]"));
    assert!(!agree(r#"[1,"..."]"#, "[2,1]") && !agree("[1]", "[1,2]"));
    assert!(agree(r#""text:hello\n""#, r#""aGVsbG8K""#));
    assert!(!agree(r#""text:hello""#, r#""aGVsbG8K""#));
    assert!(agree(r#""a*c*""#, r#""abcd""#) && !agree(r#""a*c""#, r#""abcd""#));
}
