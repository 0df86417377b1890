//! The kinds of rules there are, and how each is written.

/// A kind of rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 9] = [
        Kind::Reply,
        Kind::ReplyWith,
        Kind::Fail,
        Kind::Delay,
        Kind::Drop,
        Kind::Close,
        Kind::Die,
        Kind::Garbage,
        Kind::Truncate,
    ];

    /// The word that a rule of this kind begins with, which is its flag's name too.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Reply => "reply",
            Kind::ReplyWith => "reply-with",
            Kind::Fail => "fail",
            Kind::Delay => "delay",
            Kind::Drop => "drop",
            Kind::Close => "close",
            Kind::Die => "die",
            Kind::Garbage => "garbage",
            Kind::Truncate => "truncate",
        }
    }

    /// How such a rule is written.
    pub(super) fn form(self) -> &'static str {
        match self {
            Kind::Reply => "reply RPC json://{...} field=value ...",
            Kind::ReplyWith => "reply-with RPC field=value ...",
            Kind::Fail => "fail RPC STATUS \"message\"",
            Kind::Delay => "delay RPC TIME",
            Kind::Drop => "drop RPC",
            Kind::Close => "close RPC",
            Kind::Die => "die RPC",
            Kind::Garbage => "garbage RPC, with hex:00ff or a number of bytes after it",
            Kind::Truncate => "truncate RPC, with a number of bytes after it",
        }
    }
}
