//! One rule: for which calls it is, and what happens to them.

use std::sync::Arc;
use std::time::Duration;

use agent_schema::{Reflect, Rpc, Schema};

use super::calls::Calls;
use super::dice::Dice;
use super::kind::FaultKind;
use super::reply::Changes;
use super::target::{Field, Target};

/// What a rule does to a call.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// It waits so long before anything else happens.
    Delay(Duration),
    /// It does not go its own way.
    Fault(Fault),
    /// It gets so many random bytes in its answer's place, which begin no frame
    /// that ttRPC allows.
    RandomGarbage(usize),
}

/// What becomes of a call that does not go its own way.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    /// It gets this answer, encoded.
    Reply(Vec<u8>),
    /// Its answer is changed.
    ReplyWith(Arc<Changes>),
    /// It is refused with this code, any number but 0, and this message.
    Fail(i32, String),
    /// It is never answered.
    Drop,
    /// Its connection is closed.
    Close,
    /// The agent dies: all connections are closed, and what it knows is lost.
    Die,
    /// It gets these bytes where its answer's frame would stand.
    Garbage(Vec<u8>),
    /// Its answer's frame is cut after so many bytes, or after half of them, and
    /// the connection closed.
    Truncate(Option<usize>),
}

impl Fault {
    /// The kind of the rules that it comes from.
    pub(super) fn kind(&self) -> FaultKind {
        match self {
            Fault::Reply(_) => FaultKind::Reply,
            Fault::ReplyWith(_) => FaultKind::ReplyWith,
            Fault::Fail(..) => FaultKind::Fail,
            Fault::Drop => FaultKind::Drop,
            Fault::Close => FaultKind::Close,
            Fault::Die => FaultKind::Die,
            Fault::Garbage(_) => FaultKind::Garbage,
            Fault::Truncate(_) => FaultKind::Truncate,
        }
    }

    /// Whether a call gets to the server all the same.
    pub(super) fn passes(&self, is_streaming: bool) -> bool {
        match self {
            // Of a stream each message is replaced.
            Fault::Reply(_) => is_streaming,
            Fault::ReplyWith(_) | Fault::Truncate(_) => true,
            Fault::Fail(..) | Fault::Drop | Fault::Close | Fault::Die | Fault::Garbage(_) => false,
        }
    }
}

/// A rule that is in force.
#[derive(Debug)]
pub(super) struct Rule {
    /// As it was written, with its kind in front.
    pub(super) text: String,
    /// Its RPCs.
    pub(super) target: Target,
    /// What a field of their requests must be.
    pub(super) field: Option<Field>,
    /// Which of these calls.
    pub(super) calls: Calls,
    /// What happens to these.
    pub(super) effect: Effect,
    /// How many such calls have come since it is in force.
    pub(super) seen: u64,
    /// To how many of them it was applied.
    pub(super) applied: u64,
}

impl Rule {
    /// Counts a call, and tells whether the rule is for it.
    pub(super) fn count<'a>(
        &mut self,
        schema: &'static Schema,
        dice: Dice,
        number: u64,
        rpc: Option<&Rpc>,
        request: &impl Fn() -> Option<&'a dyn Reflect>,
    ) -> bool {
        let has_field = |field: &Field| request().is_some_and(|it| field.is_in(schema, it));
        if !self.target.includes(rpc) || !self.field.as_ref().is_none_or(has_field) {
            return false;
        }
        self.seen = self.seen.saturating_add(1);
        self.calls.include(dice, number, self.seen)
    }

    /// Whether it depends on the seed.
    pub(super) fn by_chance(&self) -> bool {
        self.calls.by_chance() || matches!(self.effect, Effect::RandomGarbage(_))
    }
}
