//! Where a script goes on after a command: with the next one, out of loops, or
//! nowhere. It knows no command.

/// What is to be done after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The next one.
    Next,
    /// The shell ends.
    Exit,
    /// So many loops end.
    Break(u32),
    /// The last of so many loops begins its next round.
    Continue(u32),
}

impl Flow {
    /// What a loop makes of what its body says: None to go on.
    pub(super) fn leaves(self) -> Option<Flow> {
        match self {
            Flow::Next | Flow::Continue(0 | 1) => None,
            Flow::Break(0 | 1) => Some(Flow::Next),
            Flow::Break(loops) => Some(Flow::Break(loops - 1)),
            Flow::Continue(loops) => Some(Flow::Continue(loops - 1)),
            Flow::Exit => Some(Flow::Exit),
        }
    }
}
