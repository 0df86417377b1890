//! How many files this process may have open, and how many connections that
//! allows.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The descriptors of one connection: the client's, and both ends of the
/// socket between relay and server.
const PER_CONNECTION: u64 = 3;
/// The descriptors for everything else.
const OTHERS: u64 = 40;
/// As many connections as are ever open at once, whatever the limit.
const MOST: u64 = 100_000;

/// Allows this process all the files that it may allow itself.
pub(crate) fn raise() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it is not allowed, fewer clients are served at once.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// How many connections may be open at once.
pub(super) fn connections() -> usize {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
    of(files)
}

fn of(files: u64) -> usize {
    let count = files.saturating_sub(OTHERS) / PER_CONNECTION;
    usize::try_from(count.clamp(1, MOST)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_one_and_never_for_more_than_files_allow() {
        for (files, expected) in [
            (0, 1),
            (64, 8),
            (1024, 328),
            (1_048_576, 100_000),
            (u64::MAX, 100_000),
        ] {
            assert_eq!(of(files), expected, "{files}");
        }
    }
}
