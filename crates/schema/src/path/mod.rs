//! Setters: paths to fields as a user writes them, such as `storages[0].driver` or
//! `sysctl["a.b"]`, and putting a value there.

mod error;
mod resolve;
mod set;
mod syntax;

pub use self::error::{PathError, PathProblem, SetError, SetProblem};
pub use self::resolve::{Element, Resolved, Step, resolve};
pub use self::set::{Prepared, set};
pub(crate) use self::syntax::names;
pub use self::syntax::{Brackets, Unfinished, setter_path, split_setter, unfinished};

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
mod tests;
