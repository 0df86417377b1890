//! Files that are not what a command hopes for, wherever it names one: each is told
//! in one line, at once, and none takes more memory than a file may have.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

use crate::tool::{Tool, program, tool};

/// How much memory a run may take: the largest document, and room to grow into.
const MEMORY: u64 = 256 << 20;

/// A place that names a file: the run that does, and what stands before what is
/// wrong with the file.
struct Place {
    run: fn(&str) -> Vec<String>,
    before: &'static str,
    /// What is in the way of a file that is larger than this place takes.
    too_large: &'static str,
}

fn command(text: String) -> Vec<String> {
    let words = ["connect", "--dry-run", "-n", "-c"].map(str::to_owned);
    words.into_iter().chain([text]).collect()
}

const MUCH: &str = "\"{file}\" is larger than 64 MiB";
const VALUE: &str = "\"{file}\" is larger than 4 MiB";

/// Every place that takes text. In what comes before, `{file}` is the file.
const PLACES: [Place; 6] = [
    Place {
        run: |file| command(format!("Check file://{file}")),
        before: "Check: \"{file}\"",
        too_large: "Check: ",
    },
    Place {
        run: |file| command(format!("CreateContainer spec=file://{file}")),
        before: "CreateContainer: spec: \"{file}\"",
        too_large: "CreateContainer: spec: ",
    },
    Place {
        run: |file| command(format!("SetPolicy policy_file={file}")),
        before: "SetPolicy: policy_file: \"{file}\"",
        too_large: "SetPolicy: policy_file: ",
    },
    Place {
        run: |file| {
            let words = ["connect", "--dry-run", "--script", file];
            words.map(str::to_owned).to_vec()
        },
        before: "\"{file}\"",
        too_large: "",
    },
    Place {
        run: |file| command(format!("SetPolicy policy=@{file}")),
        before: "SetPolicy: policy: \"{file}\"",
        too_large: "SetPolicy: policy: ",
    },
    Place {
        run: |file| command(format!("WriteStdin data=@{file}")),
        before: "WriteStdin: data: \"{file}\"",
        too_large: "WriteStdin: data: ",
    },
];

impl Place {
    fn is_value(&self) -> bool {
        self.before.contains(": policy: ") || self.before.contains(": data: ")
    }

    fn tool(&self, folder: &Path, file: &str) -> Tool {
        tool((self.run)(file)).folder(folder).memory(MEMORY)
    }

    /// The file is refused with this behind the place.
    #[track_caller]
    fn refuses(&self, folder: &Path, file: &str, what: &str) {
        let error = format!("error: {}: {what}\n", self.before.replace("{file}", file));
        self.tool(folder, file).status(2).stderr(error).test();
    }
}

#[test]
fn what_is_no_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("dir")).unwrap();
    symlink("nowhere", path.join("dangling")).unwrap();
    symlink("loop", path.join("loop")).unwrap();
    let _listener = UnixListener::bind(path.join("sock")).unwrap();
    for place in PLACES {
        for (file, what) in [
            ("none", "no such file or directory"),
            ("dangling", "no such file or directory"),
            ("none/x", "no such file or directory"),
            ("loop", "too many levels of symbolic links"),
            ("sock", "it is a socket"),
        ] {
            place.refuses(path, file, what);
        }
        place.refuses(path, "dir", "is a directory");
    }
}

#[test]
fn what_is_too_large() {
    let folder = TempDir::new().unwrap();
    let sparse = File::create(folder.path().join("sparse")).unwrap();
    sparse.set_len(10 << 30).unwrap();
    for place in PLACES {
        for file in ["sparse", "/dev/zero"] {
            let what = if place.is_value() { VALUE } else { MUCH };
            let error = format!("error: {}{what}\n", place.too_large).replace("{file}", file);
            let output = place
                .tool(folder.path(), file)
                .status(2)
                .stderr(error)
                .test();
            assert!(output.time < Duration::from_secs(10), "{:?}", output.time);
        }
    }
}

#[test]
fn what_is_no_text() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("binary"), b"\x7fELF\x02\x01\0\xff").unwrap();
    for place in PLACES {
        let what = match (place.is_value(), place.too_large) {
            (false, _) => "\"binary\" is not UTF-8 text: the byte at offset 7 is wrong",
            (true, "SetPolicy: policy: ") => {
                "file \"binary\" is not UTF-8 text: the byte at offset 7 is wrong"
            }
            // A field of bytes takes it.
            _ => continue,
        };
        let error = format!("error: {}{what}\n", place.too_large);
        place
            .tool(folder.path(), "binary")
            .status(2)
            .stderr(error)
            .test();
    }
}

#[test]
fn a_named_pipe_that_nobody_writes_to() {
    let folder = TempDir::new().unwrap();
    mkfifo(&folder.path().join("pipe"), Mode::S_IRWXU).unwrap();
    // All at once, as each of them waits.
    let runs = PLACES.map(|place| {
        let running = place.tool(folder.path(), "pipe").start();
        (place.before.replace("{file}", "pipe"), running)
    });
    for (before, running) in runs {
        let output = running.wait();
        let what = "it is a named pipe, and nobody opened it for writing within 3s";
        assert_eq!(output.stderr, format!("error: {before}: {what}\n"));
        assert_eq!(output.status, 2);
        assert!(output.time < Duration::from_secs(15), "{:?}", output.time);
    }
}

#[test]
fn a_named_pipe_whose_writer_is_silent_ends_with_the_deadline() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    // Open to read as well, it does not wait for the other side.
    let _writer = File::options().read(true).write(true).open(&pipe).unwrap();
    let running = PLACES.map(|place| {
        let running = place
            .tool(folder.path(), "pipe")
            .arguments(["--timeout", "300ms"])
            .start();
        (place.before.replace("{file}", "pipe"), running)
    });
    for (before, running) in running {
        let output = running.wait();
        let error = format!("error: {before}: it blocks, and did not end within 300ms\n");
        assert_eq!((output.stderr, output.status), (error, 2));
    }
}

#[test]
fn a_deadline_that_a_command_sets_is_that_of_the_files_after_it() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    let _writer = File::options().read(true).write(true).open(&pipe).unwrap();
    let named = tool(["connect", "--dry-run", "-c"]).folder(folder.path());
    named
        .arguments(["set timeout 300ms", "-c", "SetPolicy policy_file=pipe"])
        .status(2)
        .stderr(
            "error: SetPolicy: policy_file: \"pipe\": it blocks, and did not end within 300ms\n",
        )
        .test();
}

#[test]
fn a_named_pipe_that_somebody_writes_to() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).unwrap();
    // Whoever writes comes late, is slow, or has nothing to say.
    for (parts, policy) in [
        (&["package ", "x"][..], "{\"policy\":\"package x\"}\n"),
        (&[], "{}\n"),
    ] {
        let running = tool(["connect", "--dry-run", "-o", "jsonl", "-c"])
            .arguments(["SetPolicy policy_file=pipe"])
            .folder(folder.path())
            .start();
        thread::sleep(Duration::from_millis(500));
        let mut writer = File::options().write(true).open(&pipe).unwrap();
        for part in parts {
            thread::sleep(Duration::from_secs(2));
            writer.write_all(part.as_bytes()).unwrap();
        }
        drop(writer);
        let output = running.wait();
        assert_eq!(
            (output.text().as_str(), output.stderr.as_str()),
            (policy, "")
        );
    }
    // A pipe that a shell makes for a program's output.
    let mut command = Command::new("bash");
    let output = command
        .arg("-c")
        .arg("exec \"$0\" connect --dry-run -o jsonl -c \"SetPolicy policy=@\"<(sleep 1; printf x)")
        .arg(program())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"policy\":\"x\"}\n"
    );
}

#[test]
fn a_bundle_without_a_usable_configuration() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("config.json");
    let run = |what: &str| {
        tool([
            "connect",
            "--dry-run",
            "--bundle-dir",
            ".",
            "-c",
            "CreateContainer",
        ])
        .folder(folder.path())
        .memory(MEMORY)
        .status(2)
        .stderr(format!("error: CreateContainer: \"./config.json\"{what}\n"))
        .test();
        let _ = fs::remove_file(&config);
    };
    run(": no such file or directory");
    mkfifo(&config, Mode::S_IRWXU).unwrap();
    run(": it is a named pipe, and nobody opened it for writing within 3s");
    symlink("/dev/zero", &config).unwrap();
    run(" is larger than 64 MiB");
    fs::write(&config, [0xff]).unwrap();
    run(" is not UTF-8 text: the byte at offset 0 is wrong");
    File::create(&config).unwrap().set_len(10 << 30).unwrap();
    run(" is larger than 64 MiB");
}

#[test]
fn a_file_that_may_not_be_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let secret = path.join("secret");
    fs::write(&secret, "x").unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    // In a process of its own, as in `builds`.
    let binary = path.join("tool");
    let own = Path::new(program());
    let copied = Command::new("cp").args([own, &binary]).status();
    assert!(copied.unwrap().success());
    for place in PLACES {
        let mut command = Command::new(&binary);
        command.args((place.run)("secret")).current_dir(path);
        // Root may read everything; nobody may not.
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65534);
        }
        let output = command.output().unwrap();
        let before = place.before.replace("{file}", "secret");
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!("error: {before}: permission denied\n")
        );
        assert_eq!(output.status.code(), Some(2));
    }
}
