//! The kinds of rules there are, and how each is written.

/// A kind of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// `reply RPC [DOCUMENT] [SETTER...]`
    Reply,
    /// `reply-with RPC [DOCUMENT] [SETTER...]`
    ReplyWith,
    /// `fail RPC STATUS [MESSAGE]`
    Fail,
    /// `delay RPC TIME`
    Delay,
    /// `drop RPC`
    Drop,
    /// `close RPC`
    Close,
    /// `die RPC`
    Die,
    /// `garbage RPC [BYTES]`
    Garbage,
    /// `truncate RPC [COUNT]`
    Truncate,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 9] = [
        FaultKind::Reply,
        FaultKind::ReplyWith,
        FaultKind::Fail,
        FaultKind::Delay,
        FaultKind::Drop,
        FaultKind::Close,
        FaultKind::Die,
        FaultKind::Garbage,
        FaultKind::Truncate,
    ];

    /// The word that a rule of this kind begins with, which is its flag's name too.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Reply => "reply",
            FaultKind::ReplyWith => "reply-with",
            FaultKind::Fail => "fail",
            FaultKind::Delay => "delay",
            FaultKind::Drop => "drop",
            FaultKind::Close => "close",
            FaultKind::Die => "die",
            FaultKind::Garbage => "garbage",
            FaultKind::Truncate => "truncate",
        }
    }

    /// How such a rule is written.
    pub(super) fn form(self) -> &'static str {
        match self {
            FaultKind::Reply => "reply RPC json://{...} field=value ...",
            FaultKind::ReplyWith => "reply-with RPC field=value ...",
            FaultKind::Fail => "fail RPC STATUS \"message\"",
            FaultKind::Delay => "delay RPC TIME",
            FaultKind::Drop => "drop RPC",
            FaultKind::Close => "close RPC",
            FaultKind::Die => "die RPC",
            FaultKind::Garbage => "garbage RPC, with hex:00ff or a number of bytes after it",
            FaultKind::Truncate => "truncate RPC, with a number of bytes after it",
        }
    }
}
