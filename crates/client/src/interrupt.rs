//! SIGINT and SIGTERM, as something that every blocking wait notices. The
//! handler sets a flag and writes one byte to a pipe that each wait polls beside
//! its own descriptor, so a signal between the check and the wait is not lost. A
//! blocking system call has no such pipe: `may_block` tells where a signal ends one.
//! It knows nothing of calls or of exit statuses.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::time::TimeSpec;
use nix::unistd::{getpid, gettid, pipe2, read};
use thiserror::Error;

/// The exit status of a run that a signal ended.
const EXIT_STATUS: libc::c_int = 130;

static RAISED: AtomicBool = AtomicBool::new(false);
static TERMINATED: AtomicBool = AtomicBool::new(false);
/// Whether a line editor waits for SIGINT in its own way.
static EDITING: AtomicBool = AtomicBool::new(false);
/// The pipe's write end as the handler sees it: a handler may take no lock.
static WAKER: AtomicI32 = AtomicI32::new(-1);
static PIPE: OnceLock<(OwnedFd, OwnedFd)> = OnceLock::new();
/// Whether SIGALRM is handled here.
static KNOCKS: AtomicBool = AtomicBool::new(false);

/// Seconds until a signal that came between the look for one and a blocking system
/// call ends that call.
const SECOND_KNOCK: libc::c_uint = 1;

/// SIGINT or SIGTERM came while something was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Handles SIGINT and SIGTERM from now on. The first one is noticed by whatever
/// waits; a second one before [`clear`] ends the process with status 130, for
/// the work that does not wait. From the first one until [`clear`], SIGALRM is taken too.
/// A second call changes nothing.
///
/// # Errors
/// When the pipe cannot be made or a handler cannot be set.
pub fn install() -> io::Result<()> {
    if PIPE.get().is_some() {
        return Ok(());
    }
    let ends = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    let (_, write_end) = PIPE.get_or_init(|| ends);
    WAKER.store(write_end.as_raw_fd(), Ordering::SeqCst);
    let action = action(on_signal);
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler only touches atomics and calls write, sigaction, alarm,
        // kill and _exit, all of them async-signal-safe.
        unsafe { sigaction(signal, &action) }?;
    }
    Ok(())
}

/// Without SA_RESTART, so that a blocking system call ends with EINTR.
fn action(handler: extern "C" fn(libc::c_int)) -> SigAction {
    let handler = SigHandler::Handler(handler);
    SigAction::new(handler, SaFlags::empty(), SigSet::empty())
}

extern "C" fn on_signal(signal: libc::c_int) {
    if signal == libc::SIGINT && is_terminated() && EDITING.load(Ordering::SeqCst) {
        // The one for a line editor that does not listen yet, or no more: the next
        // knock sends another.
        return;
    }
    if RAISED.swap(true, Ordering::SeqCst) {
        // SAFETY: _exit is async-signal-safe and takes any status.
        unsafe { libc::_exit(EXIT_STATUS) }
    }
    let errno = Errno::last_raw();
    if signal == libc::SIGTERM {
        TERMINATED.store(true, Ordering::SeqCst);
    }
    // SAFETY: write is async-signal-safe, the byte lives through the call, and
    // the descriptor is never closed. A full pipe is as good as a written byte.
    unsafe { libc::write(WAKER.load(Ordering::SeqCst), [1u8].as_ptr().cast(), 1) };
    // Not before: an alarm that somebody set before this program began ends it.
    if !KNOCKS.swap(true, Ordering::SeqCst) {
        // SAFETY: as in `install`. It fails for no signal that there is.
        let _ = unsafe { sigaction(Signal::SIGALRM, &action(on_knock)) };
    }
    tell_editor();
    knock_again();
    Errno::set_raw(errno);
}

extern "C" fn on_knock(_signal: libc::c_int) {
    if is_raised() {
        let errno = Errno::last_raw();
        tell_editor();
        knock_again();
        Errno::set_raw(errno);
    }
}

/// Tells a line editor of a SIGTERM, which it does not know: as a SIGINT.
fn tell_editor() {
    if is_terminated() && EDITING.load(Ordering::SeqCst) {
        // SAFETY: kill is async-signal-safe and touches no memory.
        unsafe { libc::kill(getpid().as_raw(), libc::SIGINT) };
    }
}

/// Has a SIGALRM come, until [`clear`], that does no more than to end a system call.
fn knock_again() {
    // SAFETY: alarm is async-signal-safe and touches no memory.
    unsafe { libc::alarm(SECOND_KNOCK) };
}

/// Whether a system call of this thread may block: a signal ends it with EINTR then, within
/// a second at most, and [`is_raised`] tells. The main thread gets the signals that are
/// handled here; where none are, it is not this module's to notice them.
pub fn may_block() -> bool {
    thread_local! {
        static IS_MAIN: bool = gettid() == getpid();
    }
    PIPE.get().is_none() || IS_MAIN.with(|is_main| *is_main)
}

/// Whether SIGINT or SIGTERM came since [`install`] or the last [`clear`].
pub fn is_raised() -> bool {
    RAISED.load(Ordering::SeqCst)
}

/// [`is_raised`] as a result, for the loops that do not wait.
///
/// # Errors
/// When a signal came.
pub fn check() -> Result<(), Interrupted> {
    if is_raised() {
        Err(Interrupted)
    } else {
        Ok(())
    }
}

/// Forgets the signal, for a prompt that goes on after Ctrl-C.
pub fn clear() {
    // In this order a signal that comes in between still leaves the flag set.
    RAISED.store(false, Ordering::SeqCst);
    if KNOCKS.load(Ordering::SeqCst) {
        // SAFETY: alarm touches no memory.
        unsafe { libc::alarm(0) };
    }
    if let Some((read_end, _)) = PIPE.get() {
        let mut bytes = [0; 64];
        while read(read_end, &mut bytes).is_ok_and(|count| count > 0) {}
    }
}

/// Whether a SIGTERM came, which asks for an end and not for another command.
pub fn is_terminated() -> bool {
    TERMINATED.load(Ordering::SeqCst)
}

/// Runs a line editor that handles SIGINT itself and knows no SIGTERM: that one
/// reaches it as a SIGINT, so that it puts the terminal in order and returns.
pub fn while_editing<T>(edit: impl FnOnce() -> T) -> T {
    EDITING.store(true, Ordering::SeqCst);
    let done = edit();
    EDITING.store(false, Ordering::SeqCst);
    done
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

/// Waits for `events` (or an error or hang-up) on a descriptor, if one is given,
/// until the instant `end`, if one is given.
pub fn wait(
    descriptor: Option<(BorrowedFd<'_>, PollFlags)>,
    end: Option<Instant>,
) -> Result<(), Stop> {
    loop {
        check().map_err(|Interrupted| Stop::Interrupted)?;
        let mut polled = Vec::with_capacity(2);
        polled.extend(
            PIPE.get()
                .map(|(read_end, _)| PollFd::new(read_end.as_fd(), PollFlags::POLLIN)),
        );
        let pipe_polled = polled.len();
        polled.extend(descriptor.map(|(descriptor, events)| PollFd::new(descriptor, events)));
        let time = end.map(|end| timespec(end.saturating_duration_since(Instant::now())));
        match ppoll(&mut polled, time, None) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Stop::Failed(errno)),
            Ok(0) => return Err(Stop::Late),
            Ok(_) => {
                let has_news = |fd: &PollFd<'_>| fd.any() != Some(false);
                let (pipe, wanted) = polled.split_at(pipe_polled);
                if pipe.iter().any(has_news) {
                    return Err(Stop::Interrupted);
                }
                if wanted.iter().any(has_news) {
                    return Ok(());
                }
            }
        }
    }
}

/// A duration as the kernel takes it; more than 136 years are cut to that.
fn timespec(duration: Duration) -> TimeSpec {
    TimeSpec::from_duration(duration.min(Duration::from_secs(u64::from(u32::MAX))))
}
