//! Writing where in a message a value stands: the path that a setter takes, such as
//! `storages[0].driver` or `sysctl["a.b"]`, step by step.

use agent_text::escape;

use crate::reflect::Key;

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

/// Goes on to an entry of a map whose keys are not strings, by a text that may not be
/// such a key.
pub(crate) fn push_key_text(key: &str, path: &mut String) {
    path.push_str(&format!("[{}]", escape::line(key)));
}
