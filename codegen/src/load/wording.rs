//! What protox says about a file's syntax, where that would mislead whoever reads
//! it.

use miette::Diagnostic as _;

/// What is wrong at an offset of a text.
pub(super) fn syntax(text: &str, offset: usize, error: &protox::Error) -> String {
    let what = error.to_string();
    let here = text.get(offset..).unwrap_or_default();
    let help = error.help().map(|help| help.to_string());
    if help.is_some_and(|help| help.starts_with("imports ")) {
        let path = quoted(here);
        return format!(
            "import path \"{path}\" must be relative to the folder of the protos, without \".\", \"..\", \"//\" or \"\\\""
        );
    }
    if what.ends_with("but found 'edition'") {
        return "editions are not supported: only files that begin with syntax = \"proto3\" or \"proto2\"".to_owned();
    }
    if what.ends_with("but found 'syntax'") {
        return "syntax = \"...\" must stand once, before anything else".to_owned();
    }
    if what.contains("with proto2 syntax") && !text.contains("syntax") {
        return format!("{what}; the file has no line syntax = \"proto3\" and so is proto2");
    }
    what
}

/// The string at the start of a text, as it was written.
fn quoted(text: &str) -> &str {
    let mut parts = text.split(['"', '\'']);
    parts.nth(1).unwrap_or_default()
}
