//! The text forms of a message that the tool takes and prints, made from the
//! message by reflection: setters, and ProtoJSON by a library of its own.

use protobuf::MessageDyn;
use protobuf::reflect::{ReflectFieldRef, ReflectValueRef};
use protobuf_json_mapping::PrintOptions;

/// How field names are spelled in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As in the proto file: `container_id`.
    Proto,
    /// As ProtoJSON's default is: `containerId`.
    Json,
}

/// The message as a ProtoJSON document on one line.
///
/// # Panics
/// When the message holds what ProtoJSON cannot express.
#[expect(clippy::expect_used, reason = "a panic is how a test fails")]
pub fn json(message: &dyn MessageDyn, names: Names) -> String {
    let options = PrintOptions {
        proto_field_name: names == Names::Proto,
        ..Default::default()
    };
    protobuf_json_mapping::print_to_string_with_options(message, &options)
        .expect("the message can be written as JSON")
}

/// Reads a ProtoJSON document of the type that `like` has.
///
/// # Errors
/// The reason why the text is not such a document.
pub fn from_json(like: &dyn MessageDyn, text: &str) -> Result<Box<dyn MessageDyn>, String> {
    protobuf_json_mapping::parse_dyn_from_str(&like.descriptor_dyn(), text)
        .map_err(|error| error.to_string())
}

/// One `path=value` for each leaf, in the order of the fields, quoted as the
/// words of a command are.
pub fn setters(message: &dyn MessageDyn) -> Vec<String> {
    let mut setters = Vec::new();
    message_setters("", message, &mut setters);
    setters
}

fn message_setters(prefix: &str, message: &dyn MessageDyn, setters: &mut Vec<String>) {
    for field in message.descriptor_dyn().fields() {
        let path = format!("{prefix}{}", field.name());
        match field.get_reflect(message) {
            ReflectFieldRef::Optional(value) => {
                if let Some(value) = value.value() {
                    value_setters(&path, &value, setters);
                }
            }
            ReflectFieldRef::Repeated(list) => {
                for (index, value) in (&list).into_iter().enumerate() {
                    // The two forms that grow a list: appending, and an index.
                    match value {
                        ReflectValueRef::Message(_) => {
                            value_setters(&format!("{path}[{index}]"), &value, setters);
                        }
                        _ => value_setters(&path, &value, setters),
                    }
                }
            }
            ReflectFieldRef::Map(map) => {
                for (key, value) in &map {
                    value_setters(&format!("{path}[{}]", map_key(&key)), &value, setters);
                }
            }
        }
    }
}

fn value_setters(path: &str, value: &ReflectValueRef<'_>, setters: &mut Vec<String>) {
    if let ReflectValueRef::Message(message) = value {
        let before = setters.len();
        message_setters(&format!("{path}."), &**message, setters);
        if setters.len() == before {
            setters.push(format!("{path}={{}}"));
        }
        return;
    }
    setters.push(format!("{path}={}", scalar(value)));
}

fn scalar(value: &ReflectValueRef<'_>) -> String {
    match value {
        ReflectValueRef::I32(value) => value.to_string(),
        ReflectValueRef::I64(value) => value.to_string(),
        ReflectValueRef::U32(value) => value.to_string(),
        ReflectValueRef::U64(value) => value.to_string(),
        ReflectValueRef::F32(value) => value.to_string(),
        ReflectValueRef::F64(value) => value.to_string(),
        ReflectValueRef::Bool(value) => value.to_string(),
        ReflectValueRef::String(value) => quoted(value),
        ReflectValueRef::Bytes(value) => format!("hex:{}", hex(value)),
        ReflectValueRef::Enum(descriptor, number) => match descriptor.value_by_number(*number) {
            Some(value) => value.name().to_owned(),
            None => number.to_string(),
        },
        ReflectValueRef::Message(_) => unreachable!("a message is no scalar"),
    }
}

/// In single quotes, as a POSIX shell takes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As a JSON string, which may hold the bracket that ends a bare key.
fn map_key(key: &ReflectValueRef<'_>) -> String {
    let ReflectValueRef::String(key) = key else {
        return scalar(key);
    };
    let mut text = String::from("\"");
    for character in key.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\t' => text.push_str("\\t"),
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

/// Lower-case hex digits without a separator.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
