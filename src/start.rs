//! The program's entry in place of that of Rust's runtime, which reads the map of the
//! program's memory to find the end of the stack: a twelfth of a short run, for the
//! text of one error. Besides that text only the main thread's name is missing, in that of a
//! panic. It knows nothing of what the program does.

use std::process;

use nix::libc::{self, c_char, c_int, pollfd};

const STANDARD_STREAMS: [c_int; 3] = [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO];

/// What the C library calls. The arguments are left to [`std::env`], to which glibc
/// gives them before this.
#[unsafe(no_mangle)]
extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    open_standard_streams();
    // SAFETY: no other thread is there yet that could set it too. A reader that has
    // gone is an error of a write, then.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    // This writes what a buffer of the standard library's holds; a return does not.
    process::exit(c_int::from(crate::run()))
}

/// Opens `/dev/null` for a standard stream that is closed, so that no other file comes
/// to stand in its place and takes what is meant for it.
fn open_standard_streams() {
    let mut polled = STANDARD_STREAMS.map(|fd| pollfd {
        fd,
        events: 0,
        revents: 0,
    });
    // SAFETY: the array lives through the call, and that is its length.
    let found = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, 0) };
    if found == 0 {
        return;
    }
    // In their order: the lowest number that is free is the one that is opened.
    for stream in polled {
        if stream.revents & libc::POLLNVAL != 0 {
            // SAFETY: the path is a string that ends with a zero byte.
            let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
            if opened != stream.fd {
                process::abort();
            }
        }
    }
}
