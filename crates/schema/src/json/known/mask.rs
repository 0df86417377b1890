//! The text of a `FieldMask`: paths with commas between them, in lowerCamelCase
//! while the message has the proto's own names.

use crate::reflect::Value;

/// The paths that a text lists. `None` if one cannot have come from a name.
pub(super) fn parse(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(snake_case).collect()
}

fn snake_case(path: &str) -> Option<String> {
    let mut name = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '_' => return None,
            'A'..='Z' => {
                name.push('_');
                name.push(c.to_ascii_lowercase());
            }
            c => name.push(c),
        }
    }
    Some(name)
}

/// The text of a list of paths. `None` if one of them would not read back.
pub(super) fn text(paths: Value<'_>) -> Option<String> {
    let Value::List(paths) = paths else {
        return None;
    };
    let mut text = String::new();
    for index in 0..paths.len() {
        let Some(Value::String(path)) = paths.get(index) else {
            return None;
        };
        if index > 0 {
            text.push(',');
        }
        push_camel_case(path, &mut text)?;
    }
    Some(text)
}

fn push_camel_case(path: &str, text: &mut String) -> Option<()> {
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '_' => text.push(
                chars
                    .next()
                    .filter(char::is_ascii_lowercase)?
                    .to_ascii_uppercase(),
            ),
            'A'..='Z' | ',' => return None,
            c => text.push(c),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_their_case() {
        assert_eq!(parse(""), Some(vec![]));
        assert_eq!(
            parse("user.firstName,age"),
            Some(vec!["user.first_name".to_owned(), "age".to_owned()])
        );
        assert_eq!(parse("first_name"), None);
        let paths = vec!["user.first_name".to_owned(), "age".to_owned()];
        assert_eq!(
            text(Value::List(&paths)).as_deref(),
            Some("user.firstName,age")
        );
        for bad in ["Name", "a_", "a__b", "a_1", "a,b"] {
            assert_eq!(text(Value::List(&vec![bad.to_owned()])), None, "{bad}");
        }
    }
}
