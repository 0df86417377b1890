//! Opening and reading a file that may be anything: one that blocks is waited for until
//! Ctrl-C, or as long as a call may take. How much is read of it is its reader's business.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use agent_client::interrupt::{self, Stop};

/// How long a named pipe may be without anybody who writes to it.
const PATIENCE: Duration = Duration::from_secs(3);
/// How soon somebody is noticed.
const NOTICE: Duration = Duration::from_millis(20);

/// An open file.
#[derive(Debug)]
pub struct Opened {
    file: File,
    /// The time that it may block, and when that is over.
    limit: Option<(Duration, Instant)>,
    /// What was read of it to find out about it.
    head: Option<u8>,
}

/// Opens a file to read. It may block for as long as the limit says, if there is one.
///
/// # Errors
/// When it cannot be opened, is a socket, or is a named pipe that nobody opens for
/// writing soon.
pub fn open(path: impl AsRef<Path>, limit: Option<Duration>) -> io::Result<Opened> {
    let path = path.as_ref();
    // With this flag neither opening nor reading waits.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file = opened.map_err(|error| match path.metadata() {
        Ok(metadata) if metadata.file_type().is_socket() => told("it is a socket"),
        _ => error,
    })?;
    let head = match file.metadata()?.file_type().is_fifo() {
        true => first_byte(&mut file, limit)?,
        false => None,
    };
    let limit = limit.and_then(|limit| Some((limit, Instant::now().checked_add(limit)?)));
    Ok(Opened { file, limit, head })
}

impl Opened {
    /// What the system says of the file.
    ///
    /// # Errors
    /// When it says nothing.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.head, buffer.first_mut()) {
            (Some(byte), Some(first)) => {
                *first = byte;
                self.head = None;
                Ok(1)
            }
            _ => loop {
                match self.file.read(buffer) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                    read => return read,
                }
            },
        }
    }
}

impl Opened {
    /// Waits until there is something to read, or the end.
    fn wait(&self) -> io::Result<()> {
        let awaited = (self.file.as_fd(), PollFlags::POLLIN);
        let end = self.limit.map(|(_, end)| end);
        interrupt::wait(Some(awaited), end).map_err(|stop| match stop {
            Stop::Failed(errno) => errno.into(),
            Stop::Interrupted => told("interrupted"),
            Stop::Late => {
                let limit = self.limit.map_or(Duration::ZERO, |(limit, _)| limit);
                told(&format!("it blocks, and did not end within {limit:?}"))
            }
        })
    }
}

/// Standard input, to its end or a signal.
#[derive(Debug)]
pub struct StandardInput;

impl Read for StandardInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        interrupt::wait_readable(io::stdin().as_fd())
            .map_err(|interrupted| told(&interrupted.to_string()))?;
        Ok(nix::unistd::read(io::stdin(), buffer)?)
    }
}

/// Waits until somebody writes to a pipe, or has done so; gives a byte if one came.
fn first_byte(pipe: &mut File, limit: Option<Duration>) -> io::Result<Option<u8>> {
    let patience = limit.map_or(PATIENCE, |limit| limit.min(PATIENCE));
    let end = Instant::now() + patience;
    loop {
        let mut byte = [0];
        match pipe.read(&mut byte) {
            Ok(0) if has_ended(pipe)? => return Ok(None),
            // Nobody has opened the other end so far.
            Ok(0) => {}
            Ok(_) => return Ok(Some(byte[0])),
            // Somebody has, and takes their time.
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if Instant::now() >= end {
            return Err(told(&format!(
                "it is a named pipe, and nobody opened it for writing within {patience:?}"
            )));
        }
        interrupt::sleep(NOTICE).map_err(|interrupted| told(&interrupted.to_string()))?;
    }
}

/// Whether somebody wrote to the pipe, and is done.
fn has_ended(pipe: &File) -> io::Result<bool> {
    let mut polled = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    match poll(&mut polled, PollTimeout::ZERO) {
        Err(Errno::EINTR) => Ok(false),
        outcome => {
            outcome?;
            let [polled] = polled;
            Ok(polled
                .revents()
                .is_some_and(|events| events.contains(PollFlags::POLLHUP)))
        }
    }
}

fn told(text: &str) -> io::Error {
    io::Error::other(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Inputs;
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use std::error::Error;
    use std::fs::File;
    use std::time::Duration;

    #[test]
    fn each_reader_of_inputs_has_its_own_limit() -> Result<(), Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let pipe = folder.path().join("pipe");
        mkfifo(&pipe, Mode::S_IRWXU)?;
        // It is open, and nothing comes.
        let _writer = File::options().read(true).write(true).open(&pipe)?;
        let limits = [20, 10].map(Duration::from_millis);
        let mut readers = limits.map(|limit| {
            let mut inputs = Inputs::default();
            inputs.wait_at_most(Some(limit));
            inputs
        });
        for (inputs, limit) in readers.iter_mut().zip(limits) {
            let read = inputs.bytes(&pipe.to_string_lossy());
            let expected = format!("{pipe:?}: it blocks, and did not end within {limit:?}");
            assert_eq!(read.map_err(|error| error.to_string()), Err(expected));
        }
        Ok(())
    }
}
