//! The guest that most tests share, booted by the first of them, and what happens
//! where none can be had. It knows nothing of what a guest consists of.

use std::path::Path;
use std::sync::{LazyLock, OnceLock};
use std::thread;

use test_support::vm::{Pieces, gather};
use test_support::{skip, skip_even_if_required};

use crate::guest::Guest;

/// What guests are made of, or why there can be none.
static PIECES: LazyLock<Result<Pieces, String>> =
    LazyLock::new(|| gather(Path::new(env!("CARGO_TARGET_TMPDIR"))));
static SHARED: OnceLock<Guest> = OnceLock::new();

/// Tells of the guest's console when a test fails.
struct Witness<'a>(&'a Guest);

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.0.logs());
        }
    }
}

/// Runs a test with the guest that others use at the same time.
pub(crate) fn with_guest(test: impl FnOnce(&Guest)) {
    with_pieces(|pieces| {
        let guest = SHARED.get_or_init(|| Guest::start(pieces, "shared").unwrap());
        let _witness = Witness(guest);
        // The device sometimes gets stuck for good when a hundred clients come before
        // the guest has set up its side.
        guest.run("true");
        test(guest);
    });
}

/// Runs a test with a guest of its own, which has just been switched on.
pub(crate) fn with_own_guest(name: &str, test: impl FnOnce(&Guest)) {
    with_pieces(|pieces| {
        let guest = Guest::start(pieces, name).unwrap();
        let _witness = Witness(&guest);
        test(&guest);
    });
}

fn with_pieces(test: impl FnOnce(&Pieces)) {
    match &*PIECES {
        Ok(pieces) => test(pieces),
        // No kernel for other machines is packaged in this form.
        Err(reason) if !cfg!(target_arch = "x86_64") => skip_even_if_required(reason),
        Err(reason) => skip(format_args!("there is no virtual machine: {reason}")),
    }
}
