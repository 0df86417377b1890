//! Why bytes are no message, in plain words. The decoder's own are terse, and it
//! gives them as text only.

/// The decoder's words, and what they mean.
const MEANINGS: [(&str, &str); 8] = [
    ("Unexpected EOF", "it ends within a field"),
    ("Truncated message", "it ends within a field"),
    (
        "Unexpected wire type",
        "a field has a type that it cannot have",
    ),
    (
        "Incorrect tag",
        "a field's number or type is not one that protobuf has",
    ),
    (
        "Incorrect varint",
        "a number has more bits than protobuf allows",
    ),
    ("Invalid UTF-8 sequence", "a string is not UTF-8"),
    (
        "Over recursion limit",
        "it is nested more than 100 levels deep",
    ),
    (
        "New limit must not be greater than current limit",
        "a field is longer than what it is in",
    ),
];

/// Why the decoder refused bytes.
pub fn decoding(error: &protobuf::Error) -> String {
    let text = error.to_string();
    // What is too large follows.
    if text.starts_with("Value too large for ") {
        return "a number has more than 32 bits where it may not".to_owned();
    }
    match MEANINGS.iter().find(|(given, _)| *given == text) {
        Some((_, meaning)) => (*meaning).to_owned(),
        None => text,
    }
}
