use super::{expect, output, settle, signal, start_on_terminal, status};
use crate::sim::process::{Event, Size};

#[tokio::test]
async fn what_is_typed_is_echoed_and_comes_in_lines() {
    let process = start_on_terminal(&["cat"]);
    process.stdin().write_all(b"ax\x7fb\ty\r").await;
    expect(&process, "ax\x08 \x08b\ty\r\nab\ty\r\n").await;
    process.stdin().write_all(b"no\x15\x01tail\x04").await;
    expect(&process, "no\x08 \x08\x08 \x08^Atail\x01tail").await;
    process.stdin().write_all(b"\x04").await;
    assert_eq!(output(&process).await, "");
    assert_eq!(status(&process).await, 0);
}

#[tokio::test]
async fn errors_are_on_the_screen_too_and_lines_begin_at_its_left() {
    let process = start_on_terminal(&["sh", "-c", "echo a; frob; exit 3"]);
    assert_eq!(output(&process).await, "a\r\nsh: frob: not found\r\n");
    assert_eq!(status(&process).await, 3);
}

#[tokio::test]
async fn a_shell_prompts_and_ctrl_c_ends_what_it_runs() {
    let process = start_on_terminal(&["/bin/sh"]);
    expect(&process, "# ").await;
    process.stdin().write_all(b"echo hi\n").await;
    expect(&process, "echo hi\r\nhi\r\n# ").await;
    process.stdin().write_all(b"if true\n").await;
    expect(&process, "if true\r\n> ").await;
    process.stdin().write_all(b"\x03").await;
    expect(&process, "^C\r\n# ").await;
    process.stdin().write_all(b"sleep 1000\n").await;
    expect(&process, "sleep 1000\r\n").await;
    settle().await;
    process.stdin().write_all(b"\x03").await;
    expect(&process, "^C\r\n# ").await;
    process.stdin().write_all(b"echo $?\n").await;
    expect(&process, "echo $?\r\n130\r\n# ").await;
    // An interactive shell does not mind this one.
    signal(&process, 15);
    settle().await;
    assert_eq!(process.status(), None);
    process.stdin().write_all(b"cat\nx\n\x04exit 6\n").await;
    assert_eq!(status(&process).await, 6);
}

#[tokio::test]
async fn keys_are_signals() {
    for (key, expected) in [(b"\x03", 130), (b"\x1c", 131)] {
        let process = start_on_terminal(&["sleep", "1000"]);
        process.stdin().write_all(key).await;
        assert_eq!(status(&process).await, expected);
    }
    let process = start_on_terminal(&["sh", "-c", "sleep 0.001"]);
    process.stdin().write_all(b"\x1a").await;
    settle().await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(process.status(), None);
    signal(&process, 18);
    assert_eq!(status(&process).await, 0);
}

#[tokio::test]
async fn a_terminal_that_closes_hangs_up_and_one_that_changes_tells() {
    let process = start_on_terminal(&["cat"]);
    process.stdin().end();
    assert_eq!(status(&process).await, 129);

    let process = start_on_terminal(&[
        "sh",
        "-c",
        "trap 'exit 8' WINCH; while :; do sleep 0.001; done",
    ]);
    settle().await;
    process.send(Event::Resize(Size {
        rows: 1,
        columns: 2,
    }));
    assert_eq!(status(&process).await, 8);
}
