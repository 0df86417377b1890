//! What helps to type at the prompt: completion, hints, and the history.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

use crate::terminal::at_terminal;

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const UP: &str = "\x1b[A";
const RIGHT: &str = "\x1b[C";

#[test]
fn tab_completes() {
    // Without the hints behind the cursor.
    let mut terminal = at_terminal("sim://", ["-i"])
        .variable("NO_COLOR", "1")
        .start();
    terminal.sees_prompt();
    let mut line = "kata-agent> ".to_owned();
    for (keys, completed) in [
        ("createc\t", "CreateContainer "),
        ("OCI.Proce\t", "OCI.Process."),
        ("us\t", "User."),
        ("ui\t", "UID="),
        ("0 cid=x sto\t", "0 cid=x storages[0]."),
        ("driver=blk OCI={\"Ro\t", "driver=blk OCI={\"Root\":"),
    ] {
        terminal.keys(keys);
        line.push_str(completed);
        terminal.sees_last(line.trim_end());
    }
    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    terminal.keys("SignalProcess signal=usr1\t");
    terminal.sees_last("kata-agent> SignalProcess signal=usr1");
    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    terminal.keys("desc\tStora\t");
    terminal.sees_last("kata-agent> describe Storage");
}

#[test]
fn tab_lists_candidates_with_their_docs() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.sees_prompt();
    terminal.keys("SignalProcess signal=9 \t");
    let screen = terminal.sees("signal=        uint32: ");
    let line = |name: &str| {
        let mut lines = screen.lines();
        let found = lines.position(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("{name} is not in\n{screen}"))
    };
    assert!(
        line("container_id=  string: ") < line("signal= "),
        "{screen}"
    );
    terminal.sees_last("kata-agent> SignalProcess signal=9");

    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    terminal.keys("GetGuestDetails mem_block_size=\t");
    terminal.sees("true   false");
}

#[test]
fn a_narrow_terminal_lists_names_alone() {
    let mut terminal = at_terminal("sim://", ["-i"]).size(20, 36).start();
    terminal.sees_prompt();
    terminal.keys("SignalProcess \t");
    let screen = terminal.sees("file://");
    assert!(!screen.contains("uint32"), "{screen}");
}

#[test]
fn hints_are_dim_and_only_with_colours() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.sees_prompt();
    terminal.keys("describe ");
    terminal.sees_last("kata-agent> describe NAME");
    terminal.gets("\x1b[2mNAME\x1b[0m");
    terminal.keys("Check\r");
    terminal.sees("rpc grpc.Health/Check");
    terminal.sees_prompt();
    // What was typed before is offered, and Right takes it.
    terminal.keys("des");
    terminal.sees_last("kata-agent> describe Check");
    terminal.keys(RIGHT);
    terminal.keys(" x\r");
    terminal.sees("error: describe: it takes one argument, as in describe NAME; \"x\" is too much");
    terminal.sees_prompt();
    terminal.keys(CTRL_D);
    terminal.end();

    let mut terminal = at_terminal("sim://", ["-i"])
        .variable("NO_COLOR", "1")
        .start();
    terminal.sees_prompt();
    terminal.keys("describe Stor\t");
    terminal.sees_last("kata-agent> describe Storage");
    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    terminal.keys(CTRL_D);
    let (_, bytes) = terminal.end();
    assert!(
        !bytes.contains("NAME") && !bytes.contains("\x1b[2m"),
        "{bytes:?}"
    );
    assert!(!bytes.contains("\x1b[0m"), "{bytes:?}");
}

#[test]
fn hints_leave_nothing_behind() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.sees_prompt();
    terminal.keys("describe ");
    terminal.sees_last("kata-agent> describe NAME");
    terminal.keys(CTRL_C);
    terminal.sees_line("kata-agent> describe");
    let screen = terminal.sees_prompt();
    assert!(!screen.contains("NAME"), "{screen}");
    // Before a list, too.
    terminal.keys("describe Check");
    terminal.sees_last("kata-agent> describe Check");
    terminal.keys("\r");
    terminal.sees("rpc grpc.Health/Check");
    terminal.sees_prompt();
    terminal.keys("\x0cd");
    terminal.sees_last("kata-agent> describe Check");
    terminal.keys("\t");
    let screen = terminal.sees("DestroySandbox");
    let first = screen.lines().next().map(str::trim_end);
    assert_eq!(first, Some("kata-agent> d"), "{screen}");
}

#[test]
fn a_hint_that_does_not_fit_is_not_shown() {
    // The prompt, "describe " and the hint are 25 columns.
    for (columns, shown) in [
        (26, "kata-agent> describe NAME"),
        (25, "kata-agent> describe"),
    ] {
        let mut terminal = at_terminal("sim://", ["-i"]).size(20, columns).start();
        terminal.sees_prompt();
        terminal.keys("describe ");
        terminal.sees_last(shown);
        terminal.keys("X");
        let screen = terminal.sees_last("kata-agent> describe X");
        assert!(!screen.contains("NAME"), "{screen}");
    }
}

#[test]
fn history_is_kept_for_the_user_alone() {
    let state = TempDir::new().unwrap();
    let folder = state.path().join("kata-agent-ctl");
    let run = || {
        at_terminal("sim://", ["-i"])
            .variable("XDG_STATE_HOME", state.path())
            .start()
    };
    let mut terminal = run();
    terminal.enter("echo one");
    terminal.enter(" echo secret");
    terminal.enter("NoSuchCall");
    terminal.keys(CTRL_D);
    terminal.end();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("history")), 0o600);
    let kept = fs::read_to_string(folder.join("history")).unwrap();
    assert_eq!(kept, "#V2\necho one\nNoSuchCall\n");

    let mut terminal = run();
    terminal.sees_prompt();
    terminal.keys(UP);
    terminal.sees_last("kata-agent> NoSuchCall");
    terminal.keys(UP);
    terminal.sees_last("kata-agent> echo one");
    terminal.keys(" two\r");
    terminal.sees("\none two\n");
    terminal.sees_prompt();
    terminal.keys(CTRL_D);
    terminal.end();
    let kept = fs::read_to_string(folder.join("history")).unwrap();
    assert_eq!(kept, "#V2\necho one\nNoSuchCall\necho one two\n");
}

#[test]
fn history_is_in_the_home_folder_by_default() {
    let mut terminal = at_terminal("sim://", ["-i"]).start();
    terminal.enter("echo one");
    let file = terminal.home().join(".local/state/kata-agent-ctl/history");
    assert_eq!(fs::read_to_string(file).unwrap(), "#V2\necho one\n");
}

#[test]
fn no_history_is_no_more_than_a_warning() {
    let mut terminal = at_terminal("sim://", ["-i"]).variable("HOME", "").start();
    terminal.enter("echo one");
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));

    let mut terminal = at_terminal("sim://", ["-i"])
        .variable("XDG_STATE_HOME", "/dev/null")
        .start();
    terminal.enter("echo one");
    let screen = terminal.enter("echo two");
    let warning =
        "warn: no history is kept in \"/dev/null/kata-agent-ctl/history\": not a directory";
    assert_eq!(screen.matches(warning).count(), 1, "{screen}");
    terminal.keys(CTRL_D);
    assert_eq!(terminal.end().0, Some(0));

    // Nothing else but a file is read, waited for, or written to.
    let state = TempDir::new().unwrap();
    let folder = state.path().join("kata-agent-ctl");
    fs::create_dir(&folder).unwrap();
    let make: [fn(&Path); 3] = [
        |path| mkfifo(path, Mode::S_IRWXU).unwrap(),
        |path| symlink("/dev/zero", path).unwrap(),
        |path| fs::create_dir(path).unwrap(),
    ];
    for make in make {
        make(&folder.join("history"));
        let mut terminal = at_terminal("sim://", ["-i"])
            .variable("XDG_STATE_HOME", state.path())
            .start();
        let screen = terminal.enter("echo one");
        assert!(
            screen.contains("history\": it is not a regular file\n"),
            "{screen}"
        );
        terminal.keys(CTRL_D);
        assert_eq!(terminal.end().0, Some(0));
        let path = folder.join("history");
        fs::remove_file(&path)
            .or_else(|_| fs::remove_dir(&path))
            .unwrap();
    }

    // A file that is not a history is left as it is.
    fs::write(folder.join("history"), b"\xff\n").unwrap();
    let mut terminal = at_terminal("sim://", ["-i"])
        .variable("XDG_STATE_HOME", state.path())
        .start();
    let screen = terminal.enter("echo one");
    assert!(screen.contains("warn: no history is kept in"), "{screen}");
    assert_eq!(fs::read(folder.join("history")).unwrap(), b"\xff\n");
}

#[test]
fn nothing_in_the_history_acts_on_the_terminal() {
    let state = TempDir::new().unwrap();
    let folder = state.path().join("kata-agent-ctl");
    fs::create_dir(&folder).unwrap();
    fs::write(
        folder.join("history"),
        "#V2\necho one\necho \x1b]0;title\x07\n",
    )
    .unwrap();
    let mut terminal = at_terminal("sim://", ["-i"])
        .variable("XDG_STATE_HOME", state.path())
        .start();
    terminal.sees_prompt();
    terminal.keys(UP);
    terminal.sees_last("kata-agent> echo one");
    terminal.keys(CTRL_C);
    terminal.sees_prompt();
    terminal.keys(CTRL_D);
    assert!(!terminal.end().1.contains("title"));
}
