//! Whether standard output was closed when the program was started, as `>&-` in a
//! shell does. Rust opens `/dev/null` in its place before `main`, and nothing tells
//! that apart from a `/dev/null` that was meant, so it is looked at before Rust does.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::libc;

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The C runtime calls what this section holds before it calls Rust's own start.
#[used]
#[unsafe(link_section = ".init_array")]
static LOOK: extern "C" fn() = look;

extern "C" fn look() {
    // SAFETY: F_GETFD takes no argument and touches no memory; nothing of Rust's
    // that has to be started first is used here.
    let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
    WAS_CLOSED.store(flags == -1, Ordering::Relaxed);
}

/// Refuses a standard output that was closed when the program was started.
///
/// # Errors
/// When it was.
pub fn check() -> io::Result<()> {
    match WAS_CLOSED.load(Ordering::Relaxed) {
        true => Err(Errno::EBADF.into()),
        false => Ok(()),
    }
}
