//! A copy on its way: a file that changes, an agent that refuses a piece, an
//! interrupt, deadlines, and the memory it takes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::pty::openpty;
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use tempfile::{TempDir, tempdir};
use typed_peer::protobuf::well_known_types::empty::Empty;
use typed_peer::protos::agent::CopyFileRequest;
use typed_peer::{Answer, Peer};

use crate::tool::{Running, connect, program};
use crate::wire::{Listener, frame, read_frame};

const MIB: usize = 1 << 20;

/// A copy of a file of 3 MiB to an agent that takes its time, after the first
/// piece arrived.
fn on_its_way(folder: &TempDir) -> (Peer, Running) {
    fs::write(folder.path().join("f"), vec![7; 3 * MIB]).unwrap();
    let peer = Peer::start();
    let slow = Answer::ok(&Empty::new()).after(Duration::from_millis(300));
    peer.answer("CopyFile", slow);
    let running = connect(peer.address(), ["-c", "CopyFile src=f dest=/g/f"])
        .folder(folder.path())
        .start();
    let started = Instant::now();
    while peer.received().is_empty() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "nothing arrived"
        );
        thread::sleep(Duration::from_millis(1));
    }
    (peer, running)
}

#[test]
fn a_file_must_stay_as_it_is() {
    let open = |path: &Path| File::options().write(true).open(path).unwrap();
    let append = |path: &Path| {
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(b"more").unwrap();
    };
    type Change<'a> = &'a dyn Fn(&Path);
    let cases: [(Change<'_>, &str); 4] = [
        (
            &append,
            "grew while it was sent: it has more than the 3145728 bytes it had at first",
        ),
        (
            &|path| open(path).set_len(9).unwrap(),
            "shrank while it was sent: it had 3145728 bytes at first, and has 1048576 now",
        ),
        (
            &|path| fs::remove_file(path).unwrap(),
            "was removed while it was sent",
        ),
        (
            &|path| open(path).write_all(b"other").unwrap(),
            "was written to while it was sent",
        ),
    ];
    for (change, message) in cases {
        let folder = tempdir().unwrap();
        let (peer, running) = on_its_way(&folder);
        change(&folder.path().join("f"));
        let output = running.wait();
        assert_eq!(output.error(), format!("error: CopyFile: \"f\" {message}"));
        assert_eq!((output.status, output.stdout.len()), (2, 0));
        // No further piece was sent.
        assert!(peer.received().is_empty());
    }
}

#[test]
fn a_change_during_the_last_answer_is_noticed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("f");
    fs::write(&path, "small").unwrap();
    let peer = Peer::start();
    let slow = Answer::ok(&Empty::new()).after(Duration::from_millis(300));
    peer.answer("CopyFile", slow);
    let running = connect(peer.address(), ["-c", "CopyFile src=f dest=/g/f"])
        .folder(folder.path())
        .start();
    while peer.received().is_empty() {
        thread::sleep(Duration::from_millis(1));
    }
    let mut file = File::options().append(true).open(&path).unwrap();
    file.write_all(b"more").unwrap();
    let output = running.wait();
    assert_eq!(output.status, 2);
    assert!(
        output.error().contains("grew while it was sent"),
        "{}",
        output.stderr
    );
}

/// A directory in whose place a link is put once the copy has begun.
#[test]
fn a_tree_is_not_left_by_a_link_that_comes_later() {
    let folder = tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["t/z", "outside"] {
        fs::create_dir_all(path(name)).unwrap();
    }
    fs::write(path("t/first"), "x").unwrap();
    fs::write(path("t/z/file"), "within").unwrap();
    fs::write(path("outside/file"), "secret").unwrap();
    let peer = Peer::start();
    let slow = Answer::ok(&Empty::new()).after(Duration::from_millis(300));
    peer.answer("CopyFile", slow);
    let command = "CopyFile src=t dest=/g recursive=true";
    let running = connect(peer.address(), ["-c", command])
        .folder(folder.path())
        .start();
    let mut arrived = peer.received();
    while arrived.is_empty() {
        thread::sleep(Duration::from_millis(1));
        arrived = peer.received();
    }
    fs::rename(path("t/z"), path("t/elsewhere")).unwrap();
    symlink("../outside", path("t/z")).unwrap();
    let output = running.wait();
    assert_eq!(
        (output.status, output.error()),
        (2, "error: CopyFile: src: \"t/z/file\": not a directory")
    );
    arrived.extend(peer.received());
    let contents = arrived
        .iter()
        .map(|it| it.request::<CopyFileRequest>().data.clone());
    assert!(
        contents
            .into_iter()
            .all(|data| data.is_empty() || data == b"x")
    );
}

#[test]
fn a_failing_piece_is_named() {
    let folder = tempdir().unwrap();
    let (peer, running) = on_its_way(&folder);
    peer.answer("CopyFile", Answer::error(13, "no\u{1b} space"));
    let output = running.wait();
    assert_eq!(
        output.error(),
        r#"error: CopyFile: "f" at offset 1048576: the agent answered code: INTERNAL (13): no\x1b space"#
    );
    assert_eq!((output.status, output.stdout.len()), (77, 0));
    assert_eq!(peer.received().len(), 1);

    let output = connect(peer.address(), ["--error-format", "json", "-c"])
        .arguments(["CopyFile src=f dest=/g"])
        .folder(folder.path())
        .run();
    let error: serde_json::Value = serde_json::from_str(output.error()).unwrap();
    assert_eq!(error["message"], r#""f" at offset 0: no\x1b space"#);
    assert_eq!(
        (&error["code"], &error["exit_status"]),
        (&13.into(), &77.into())
    );
}

#[test]
fn an_interrupt_ends_a_copy() {
    let folder = tempdir().unwrap();
    let (_peer, running) = on_its_way(&folder);
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 130, "{}", output.stderr);
    assert!(output.error().ends_with("interrupted"), "{}", output.stderr);
}

#[test]
fn a_deadline_is_for_each_piece() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("f"), vec![7; 3 * MIB]).unwrap();
    let peer = Peer::start();
    let slow = Answer::ok(&Empty::new()).after(Duration::from_millis(500));
    peer.answer("CopyFile", slow);
    let run = |timeout| {
        connect(
            peer.address(),
            ["--timeout", timeout, "-c", "CopyFile src=f dest=/g/f"],
        )
        .folder(folder.path())
        .run()
    };
    assert_eq!(run("1300ms").status, 0);
    let output = run("100ms");
    assert_eq!(
        (output.status, output.error()),
        (
            4,
            r#"error: CopyFile: "f" at offset 0: no answer within 100ms"#
        )
    );
}

#[test]
fn a_terminal_shows_how_far_a_copy_has_come() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("f"), vec![7; 2 * MIB]).unwrap();
    let bar = |arguments: &[&str]| {
        let peer = Peer::start();
        let terminal = openpty(None, None).unwrap();
        let mut child = Command::new(program())
            .args(["connect", "--server-address", peer.address()])
            .args(arguments)
            .args(["-c", "CopyFile src=f dest=/g/f"])
            .current_dir(folder.path())
            .env("TERM", "xterm")
            .stdout(Stdio::piped())
            .stderr(terminal.slave)
            .spawn()
            .unwrap();
        let mut shown = Vec::new();
        // Linux tells the end of a terminal as an error.
        let _ = File::from(terminal.master).read_to_end(&mut shown);
        let mut answer = String::new();
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut answer)
            .unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(answer, "{}\n");
        String::from_utf8(shown).unwrap()
    };
    assert!(bar(&[]).contains("1.00 MiB/2.00 MiB"), "{}", bar(&[]));
    assert!(!bar(&["-v"]).contains("MiB"));
}

/// The most memory that a copy of a file of so many bytes holds, in KiB.
fn peak_memory(size: u64) -> u64 {
    let folder = tempdir().unwrap();
    let file = File::create(folder.path().join("f")).unwrap();
    file.set_len(size).unwrap();
    let (tell, told) = mpsc::channel();
    let listener = Listener::start(move |_, mut stream: UnixStream| {
        let pid = getsockopt(&stream, PeerCredentials).unwrap().pid();
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let number = peak.unwrap().trim().trim_end_matches(" kB").parse::<u64>();
            tell.send(number.unwrap()).unwrap();
            stream.write_all(&frame(stream_id, 2, 0, &[])).unwrap();
        }
    });
    connect(&listener.address(), ["-c", "CopyFile src=f dest=/g/f"])
        .folder(folder.path())
        .stdout("{}\n")
        .test();
    let all: Vec<u64> = told.try_iter().collect();
    assert_eq!(all.len() as u64, size.div_ceil(MIB as u64));
    *all.last().unwrap()
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let (small, large) = (peak_memory(1), peak_memory(256 << 20));
    assert!(large < small + (16 << 10), "{small} KiB and {large} KiB");
}
