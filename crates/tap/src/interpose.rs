//! Taking the place of a hypervisor's socket, and giving it back. The hypervisor's own socket
//! stays beside it under another name, open connections live on, and the two names are swapped
//! at once, so that there is no moment without a socket.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{FchmodatFlags, Mode, fchmodat};
use nix::unistd::{Gid, Uid, fchownat};
use rustix::fs::{CWD, RenameFlags, renameat_with};

/// What the name of the hypervisor's socket gets while another one stands in its place.
const BEHIND: &str = ".interposed";

/// Why a socket cannot be replaced.
#[derive(Debug, thiserror::Error)]
pub enum InterposeError {
    /// There is no socket.
    #[error("there is no socket at this path: {0}")]
    NoSocket(String),
    /// What an earlier proxy left when it was killed.
    #[error(
        "a proxy that was killed has left {behind:?}, which is the hypervisor's socket; give it \
         back with: mv {behind:?} {path:?}"
    )]
    LeftOver {
        /// The hypervisor's socket.
        behind: PathBuf,
        /// Where it belongs.
        path: PathBuf,
    },
    /// What is left of a hypervisor that is gone.
    #[error(
        "nobody listens on {0:?}, which is left of a hypervisor that is gone; remove it with: rm \
         {0:?}"
    )]
    Stale(PathBuf),
    /// A proxy stands there.
    #[error("another proxy stands in its place; its own socket is {0:?}")]
    Taken(PathBuf),
    /// Any other refusal by the system.
    #[error("{what}: {}", agent_text::reason(.error))]
    System {
        /// What was tried.
        what: &'static str,
        /// The refusal.
        error: io::Error,
    },
}

/// A socket in the place of another one, which is given back when this is dropped.
#[derive(Debug)]
pub struct Interposed {
    folder: Folder,
    name: OsString,
    behind: OsString,
    /// The device and inode of the socket that stands in the other one's place.
    ours: (u64, u64),
}

/// A folder that is reached by its descriptor: the paths of sockets have 107 bytes at most,
/// and those of sandboxes may be longer.
#[derive(Debug)]
struct Folder {
    file: File,
    path: PathBuf,
}

impl Folder {
    fn of(path: &Path) -> io::Result<Folder> {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(nix::libc::O_PATH | nix::libc::O_DIRECTORY)
            .open(folder)?;
        Ok(Folder {
            file,
            path: std::path::absolute(folder)?,
        })
    }

    /// A short path of what has this name in the folder.
    fn short(&self, name: &OsString) -> PathBuf {
        Path::new("/proc/self/fd")
            .join(self.file.as_raw_fd().to_string())
            .join(name)
    }

    fn shown(&self, name: &OsString) -> PathBuf {
        self.path.join(name)
    }
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> InterposeError {
    move |error| InterposeError::System { what, error }
}

impl Interposed {
    /// Puts a new socket in the place of the one at `path`, with its owner and mode, and hands
    /// out the new one, which listens and does not block.
    ///
    /// # Errors
    /// As [`InterposeError`] lists them. Nothing is changed then.
    pub fn take(path: &Path) -> Result<(Interposed, OwnedFd), InterposeError> {
        let folder = Folder::of(path)
            .map_err(|error| InterposeError::NoSocket(agent_text::reason(&error)))?;
        let name = path.file_name().map(OsString::from).unwrap_or_default();
        let mut behind = name.clone();
        behind.push(BEHIND);
        let metadata = fs::symlink_metadata(folder.short(&name));
        if fs::symlink_metadata(folder.short(&behind)).is_ok() {
            return Err(left(&folder, &name, &behind));
        }
        let metadata =
            metadata.map_err(|error| InterposeError::NoSocket(agent_text::reason(&error)))?;
        if !metadata.file_type().is_socket() {
            return Err(InterposeError::NoSocket(
                "this is something else".to_owned(),
            ));
        }
        let listener = listen(&folder, &behind)?;
        let mut interposed = Interposed {
            folder,
            name,
            behind,
            ours: (0, 0),
        };
        interposed.ours = interposed
            .id(&interposed.behind)
            .map_err(system("the new socket"))?;
        // From here on dropping it removes what was made.
        interposed.dress(&metadata)?;
        interposed.swap().map_err(system("taking its place"))?;
        Ok((interposed, listener))
    }

    /// A connection to the hypervisor's own socket. It may block.
    ///
    /// # Errors
    /// When nobody takes it.
    pub fn connect(&self) -> io::Result<OwnedFd> {
        let stream = UnixStream::connect(self.folder.short(&self.behind))?;
        Ok(stream.into())
    }

    /// Gives the new socket the owner and the mode of the one whose place it takes.
    fn dress(&self, like: &fs::Metadata) -> Result<(), InterposeError> {
        let path = self.folder.short(&self.behind);
        let mode = Mode::from_bits_truncate(like.mode());
        fchmodat(AT_FDCWD, &path, mode, FchmodatFlags::FollowSymlink)
            .map_err(|errno| system("the socket's mode")(errno.into()))?;
        let now = fs::symlink_metadata(&path).map_err(system("the new socket"))?;
        if (now.uid(), now.gid()) != (like.uid(), like.gid()) {
            let (uid, gid) = (Uid::from_raw(like.uid()), Gid::from_raw(like.gid()));
            let flags = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
            fchownat(AT_FDCWD, &path, Some(uid), Some(gid), flags)
                .map_err(|errno| system("the socket's owner")(errno.into()))?;
        }
        Ok(())
    }

    fn id(&self, name: &OsString) -> io::Result<(u64, u64)> {
        let metadata = fs::symlink_metadata(self.folder.short(name))?;
        Ok((metadata.dev(), metadata.ino()))
    }

    /// Swaps the two names.
    fn swap(&self) -> io::Result<()> {
        let (one, other) = (
            self.folder.short(&self.name),
            self.folder.short(&self.behind),
        );
        Ok(renameat_with(
            CWD,
            &one,
            CWD,
            &other,
            RenameFlags::EXCHANGE,
        )?)
    }
}

impl Drop for Interposed {
    fn drop(&mut self) {
        let stands_there = self.id(&self.name).is_ok_and(|id| id == self.ours);
        if stands_there && self.swap().is_err() {
            // A file system that cannot swap: the other one's name is free for a moment.
            let _ = fs::rename(
                self.folder.short(&self.behind),
                self.folder.short(&self.name),
            );
        }
        // The hypervisor may have removed its socket meanwhile, or made another one.
        let is_left = !stands_there && !is_served(&self.folder, &self.behind);
        if is_left || self.id(&self.behind).is_ok_and(|id| id == self.ours) {
            let _ = fs::remove_file(self.folder.short(&self.behind));
        }
    }
}

/// What to say of a socket that stands aside already.
fn left(folder: &Folder, name: &OsString, behind: &OsString) -> InterposeError {
    let behind_path = folder.shown(behind);
    match (is_served(folder, name), is_served(folder, behind)) {
        (_, false) => InterposeError::Stale(behind_path),
        (true, true) => InterposeError::Taken(behind_path),
        (false, true) => InterposeError::LeftOver {
            behind: behind_path,
            path: folder.shown(name),
        },
    }
}

/// Whether somebody listens on the socket of this name.
fn is_served(folder: &Folder, name: &OsString) -> bool {
    UnixStream::connect(folder.short(name)).is_ok()
}

fn listen(folder: &Folder, name: &OsString) -> Result<OwnedFd, InterposeError> {
    let listen = || -> Result<OwnedFd, Errno> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        // Nobody else may connect before it has the other one's mode.
        nix::sys::stat::fchmod(&socket, Mode::S_IRUSR | Mode::S_IWUSR)?;
        socket::bind(socket.as_raw_fd(), &UnixAddr::new(&folder.short(name))?)?;
        socket::listen(&socket, Backlog::MAXCONN)?;
        Ok(socket)
    };
    listen().map_err(|errno| system("making a socket beside it")(errno.into()))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn the_place_is_taken_and_given_back() {
        let folder = tempfile::tempdir().unwrap();
        // Deeper than the path of a socket may be.
        let deep = folder.path().join("d".repeat(90)).join("e".repeat(90));
        fs::create_dir_all(&deep).unwrap();
        let path = deep.join("clh.sock");
        let short = folder.path().join("s");
        let hypervisor = UnixListener::bind(&short).unwrap();
        fs::rename(&short, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).unwrap();
        let before = fs::metadata(&path).unwrap();

        let (interposed, _listener) = Interposed::take(&path).unwrap();
        let during = fs::metadata(&path).unwrap();
        assert_ne!(during.ino(), before.ino());
        assert_eq!(
            (during.mode(), during.uid(), during.gid()),
            (before.mode(), before.uid(), before.gid())
        );
        let mut to = UnixStream::from(interposed.connect().unwrap());
        let (accepted, _) = hypervisor.accept().unwrap();
        drop(accepted);
        assert_eq!(to.read(&mut [0]).unwrap(), 0);
        let error = Interposed::take(&path).unwrap_err().to_string();
        assert!(
            error.starts_with("another proxy stands in its place"),
            "{error}"
        );

        drop(interposed);
        assert_eq!(fs::metadata(&path).unwrap().ino(), before.ino());
        assert_eq!(fs::read_dir(&deep).unwrap().count(), 1);
    }

    #[test]
    fn a_hypervisor_that_comes_and_goes_meanwhile_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let count = || fs::read_dir(folder.path()).unwrap().count();
        // It makes another one.
        let hypervisor = UnixListener::bind(&path).unwrap();
        let (interposed, _listener) = Interposed::take(&path).unwrap();
        drop(hypervisor);
        fs::remove_file(&path).unwrap();
        let hypervisor = UnixListener::bind(&path).unwrap();
        drop(interposed);
        assert_eq!(count(), 1);
        // It removes its own.
        let (interposed, _listener) = Interposed::take(&path).unwrap();
        drop(hypervisor);
        fs::remove_file(&path).unwrap();
        drop(interposed);
        assert_eq!(count(), 0);
        // It makes another one after the proxy was killed.
        let hypervisor = UnixListener::bind(&path).unwrap();
        let (interposed, _listener) = Interposed::take(&path).unwrap();
        std::mem::forget(interposed);
        drop(hypervisor);
        fs::remove_file(&path).unwrap();
        let _hypervisor = UnixListener::bind(&path).unwrap();
        let error = Interposed::take(&path).unwrap_err().to_string();
        let behind = folder.path().join("a.sock.interposed");
        let expected = format!(
            "nobody listens on {behind:?}, which is left of a hypervisor that is gone; remove it \
             with: rm {behind:?}"
        );
        assert_eq!(error, expected);
    }

    #[test]
    fn what_a_killed_proxy_left_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let _hypervisor = UnixListener::bind(&path).unwrap();
        let (interposed, listener) = Interposed::take(&path).unwrap();
        // As a process does that is killed.
        std::mem::forget(interposed);
        drop(listener);
        let error = Interposed::take(&path).unwrap_err().to_string();
        let behind = folder.path().join("a.sock.interposed");
        assert_eq!(
            error,
            format!(
                "a proxy that was killed has left {behind:?}, which is the hypervisor's socket; \
                 give it back with: mv {behind:?} {path:?}"
            )
        );
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let error = Interposed::take(&path).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no socket at this path: no such file or directory"
        );
        fs::write(&path, "text").unwrap();
        let error = Interposed::take(&path).unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no socket at this path: this is something else"
        );
        assert_eq!(fs::read(&path).unwrap(), b"text");
    }

    #[test]
    fn a_socket_that_is_gone_with_its_sandbox_is_not_brought_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let _hypervisor = UnixListener::bind(&path).unwrap();
        let (interposed, _listener) = Interposed::take(&path).unwrap();
        // The runtime removes what it knows of.
        fs::remove_file(&path).unwrap();
        drop(interposed);
        assert!(!path.exists());
    }
}
