//! SIGINT and SIGTERM, and the SIGHUP of a terminal that is closed, noticed by whatever waits. A signal sets a flag and writes a byte to a
//! socket that each wait polls beside its own descriptor, so that one which comes between a
//! look at the flag and the wait is not lost.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeSpec;
use nix::unistd::getpid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use thiserror::Error;

/// The exit status of a process that a second signal ends.
const EXIT_STATUS: i32 = 130;

/// How often a line editor is told of a SIGTERM or SIGHUP until it has heard it.
const REMINDER: Duration = Duration::from_millis(50);

/// Whether a signal came since [`install`] or the last [`clear`].
static RAISED: AtomicBool = AtomicBool::new(false);
/// Whether the next signal ends the process.
static NEXT_ENDS: AtomicBool = AtomicBool::new(false);
/// Whether a SIGTERM or a SIGHUP came.
static TERMINATED: AtomicBool = AtomicBool::new(false);
/// The end of the socket pair that waits poll.
static WAKER: OnceLock<UnixStream> = OnceLock::new();

/// SIGINT, SIGTERM or SIGHUP came while something was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Handles SIGINT, SIGTERM and SIGHUP from now on, the last one unless it is ignored, as nohup
/// has it. The first one is noticed by whatever waits; a
/// second one before [`clear`] ends the process with status 130, for the work that does not
/// wait. Calling this again changes nothing.
///
/// # Errors
/// When the system gives no socket pair, or a handler cannot be set.
pub fn install() -> io::Result<()> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if WAKER.get().is_some() {
        return Ok(());
    }
    let (read_end, write_end) = UnixStream::pair()?;
    read_end.set_nonblocking(true)?;
    let hang_up = (!is_ignored(Signal::SIGHUP)).then_some(SIGHUP);
    for signal in [SIGINT, SIGTERM].into_iter().chain(hang_up) {
        // These actions run in this order whenever the signal comes.
        flag::register_conditional_shutdown(signal, EXIT_STATUS, &NEXT_ENDS)?;
        flag::register(signal, &NEXT_ENDS)?;
        if signal != SIGINT {
            flag::register(signal, &TERMINATED)?;
        }
        flag::register(signal, &RAISED)?;
        low_level::pipe::register(signal, write_end.try_clone()?)?;
    }
    WAKER.get_or_init(|| read_end);
    Ok(())
}

/// Whether a signal is ignored by this process, as by one that nohup started. Where the
/// system does not tell, it is not.
pub fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let ignored = lines
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.unwrap_or(0) & (1 << (signal as u32 - 1)) != 0
}

/// Whether one of them came since [`install`] or the last [`clear`].
pub fn is_raised() -> bool {
    RAISED.load(Ordering::SeqCst)
}

/// Whether a SIGTERM or a SIGHUP has ever come: the user wants the program to end, and not only what it
/// is doing.
pub fn is_terminated() -> bool {
    TERMINATED.load(Ordering::SeqCst)
}

/// [`is_raised`] as a result, for loops that do not wait.
///
/// # Errors
/// When a signal came.
pub fn check() -> Result<(), Interrupted> {
    match is_raised() {
        true => Err(Interrupted),
        false => Ok(()),
    }
}

/// Forgets the signal, for a prompt that goes on after Ctrl-C.
pub fn clear() {
    // In this order a signal that comes in between still leaves the flag set.
    NEXT_ENDS.store(false, Ordering::SeqCst);
    RAISED.store(false, Ordering::SeqCst);
    if let Some(mut waker) = WAKER.get() {
        let mut bytes = [0; 64];
        while waker.read(&mut bytes).is_ok_and(|count| count > 0) {}
    }
}

/// Runs a line editor that handles SIGINT in its own way and does not know the others: they are
/// passed on to it as a SIGINT, so that it puts the terminal in order and returns.
pub fn while_editing<T>(edit: impl FnOnce() -> T) -> T {
    // Its closing tells that the editor has returned.
    let Ok((is_editing, returned)) = UnixStream::pair() else {
        return edit();
    };
    thread::scope(|scope| {
        // Without a thread the editor does not hear of them, and works all the same.
        let _ = thread::Builder::new().spawn_scoped(scope, move || pass_on(&returned));
        let edited = edit();
        drop(is_editing);
        edited
    })
}

/// Passes a SIGTERM or SIGHUP on as a SIGINT until `returned` is closed from its other end. It has to be
/// said more than once: the editor hears nothing before it has set its own handler, nor just
/// before it reads a key.
fn pass_on(returned: &UnixStream) {
    let awaited = (returned.as_fd(), PollFlags::POLLIN);
    if wait(Some(awaited), None) != Err(Stop::Interrupted) {
        return;
    }
    while is_terminated() {
        // Where the editor does not handle it yet, or no more, it must not end the process
        // before the terminal is in order.
        NEXT_ENDS.store(false, Ordering::SeqCst);
        let _ = kill(getpid(), Signal::SIGINT);
        let polled = PollFd::new(returned.as_fd(), PollFlags::POLLIN);
        let reminder = Instant::now().checked_add(REMINDER);
        if poll(&mut [polled], reminder) != Err(Stop::Late) {
            return;
        }
    }
}

/// Sleeps for `duration`, or until a signal comes.
///
/// # Errors
/// When a signal came, before the sleep or in it.
pub fn sleep(duration: Duration) -> Result<(), Interrupted> {
    match wait(None, Instant::now().checked_add(duration)) {
        Err(Stop::Interrupted) => Err(Interrupted),
        Ok(()) | Err(Stop::Late | Stop::Failed(_)) => Ok(()),
    }
}

/// Waits until `descriptor` (standard input, say) has something to read or is
/// at its end.
///
/// # Errors
/// When a signal came, before the wait or in it. A descriptor that cannot be
/// polled counts as readable: reading it tells what is wrong.
pub fn wait_readable(descriptor: BorrowedFd<'_>) -> Result<(), Interrupted> {
    match wait(Some((descriptor, PollFlags::POLLIN)), None) {
        Err(Stop::Interrupted) => Err(Interrupted),
        Ok(()) | Err(Stop::Late | Stop::Failed(_)) => Ok(()),
    }
}

/// Why a wait ended without what was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The time is over.
    Late,
    /// A signal came.
    Interrupted,
    /// Polling failed.
    Failed(Errno),
}

/// Waits for `events` (or an error or hang-up) on a descriptor, if one is given, until the
/// instant `end`, if one is given.
///
/// # Errors
/// When a signal came, before the wait or in it, when the time is over, or when the descriptor
/// cannot be polled.
pub fn wait(
    descriptor: Option<(BorrowedFd<'_>, PollFlags)>,
    end: Option<Instant>,
) -> Result<(), Stop> {
    wait_for_any(descriptor.as_slice(), end).map(drop)
}

/// As [`wait`], for the first of several descriptors: gives its index.
pub(crate) fn wait_for_any(
    descriptors: &[(BorrowedFd<'_>, PollFlags)],
    end: Option<Instant>,
) -> Result<usize, Stop> {
    check().map_err(|Interrupted| Stop::Interrupted)?;
    let mut polled = Vec::with_capacity(1 + descriptors.len());
    let waker = WAKER.get();
    polled.extend(waker.map(|waker| PollFd::new(waker.as_fd(), PollFlags::POLLIN)));
    let signals = polled.len();
    polled.extend(
        descriptors
            .iter()
            .map(|(fd, events)| PollFd::new(*fd, *events)),
    );
    poll(&mut polled, end)?
        .checked_sub(signals)
        .ok_or(Stop::Interrupted)
}

/// Polls until there is news of one of these: gives the index of the first.
fn poll(polled: &mut [PollFd<'_>], end: Option<Instant>) -> Result<usize, Stop> {
    loop {
        let time = end.map(|end| timespec(end.saturating_duration_since(Instant::now())));
        match ppoll(polled, time, None) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Stop::Failed(errno)),
            Ok(0) => return Err(Stop::Late),
            Ok(_) => {
                // An event that nix has no name for is news too.
                let has_news = |polled: &PollFd<'_>| polled.any() != Some(false);
                if let Some(index) = polled.iter().position(has_news) {
                    return Ok(index);
                }
            }
        }
    }
}

/// A duration as the kernel takes it; more than 136 years are cut to that.
fn timespec(duration: Duration) -> TimeSpec {
    TimeSpec::from_duration(duration.min(Duration::from_secs(u64::from(u32::MAX))))
}
