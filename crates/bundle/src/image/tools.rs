//! The programs that fetch and unpack images, run where they are on the PATH. What they
//! write is kept from standard output, which is for responses. They do not bound what they
//! write to disk, and go on when a signal ends this process: both is seen to here.

use std::collections::HashSet;
use std::env;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use agent_text::escape;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::statvfs::statvfs;
use nix::unistd::Pid;

use crate::image::error::ImageError;

/// How much of a program's last line is shown, in characters.
const LONGEST: usize = 500;
/// How much of what a program has written is read for its last line, in bytes.
const TAIL: u64 = 8 << 10;
/// What a program writes to, in the folder that it works in.
const LOG: &str = "log";
/// How often is looked whether a program has ended.
const NOTICE: Duration = Duration::from_millis(10);
/// How much longer than a look at what is on disk is waited for the next one.
const SHARE: u32 = 10;
/// How long a program may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// What a program is run with, and what ends it.
pub struct Limits<'a> {
    /// The most that may be on disk, in bytes.
    pub bytes: u64,
    /// Whether a signal asks this process to end.
    pub is_stopped: &'a dyn Fn() -> bool,
}

/// A program that is there.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    path: PathBuf,
}

impl Program {
    /// The program by this name, if it is on the PATH.
    pub(crate) fn find(name: &'static str) -> Option<Self> {
        let folders = env::var_os("PATH")?;
        let mut paths = env::split_paths(&folders).map(|folder| folder.join(name));
        let path = paths.find(|path| is_program(path))?;
        let path = absolute(&path).unwrap_or(path);
        Some(Self { name, path })
    }

    /// Runs it to its end in a folder, which is also where it keeps temporary files. What is
    /// in the folder `bounded` is.
    ///
    /// # Errors
    /// When it cannot be run, fails, is stopped, or makes more than it may.
    pub(crate) fn run(
        &self,
        folder: &Path,
        arguments: &[&str],
        bounded: &Path,
        limits: &Limits<'_>,
    ) -> Result<(), ImageError> {
        let log = folder.join(LOG);
        let log = File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&log)
            .map_err(ImageError::file(&log))?;
        let of_child = |log: &File| log.try_clone().map_err(ImageError::file(folder));
        let child = Command::new(&self.path)
            .args(arguments)
            .current_dir(folder)
            .env("TMPDIR", folder)
            .stdin(Stdio::null())
            .stdout(of_child(&log)?)
            .stderr(of_child(&log)?)
            // Ctrl-C is for this process to notice, and so is what the program starts itself.
            .process_group(0)
            .spawn()
            .map_err(ImageError::file(&self.path))?;
        let status = Watched {
            child,
            folder: bounded,
            limits,
        }
        .wait()?;
        if status.success() {
            return Ok(());
        }
        let mut said = last_line(log).unwrap_or_else(|_| "it does not say why".to_owned());
        // A program that a full disk brings down need not say so, or had no room to.
        let reason = Errno::ENOSPC.desc().to_lowercase();
        if is_full(bounded) && !said.contains(&reason) {
            said = format!("{said}: {reason}");
        }
        Err(ImageError::Tool {
            tool: self.name,
            status: status.to_string(),
            said,
        })
    }
}

fn is_program(path: &Path) -> bool {
    let metadata = path.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

/// The last line of a log that is more than blanks, without what programs put around it.
fn last_line(mut log: File) -> io::Result<String> {
    let length = log.seek(SeekFrom::End(0))?;
    log.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut text = Vec::new();
    log.take(TAIL).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    // A Go program that has a fault of its own says most at the beginning.
    let is_fault = |line: &&str| {
        ["panic: ", "fatal error: ", "runtime: "]
            .map(|it| line.starts_with(it))
            .contains(&true)
    };
    let fault = text.lines().find(is_fault);
    let line = fault.or(text.lines().rfind(|line| !line.trim().is_empty()));
    let line = line.ok_or(io::ErrorKind::NotFound)?;
    // As skopeo and umoci write them: level=fatal msg="...", and a sign before the text.
    let quoted = line.split_once(" msg=").map(|(_, message)| message);
    let message: Option<String> = quoted.and_then(|text| serde_json::from_str(text).ok());
    let line = message.as_deref().unwrap_or(line);
    let line = line.trim().trim_start_matches("\u{2a2f} ");
    Ok(escape::first_line(line, LONGEST))
}

/// A program that is running.
struct Watched<'a> {
    child: Child,
    /// What it may not fill.
    folder: &'a Path,
    limits: &'a Limits<'a>,
}

impl Watched<'_> {
    /// Waits for its end, and ends it where it must not go on.
    fn wait(mut self) -> Result<ExitStatus, ImageError> {
        let before = free(self.folder);
        let mut next_look = Instant::now();
        loop {
            let ended = self
                .child
                .try_wait()
                .map_err(ImageError::file(self.folder))?;
            if (self.limits.is_stopped)() {
                self.end();
                return Err(ImageError::Interrupted);
            }
            if ended.is_some() || Instant::now() >= next_look {
                let started = Instant::now();
                if on_disk(self.folder, before) > self.limits.bytes {
                    self.end();
                    return Err(ImageError::TooLarge {
                        limit: self.limits.bytes,
                    });
                }
                next_look = Instant::now() + started.elapsed() * SHARE + NOTICE;
            }
            match ended {
                Some(status) => return Ok(status),
                None => thread::sleep(NOTICE),
            }
        }
    }

    /// Ends it and what it has started, by force if it takes too long.
    fn end(&mut self) {
        let Ok(group) = i32::try_from(self.child.id()).map(Pid::from_raw) else {
            return;
        };
        // Where nothing is left of it there is nothing to end.
        let _ = killpg(group, Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(NOTICE);
        }
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// How many bytes there are in a folder. Folders that this user cannot look into may hold
/// all that the disk has lost since `before`.
fn on_disk(folder: &Path, before: Option<u64>) -> u64 {
    let mut total: u64 = 0;
    let mut counted = HashSet::new();
    let mut left = vec![folder.to_owned()];
    let mut is_whole = true;
    while let Some(folder) = left.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                is_whole &= error.kind() == io::ErrorKind::NotFound;
                continue;
            }
        };
        for entry in entries.flatten() {
            // What has gone meanwhile takes no room.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_dir() {
                left.push(entry.path());
            }
            if metadata.nlink() < 2 || counted.insert((metadata.dev(), metadata.ino())) {
                total = total.saturating_add(size(&metadata));
            }
        }
    }
    match (is_whole, before, free(folder)) {
        (false, Some(before), Some(now)) => total.max(before.saturating_sub(now)),
        _ => total,
    }
}

/// What a file takes, or claims to hold: a copy of one with holes is as large as that.
fn size(metadata: &Metadata) -> u64 {
    let on_disk = metadata.blocks().saturating_mul(512);
    match metadata.is_file() {
        true => on_disk.max(metadata.len()),
        false => on_disk,
    }
}

/// How many bytes are free where a folder is.
#[expect(clippy::useless_conversion, reason = "32 bits on some machines")]
fn free(folder: &Path) -> Option<u64> {
    let found = statvfs(folder).ok()?;
    u64::from(found.blocks_free()).checked_mul(u64::from(found.fragment_size()))
}

/// Whether nothing is free where a folder is.
fn is_full(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|found| found.blocks_available() == 0)
}
