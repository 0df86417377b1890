//! `CopyFile src=LOCAL dest=GUEST`: what arrives at an agent.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

use tempfile::{TempDir, tempdir};
use typed_peer::protos::agent::CopyFileRequest;
use typed_peer::{Peer, Received};

use crate::tool::{Tool, connect, tool};

const MIB: usize = 1 << 20;

/// What arrives when these arguments are run in a folder; the one answer is printed.
#[track_caller]
fn copied(folder: &Path, arguments: &[&str]) -> Vec<CopyFileRequest> {
    let peer = Peer::start();
    let output = connect(peer.address(), arguments).folder(folder).run();
    assert_eq!((output.status, output.text().as_str()), (0, "{}\n"));
    requests(&peer)
}

fn requests(peer: &Peer) -> Vec<CopyFileRequest> {
    let received = peer.received();
    let request = |call: &Received| call.request::<CopyFileRequest>().clone();
    received.iter().map(request).collect()
}

/// Bytes that differ from one piece to the next.
fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| (index / 251 + index) as u8)
        .collect()
}

fn write(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_file_arrives_in_pieces() {
    let folder = tempdir().unwrap();
    for (length, pieces) in [
        (0, &[0][..]),
        (1, &[1]),
        (MIB, &[MIB]),
        (MIB + 1, &[MIB, 1]),
        (3 * MIB + 7, &[MIB, MIB, MIB, 7]),
    ] {
        let bytes = content(length);
        write(&folder, "f", &bytes);
        let requests = copied(folder.path(), &["-c", "CopyFile src=f dest=/g/copy"]);
        let lengths: Vec<_> = requests.iter().map(|it| it.data.len()).collect();
        assert_eq!(lengths, pieces);
        let mut whole: Vec<u8> = Vec::new();
        for request in &requests {
            assert_eq!(request.path, "/g/copy");
            assert_eq!(request.file_size, length as i64);
            assert_eq!(request.offset, whole.len() as i64);
            assert_eq!(request.dir_mode, 0o750);
            whole.extend(&request.data);
        }
        assert!(whole == bytes, "{length} bytes");
    }
}

#[test]
fn holes_arrive_as_zeros() {
    let folder = tempdir().unwrap();
    let path = write(&folder, "sparse", "start");
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(5 * MIB as u64)).unwrap();
    file.write_all(b"end").unwrap();
    let requests = copied(folder.path(), &["-c", "CopyFile src=sparse dest=/g/"]);
    let whole: Vec<u8> = requests.iter().flat_map(|it| it.data.clone()).collect();
    assert_eq!((requests.len(), whole.len()), (6, 5 * MIB + 3));
    assert_eq!(requests[0].path, "/g/sparse");
    assert!(whole.starts_with(b"start\0") && whole.ends_with(b"\0end"));
    assert_eq!(whole.iter().filter(|byte| **byte != 0).count(), 8);
}

#[test]
fn mode_and_owner_are_the_files() {
    let folder = tempdir().unwrap();
    let path = write(&folder, "f", "x");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
    // Only root may give a file away.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        chown(&path, Some(1000), Some(1001)).unwrap();
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4751)).unwrap();
    let metadata = fs::metadata(&path).unwrap();
    for command in [
        format!("CopyFile src={path} dest=/g/f"),
        format!(r#"CopyFile json://{{"src": "{path}", "dest": "/g/f"}}"#),
        format!(
            r#"CopyFile json://{{"src": "none", "dest": "/g/f", "recursive": false}} src={path}"#
        ),
    ] {
        let requests = copied(folder.path(), &["-n", "-c", &command]);
        let [request] = requests.as_slice() else {
            panic!("{requests:?}");
        };
        assert_eq!(request.file_mode, 0o104_751);
        assert_eq!(request.uid, metadata.uid() as i32);
        assert_eq!(request.gid, metadata.gid() as i32);
        assert_eq!(request.data, b"x");
    }
}

#[test]
fn explicit_fields_beat_the_file() {
    let folder = tempdir().unwrap();
    write(&folder, "f", "x");
    symlink("f", folder.path().join("l")).unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    // A mode without a kind means a file, so only other things need their kind.
    for (source, mode) in [("f", 0o600), ("l", 0o120_600), ("d", 0o040_600)] {
        let command = format!(
            "CopyFile src={source} dest=/g/c uid=0 gid=7 file_mode=0o600 dir_mode=0 file_size=9"
        );
        let requests = copied(folder.path(), &["-c", &command]);
        let request = &requests[0];
        assert_eq!((request.uid, request.gid), (0, 7));
        assert_eq!((request.file_mode, request.dir_mode), (mode, 0));
        assert_eq!(request.file_size, 9);
    }
    let requests = copied(
        folder.path(),
        &["-c", "CopyFile src=d dest=/g/c file_mode=0o100600"],
    );
    assert_eq!(requests[0].file_mode, 0o100_600);
}

#[test]
fn a_link_is_sent_as_a_link() {
    let folder = tempdir().unwrap();
    symlink("no/such\nplace", folder.path().join("l")).unwrap();
    let requests = copied(folder.path(), &["-c", "CopyFile src=l dest=/g/"]);
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(request.path, "/g/l");
    assert_eq!(request.data, b"no/such\nplace");
    assert_eq!(request.file_mode & 0o170_000, 0o120_000);
    assert_eq!((request.file_size, request.offset), (0, 0));
}

#[test]
fn a_link_with_a_slash_is_what_it_points_to() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("v1")).unwrap();
    write(&folder, "v1/token", "secret");
    // As volumes of Kubernetes have it.
    symlink("v1", folder.path().join("data")).unwrap();
    symlink("data/token", folder.path().join("token")).unwrap();
    for command in [
        "CopyFile src=token/ dest=/g/",
        "CopyFile src=token// dest=/g/token recursive=true",
    ] {
        let requests = copied(folder.path(), &["-c", command]);
        let [request] = requests.as_slice() else {
            panic!("{requests:?}");
        };
        assert_eq!(request.path, "/g/token");
        assert_eq!(request.data, b"secret");
        assert_eq!(request.file_mode & 0o170_000, 0o100_000);
    }
    let requests = copied(folder.path(), &["-c", "CopyFile src=data/ dest=/g/d"]);
    assert_eq!(requests[0].file_mode & 0o170_000, 0o040_000);
    symlink("none", folder.path().join("dangling")).unwrap();
    dry_run(&folder, "CopyFile src=dangling/ dest=/g/d")
        .status(2)
        .stderr("error: CopyFile: src: \"dangling/\": no such file or directory\n")
        .test();
}

/// A tree whose names sort in another way than they were made.
fn tree() -> TempDir {
    let folder = tempdir().unwrap();
    fs::create_dir_all(folder.path().join("t/b/empty")).unwrap();
    for (name, bytes) in [("t/z", "zz"), ("t/b/f", ""), ("t/B", "B"), ("t/b-", "-")] {
        write(&folder, name, bytes);
    }
    symlink("b", folder.path().join("t/a")).unwrap();
    fs::hard_link(folder.path().join("t/z"), folder.path().join("t/y")).unwrap();
    symlink("t", folder.path().join("link")).unwrap();
    folder
}

fn paths(requests: &[CopyFileRequest]) -> Vec<&str> {
    requests.iter().map(|it| it.path.as_str()).collect()
}

#[test]
fn a_tree_is_sent_in_order() {
    let folder = tree();
    let peer = Peer::start();
    let run = |command: &str| {
        connect(peer.address(), ["-c", command])
            .folder(folder.path())
            .run()
    };
    // A link is followed only where a slash after it asks for that.
    for source in ["t", "t/", "link/"] {
        let output = run(&format!("CopyFile src={source} dest=/g/t recursive=true"));
        assert_eq!((output.status, output.text().as_str()), (0, "{}\n"));
        let total = "copied 5 files, 3 directories, 1 link: 6 bytes in ";
        assert!(output.error().starts_with(total), "{}", output.stderr);
        let requests = requests(&peer);
        assert_eq!(
            paths(&requests),
            [
                "/g/t",
                "/g/t/B",
                "/g/t/a",
                "/g/t/b",
                "/g/t/b/empty",
                "/g/t/b/f",
                // Its owner, as the agent gave it that of what is in it.
                "/g/t/b",
                "/g/t/b-",
                "/g/t/y",
                "/g/t/z",
                "/g/t"
            ]
        );
        let kinds: Vec<_> = requests.iter().map(|it| it.file_mode >> 12).collect();
        assert_eq!(kinds, [4, 8, 10, 4, 4, 8, 4, 8, 8, 8, 4]);
        assert_eq!(requests[8].data, b"zz");
    }
    run("CopyFile src=link dest=/g/t recursive=true");
    assert_eq!(paths(&requests(&peer)), ["/g/t"]);
}

#[test]
fn names_that_the_agent_uses_in_passing_come_last() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("t")).unwrap();
    for name in ["t/one.md", "t/one.tmp", "t/two"] {
        write(&folder, name, "");
    }
    let command = "CopyFile src=t dest=/t recursive=true";
    let peer = Peer::start();
    connect(peer.address(), ["-c", command])
        .folder(folder.path())
        .run();
    assert_eq!(
        paths(&requests(&peer)),
        ["/t", "/t/one.md", "/t/two", "/t/one.tmp", "/t"]
    );
}

#[test]
fn a_directory_alone_is_sent_without_what_is_in_it() {
    let folder = tree();
    let requests = copied(folder.path(), &["-c", "CopyFile src=t dest=/g/"]);
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(
        (request.path.as_str(), request.file_mode >> 12),
        ("/g/t", 4)
    );
    assert_eq!((request.file_size, request.data.len()), (0, 0));
}

fn dry_run(folder: &TempDir, command: &str) -> Tool {
    tool(["connect", "--dry-run", "-o", "jsonl", "-c", command]).folder(folder.path())
}

#[test]
fn a_dry_run_shows_each_request() {
    let folder = tree();
    let owner = "uid=1 gid=2 file_mode=3 recursive=true";
    dry_run(&folder, &format!("CopyFile src=t/b dest=/g/ {owner}"))
        .stdout(
            "{\"path\":\"/g/b\",\"file_mode\":16387,\"dir_mode\":488,\"uid\":1,\"gid\":2}\n\
             {\"path\":\"/g/b/empty\",\"file_mode\":16387,\"dir_mode\":488,\"uid\":1,\"gid\":2}\n\
             {\"path\":\"/g/b/f\",\"file_mode\":3,\"dir_mode\":488,\"uid\":1,\"gid\":2}\n\
             {\"path\":\"/g/b\",\"file_mode\":16387,\"dir_mode\":488,\"uid\":1,\"gid\":2}\n",
        )
        .test();
    dry_run(&folder, &format!("CopyFile src=t/z dest=/z {owner}"))
        .stdout(
            "{\"path\":\"/z\",\"file_size\":\"2\",\"file_mode\":3,\"dir_mode\":488,\"uid\":1,\
             \"gid\":2,\"data\":\"eno=\"}\n",
        )
        .test();
}

#[test]
fn verbose_shows_a_line_for_each_file() {
    let folder = tempdir().unwrap();
    write(&folder, "f", content(2 * MIB + 1));
    let peer = Peer::start();
    let output = connect(peer.address(), ["-v", "-c", "CopyFile src=f dest=/g/f"])
        .folder(folder.path())
        .run();
    let mut lines = output.stderr.lines();
    assert_eq!(lines.next(), Some("> grpc.AgentService/CopyFile"));
    assert_eq!(lines.next(), Some(r#"> "f" to "/g/f" (2097153 bytes)"#));
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("< OK in "))
    );
    assert_eq!(lines.next(), None);
    assert_eq!(peer.received().len(), 3);
}

#[test]
fn without_a_source_it_is_a_plain_call() {
    let requests = copied(
        Path::new("/"),
        &["-c", "CopyFile path=/x data=abc offset=3"],
    );
    let expected = CopyFileRequest {
        path: "/x".to_owned(),
        data: b"abc".to_vec(),
        offset: 3,
        ..Default::default()
    };
    assert_eq!(requests, [expected]);
}

#[test]
fn the_parameters_are_described() {
    let text = tool(["describe", "CopyFile"]).run().succeeded().text();
    for part in [
        "\n  src=LOCAL\n",
        "\n  dest=GUEST\n",
        "\n  recursive=true|false\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}
