//! The same calls against memory and against a folder of this machine.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use nix::errno::Errno;
use nix::unistd::geteuid;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const X: &str = "/run/kata-containers/shared/containers/x";

fn piece<'a>(path: &'a str, file_mode: u32, data: &'a [u8]) -> Piece<'a> {
    Piece {
        path,
        file_size: i64::try_from(data.len()).unwrap(),
        file_mode,
        dir_mode: 0o750,
        user: geteuid().as_raw(),
        group: 5,
        offset: 0,
        data,
    }
}

fn below(rest: &str) -> String {
    format!("{SHARED}{rest}")
}

/// Runs a test in both places.
fn everywhere(test: impl Fn(&mut Files)) {
    test(&mut Files::new(None));
    let folder = TempDir::new().unwrap();
    test(&mut on_disk(&folder));
}

fn on_disk(folder: &TempDir) -> Files {
    Files::new(Some(&Root::open(folder.path()).unwrap()))
}

fn content(files: &Files, rest: &str) -> Result<Vec<u8>> {
    files.read(Path::new(&below(rest)), 100)
}

fn step(error: CopyError) -> (&'static str, Errno) {
    match error {
        CopyError::Step(step, error) => (step, error),
        CopyError::Outside(path) => unreachable!("{path}"),
    }
}

#[test]
fn a_file_appears_when_its_last_byte_is_there() {
    everywhere(|files| {
        let path = below("deep/er/file.txt");
        let first = Piece {
            file_size: 6,
            ..piece(&path, 0o100_640, b"abc")
        };
        files.copy(&first).unwrap();
        assert_eq!(content(files, "deep/er/file.txt"), Err(Errno::ENOENT));
        assert_eq!(content(files, "deep/er/file.tmp").unwrap(), b"abc");
        let last = Piece {
            offset: 3,
            data: b"def",
            ..first
        };
        files.copy(&last).unwrap();
        assert_eq!(content(files, "deep/er/file.txt").unwrap(), b"abcdef");
        assert_eq!(content(files, "deep/er/file.tmp"), Err(Errno::ENOENT));
        files.copy(&piece(&path, 0o644, b"")).unwrap();
        assert_eq!(content(files, "deep/er/file.txt").unwrap(), b"");
    });
}

#[test]
fn pieces_may_come_in_any_order_and_a_gap_is_zeros() {
    everywhere(|files| {
        let path = below("x");
        let whole = Piece {
            file_size: 4,
            ..piece(&path, 0o644, b"")
        };
        let late = Piece {
            offset: 2,
            data: b"c",
            ..whole
        };
        files.copy(&late).unwrap();
        let later = Piece {
            offset: 3,
            data: b"d",
            ..whole
        };
        files.copy(&later).unwrap();
        assert_eq!(content(files, "x").unwrap(), b"\0\0cd");
    });
}

#[test]
fn kinds_replace_each_other_but_a_folder_keeps_what_is_in_it() {
    everywhere(|files| {
        let path = below("x");
        let inner = below("x/y");
        files.copy(&piece(&path, 0o040_755, b"")).unwrap();
        files.copy(&piece(&inner, 0o644, b"1")).unwrap();
        files.copy(&piece(&path, 0o040_700, b"")).unwrap();
        assert_eq!(content(files, "x/y").unwrap(), b"1");
        files.copy(&piece(&path, 0o120_777, b"z")).unwrap();
        assert_eq!(content(files, "x"), Err(Errno::ENOENT));
        files.copy(&piece(&below("z"), 0o644, b"2")).unwrap();
        assert_eq!(content(files, "x").unwrap(), b"2");
        files.copy(&piece(&path, 0o040_755, b"")).unwrap();
        assert_eq!(content(files, "x"), Err(Errno::EISDIR));
        files.copy(&piece(&path, 0, b"3")).unwrap();
        assert_eq!(content(files, "x").unwrap(), b"3");
        assert_eq!(content(files, "z").unwrap(), b"2");
    });
}

#[test]
fn what_cannot_be_made_is_told_as_the_agent_tells_it() {
    everywhere(|files| {
        files.copy(&piece(&below("file"), 0o644, b"1")).unwrap();
        files.copy(&piece(&below("dir"), 0o040_755, b"")).unwrap();
        files.copy(&piece(&below("up"), 0o120_777, b"..")).unwrap();
        files
            .copy(&piece(&below("out"), 0o120_777, b"/etc"))
            .unwrap();
        files
            .copy(&piece(&below("loop"), 0o120_777, b"loop"))
            .unwrap();
        let long = "n".repeat(256);
        for (rest, mode, expected) in [
            ("file/x", 0o644, ("mkdir_all parent", Errno::ENOTDIR)),
            ("file/x", 0o040_755, ("mkdir_all parent", Errno::ENOTDIR)),
            ("out/x", 0o644, ("mkdir_all parent", Errno::ENOTDIR)),
            ("loop/x", 0o644, ("mkdir_all parent", Errno::ELOOP)),
            ("../../../../etc/x", 0o644, ("renameat", Errno::ENOENT)),
            ("../up/../x", 0o120_777, ("fchownat", Errno::ENOENT)),
            ("no/../x/y", 0o644, ("mkdir_all parent", Errno::ENOENT)),
            ("x", 0o120_777, ("create symlink", Errno::ENOENT)),
            ("..", 0o644, ("", Errno::EINVAL)),
            ("", 0o040_755, ("", Errno::EINVAL)),
            (&long, 0o040_755, ("mkdir_all dir", Errno::ENAMETOOLONG)),
        ] {
            let data = if rest == "x" { &b""[..] } else { b"1" };
            let error = files.copy(&piece(&below(rest), mode, data)).unwrap_err();
            assert_eq!(step(error), expected, "{rest} {mode:o}");
        }
        let negative = Piece {
            offset: -1,
            ..piece(X, 0o644, b"1")
        };
        let error = files.copy(&negative).unwrap_err();
        assert_eq!(step(error), ("write_all_at", Errno::EINVAL));
        let folder = below("dir");
        let over_folder = Piece {
            offset: 1,
            file_size: 1,
            data: b"",
            ..piece(&folder, 0o644, b"")
        };
        files.copy(&over_folder).unwrap();
        let error = files
            .copy(&Piece {
                file_size: 0,
                ..over_folder
            })
            .unwrap_err();
        assert_eq!(step(error), ("renameat", Errno::EISDIR));
        assert_eq!(files.read(Path::new("/etc/x"), 1), Err(Errno::ENOENT));
    });
}

#[test]
fn an_absolute_link_leads_to_the_shared_folder_and_back_out_of_nothing() {
    everywhere(|files| {
        files.copy(&piece(&below("dir"), 0o040_755, b"")).unwrap();
        files
            .copy(&piece(&below("link"), 0o120_777, b"/dir"))
            .unwrap();
        let error = files
            .copy(&piece(&below("link/x"), 0o644, b"1"))
            .unwrap_err();
        assert_eq!(step(error), ("renameat", Errno::ENOENT));
        assert_eq!(content(files, "dir/x.tmp").unwrap(), b"1");
        files
            .copy(&piece(&below("in"), 0o120_777, b"./dir/../dir"))
            .unwrap();
        files.copy(&piece(&below("in/y"), 0o644, b"2")).unwrap();
        assert_eq!(content(files, "dir/y").unwrap(), b"2");
    });
}

#[test]
fn a_full_memory_refuses_and_has_room_again_when_files_go() {
    let mut files = Files::new(None);
    let free = |files: &Files| files.usage(Path::new("/")).unwrap().bytes.free;
    let start = Piece {
        file_size: i64::MAX,
        ..piece(X, 0o644, b"1")
    };
    files.copy(&start).unwrap();
    let before = free(&files);
    for offset in [1_i64 << 28, 1 << 40, i64::MAX] {
        let far = Piece { offset, ..start };
        let error = files.copy(&far).unwrap_err();
        assert!(matches!(step(error), ("write_all_at", Errno::ENOSPC)));
    }
    assert_eq!(free(&files), before);
    let large = Piece {
        offset: 1 << 27,
        ..start
    };
    files.copy(&large).unwrap();
    assert_eq!(free(&files), before - (1 << 27));
    files.copy(&piece(X, 0o644, b"1")).unwrap();
    assert_eq!(free(&files), before + 4);
}

#[test]
fn on_disk_modes_are_kept_and_owners_only_as_root() {
    let folder = TempDir::new().unwrap();
    let mut files = on_disk(&folder);
    files.copy(&piece(&below("d/f"), 0o100_751, b"1")).unwrap();
    let base = folder.path().join(SHARED_BASE);
    let mode = |rest: &str| {
        let metadata = fs::symlink_metadata(base.join(rest)).unwrap();
        (metadata.permissions().mode() & 0o7777, metadata.gid())
    };
    let group = match geteuid().is_root() {
        true => 5,
        false => nix::unistd::getegid().as_raw(),
    };
    assert_eq!(mode("d/f"), (0o751, group));
    assert_eq!(mode("d"), (0o750, group));
}

#[test]
fn links_that_were_in_the_folder_before_lead_nowhere_else() {
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), "s").unwrap();
    let folder = TempDir::new().unwrap();
    let base = folder.path().join(SHARED_BASE);
    fs::create_dir_all(&base).unwrap();
    symlink(outside.path(), base.join("out")).unwrap();
    symlink(outside.path().join("secret"), base.join("f.tmp")).unwrap();
    symlink("../../../../../../../../..", base.join("up")).unwrap();
    let mut files = on_disk(&folder);
    for (rest, mode) in [
        ("out/x", 0o644),
        ("out/x", 0o040_755),
        ("out/x", 0o120_777),
        ("out/secret", 0o644),
        ("f", 0o644),
        ("up/etc/f", 0o644),
        ("up/../../secret", 0o644),
    ] {
        let _ = files.copy(&piece(&below(rest), mode, b"!"));
    }
    assert!(content(&files, "f.tmp").is_err());
    assert!(files.usage(Path::new(&below("out/secret"))).is_err());
    let left: Vec<_> = fs::read_dir(outside.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"s");

    // Replaced, a link takes nothing with it that it points to.
    files.copy(&piece(&below("out"), 0o644, b"!")).unwrap();
    assert_eq!(content(&files, "out").unwrap(), b"!");
    assert!(outside.path().join("secret").exists());
}

#[test]
fn a_way_to_the_shared_folder_that_is_a_link_is_refused() {
    let outside = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    symlink(outside.path(), folder.path().join("run")).unwrap();
    let mut files = on_disk(&folder);
    let error = files.copy(&piece(X, 0o644, b"!")).unwrap_err();
    assert_eq!(step(error), ("", Errno::ENOTDIR));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_pipe_in_the_way_is_no_file_and_holds_nobody_up() {
    let folder = TempDir::new().unwrap();
    let base = folder.path().join(SHARED_BASE);
    fs::create_dir_all(&base).unwrap();
    nix::unistd::mkfifo(&base.join("f.tmp"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut files = on_disk(&folder);
    let error = files.copy(&piece(&below("f"), 0o644, b"!")).unwrap_err();
    assert_eq!(step(error), ("create_file", Errno::EINVAL));
}

#[test]
fn a_whole_tree_is_replaced() {
    everywhere(|files| {
        for rest in ["x/a/b/c", "x/a/d", "x/e"] {
            files.copy(&piece(&below(rest), 0o644, b"1")).unwrap();
        }
        files.copy(&piece(X, 0o644, b"2")).unwrap();
        assert_eq!(content(files, "x").unwrap(), b"2");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn memory_and_disk_agree_and_nothing_leaves_the_root(
        calls in prop::collection::vec(
            ("(a|b|\\.\\.|/|\\.)(/(a|b|\\.\\.|\\.)){0,4}", 0_usize..4, 0_i64..3, "(a|b|\\.\\./|/|/a|x){0,3}"),
            1..12,
        ),
    ) {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        let mut disk = Files::new(Some(&Root::open(&root).unwrap()));
        let mut memory = Files::new(None);
        for (rest, kind, offset, data) in calls {
            let path = below(&rest);
            let mode = [0o100_644, 0o120_777, 0o040_755, 0][kind];
            let given = Piece {
                offset,
                file_size: offset + i64::try_from(data.len()).unwrap(),
                ..piece(&path, mode, data.as_bytes())
            };
            prop_assert_eq!(memory.copy(&given), disk.copy(&given), "{:?}", given);
            prop_assert_eq!(content(&memory, &rest), content(&disk, &rest));
        }
        let around: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        prop_assert_eq!(around.len(), 1);
    }
}

#[test]
fn the_folder_of_containers_is_emptied_and_no_link_followed() {
    everywhere(|files| {
        files
            .copy(&piece(&below("deep/x"), 0o100_644, b"x"))
            .unwrap();
        files.empty();
        assert_eq!(content(files, "deep/x"), Err(Errno::ENOENT));
        files.usage(Path::new("/run/kata-containers")).unwrap();
        files.copy(&piece(X, 0o100_644, b"y")).unwrap();
        assert_eq!(content(files, "x").unwrap(), b"y");
    });
    let (folder, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    fs::write(other.path().join("kept"), "").unwrap();
    fs::create_dir(folder.path().join("run")).unwrap();
    let link = folder.path().join("run/kata-containers");
    symlink(other.path(), &link).unwrap();
    on_disk(&folder).empty();
    assert!(other.path().join("kept").exists());
    assert!(fs::symlink_metadata(&link).unwrap().is_dir());
}
