//! Writing where in a message a value stands: the path that a setter takes, such as
//! `storages[0].driver` or `sysctl["a.b"]`, step by step.

use agent_text::escape;
use agent_text::excerpt::Excerpt;

use crate::reflect::Key;

/// How many characters of a key are written where it could be any agent's.
const LONGEST_KEY: usize = 60;

/// Goes on to a field of the message that `path` leads to.
pub(crate) fn push_field(name: &str, path: &mut String) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Goes on to an element of a list.
pub(crate) fn push_index(index: usize, path: &mut String) {
    path.push_str(&format!("[{index}]"));
}

/// Goes on to an entry of a map.
pub(crate) fn push_key(key: &Key<'_>, path: &mut String) {
    path.push_str(&format!("[{key}]"));
}

/// Goes on to an entry of a map, of whose key only the beginning is written if it is long.
pub(crate) fn push_key_excerpt(key: &Key<'_>, path: &mut String) {
    match key {
        Key::String(text) if text.chars().nth(LONGEST_KEY).is_some() => {
            path.push_str(&format!("[{}]", Excerpt(text)));
        }
        key => push_key(key, path),
    }
}

/// Goes on to an entry of a map whose keys are not strings, by a text that may not be
/// such a key.
pub(crate) fn push_key_text(key: &str, path: &mut String) {
    path.push_str(&format!("[{}]", escape::line(key)));
}
