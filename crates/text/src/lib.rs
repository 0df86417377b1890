//! How values from outside are written and read: times as users type them, and text
//! of a user or an agent made safe to show.

#![forbid(unsafe_code)]

pub mod duration;
pub mod escape;
pub mod excerpt;
