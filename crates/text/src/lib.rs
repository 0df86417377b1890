//! How values from outside are written and read: times as users type them, and text
//! of a user or an agent made safe to show.

#![forbid(unsafe_code)]

pub mod duration;
pub mod escape;
pub mod excerpt;

/// What went wrong in the operating system's words, without its error number.
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    plain.to_lowercase()
}
