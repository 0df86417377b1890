//! `CopyFile src=LOCAL dest=GUEST` that does not work out: what is told, and
//! that nothing is sent where that could be known before.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use tempfile::tempdir;
use typed_peer::Peer;

use crate::builds::one;
use crate::tool::{connect, program};

/// A command that is refused before anything is sent.
#[track_caller]
fn refused(folder: &Path, command: &str, message: &str) {
    let peer = Peer::start();
    connect(peer.address(), ["-c", "Check", command])
        .folder(folder)
        .status(2)
        .stderr(format!("error: CopyFile: {message}\n"))
        .test();
    assert!(peer.received().is_empty(), "{command}");
}

#[test]
fn mistakes_send_nothing() {
    let folder = tempdir().unwrap();
    File::create(folder.path().join("f")).unwrap();
    for (words, message) in [
        (
            "src=f",
            "dest: missing; a copy takes both src=LOCAL and dest=GUEST",
        ),
        (
            "dest=/g",
            "src: missing; a copy takes both src=LOCAL and dest=GUEST",
        ),
        (
            "recursive=1",
            "src: missing; a copy takes both src=LOCAL and dest=GUEST",
        ),
        (
            "src=f dest=''",
            "dest: empty; it is the path of the copy in the guest",
        ),
        (
            "src=none dest=/g",
            "src: \"none\": no such file or directory",
        ),
        ("src='' dest=/g", "src: \"\": no such file or directory"),
        ("src=f/ dest=/g", "src: \"f/\": not a directory"),
        (
            "src=.. dest=/g/",
            "dest: \"/g/\" ends in \"/\", and src \"..\" has no name to have there",
        ),
        (
            "src=f dest=/g recursive=yes",
            "recursive: \"yes\" is neither true nor false",
        ),
        (
            "src=f dest=/g data=x",
            "src: the field \"data\" is given too; give one of them",
        ),
        (
            "src=f dest=/g offset=0",
            "src: the field \"offset\" is given too; give one of them",
        ),
        (
            "src=f dest=/g path=/h",
            "dest: the field \"path\" is given too; give one of them",
        ),
        (
            "src=/dev/null dest=/g",
            "src: \"/dev/null\" is a device; files, directories and symbolic links can be copied",
        ),
        (
            "json://{\"src\": [\"f\"], \"dest\": \"/g\"}",
            "src: a list is not a string",
        ),
        (
            "json://{\"src\": \"f\", \"dest\": 5}",
            "dest: 5 is not a string",
        ),
        (
            "json://{\"src\": \"f\", \"dest\": \"/g\", \"recursive\": \"true\"}",
            "recursive: \"true\" is not true or false",
        ),
        (
            "json://{\"src\": \"f\", \"dest\": \"/g\", \"recursive\": 1}",
            "recursive: 1 is not true or false",
        ),
    ] {
        refused(folder.path(), &format!("CopyFile {words}"), message);
    }
    let long = "x".repeat(4 << 20);
    let peer = Peer::start();
    let script = format!("CopyFile src=f dest=/{long}\n");
    let output = connect(peer.address(), ["--script", "-"])
        .folder(folder.path())
        .stdin(script)
        .run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().contains("at most 4194304 fit"),
        "{}",
        output.stderr
    );
}

/// The log of the kernel, whose reader waits for what happens next.
#[cfg(feature = "sim")]
#[test]
fn a_file_without_an_end_is_refused() {
    use std::io::Read as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let log = "/proc/kmsg";
    let flags = nix::libc::O_NONBLOCK;
    let Ok(mut reader) = File::options().read(true).custom_flags(flags).open(log) else {
        return test_support::skip(format_args!("{log} cannot be opened"));
    };
    // What the kernel has said so far is there to be read.
    while reader.read(&mut [0; 8192]).is_ok_and(|count| count > 0) {}
    let peer = Peer::start();
    connect(peer.address(), ["-c", "CopyFile src=/proc/kmsg dest=/g/x"])
        .status(2)
        .stderr(format!(
            "error: CopyFile: src: \"{log}\" blocks when it is read: it has no end that could be \
             sent\n"
        ))
        .test();
    assert!(peer.received().is_empty());
}

#[test]
fn what_cannot_be_copied_is_found_anywhere_in_a_tree() {
    let folder = tempdir().unwrap();
    let deep = folder.path().join("t/d");
    fs::create_dir_all(&deep).unwrap();
    fs::write(folder.path().join("t/a"), "a").unwrap();
    let command = "CopyFile src=t dest=/g recursive=true";

    let _socket = UnixListener::bind(deep.join("s")).unwrap();
    let message = "src: \"t/d/s\" is a socket; files, directories and symbolic links can be copied";
    refused(folder.path(), command, message);
    fs::remove_file(deep.join("s")).unwrap();

    nix::unistd::mkfifo(&deep.join("p"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    let message =
        "src: \"t/d/p\" is a named pipe; files, directories and symbolic links can be copied";
    refused(folder.path(), command, message);
    fs::remove_file(deep.join("p")).unwrap();

    let name = deep.join(OsStr::from_bytes(b"a\xffb"));
    File::create(&name).unwrap();
    let message = "src: \"t/d/a\u{fffd}b\" is not UTF-8 text, as paths in requests must be";
    refused(folder.path(), command, message);
}

#[test]
fn a_file_that_may_not_be_read_is_found_first() {
    let folder = tempdir().unwrap();
    let (secret, binary) = (folder.path().join("t/secret"), folder.path().join("tool"));
    fs::create_dir(folder.path().join("t")).unwrap();
    fs::write(folder.path().join("t/a"), "a").unwrap();
    fs::write(&secret, "x").unwrap();
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o0)).unwrap();
    // In a process of its own, as in `builds`.
    let copied = Command::new("cp")
        .args([Path::new(program()), &binary])
        .status();
    assert!(copied.unwrap().success());
    let peer = Peer::start();
    let mut command = Command::new(&binary);
    command
        .args(["connect", "--server-address", peer.address(), "-c"])
        .arg("CopyFile src=t dest=/g recursive=true")
        .current_dir(folder.path());
    // Root may read everything; nobody may not.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.uid(65534);
    }
    let output = command.output().unwrap();
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: CopyFile: src: \"t/secret\": permission denied\n"
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(peer.received().is_empty());
}

#[test]
fn a_build_without_the_rpc_has_no_copy() {
    let output = one(&["connect", "--server-address", "sim://", "-c"])
        .arguments(["Ping src=a dest=b"])
        .run();
    assert_eq!(output.status, 2);
    assert!(
        output.error().contains("no field \"src\""),
        "{}",
        output.stderr
    );
}
