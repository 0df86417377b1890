//! A guest in a virtual machine, emulated in software: what it is made of, how it is
//! started, and a shell in it. It knows nothing of what tests want of it.

mod image;
mod machine;
mod pieces;
mod process;
mod shell;

pub use image::{Contents, build};
pub use machine::{LIMIT, Machine};
pub use pieces::{Pieces, gather, run};
