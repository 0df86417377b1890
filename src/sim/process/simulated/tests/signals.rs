use super::{all, expect, run, settle, signal, start, status};
use crate::sim::process::{Event, Launcher, Read, Write};

#[tokio::test]
async fn signals_do_what_they_do_by_default() {
    for (number, expected) in [
        (1, 129),
        (2, 130),
        (9, 137),
        (10, 138),
        (15, 143),
        (64, 192),
    ] {
        let process = start(&["sleep", "infinity"]);
        settle().await;
        for ignored in [17, 18, 23, 28, 0, 65, -1] {
            signal(&process, ignored);
        }
        settle().await;
        assert_eq!(process.status(), None);
        signal(&process, number);
        assert_eq!(status(&process).await, expected);
        signal(&process, number);
    }
}

#[tokio::test]
async fn a_program_that_stops_goes_on_where_it_was() {
    let process = start(&["sh", "-c", "while true; do read x; echo $x; done"]);
    for (freeze, thaw) in [
        (Event::Signal(19), Event::Signal(18)),
        (Event::Signal(20), Event::Signal(18)),
        (Event::Freeze, Event::Thaw),
    ] {
        process.send(freeze);
        settle().await;
        process.stdin().write_all(b"word\n").await;
        settle().await;
        assert!(matches!(process.stdout().read(1), Read::Later(_)));
        process.send(thaw);
        expect(&process, "word\n").await;
    }
    // What may not be caught works at once, the rest when it goes on.
    process.send(Event::Freeze);
    signal(&process, 15);
    settle().await;
    assert_eq!(process.status(), None);
    process.send(Event::Thaw);
    assert_eq!(status(&process).await, 143);

    let process = start(&["yes"]);
    process.send(Event::Freeze);
    settle().await;
    signal(&process, 9);
    assert_eq!(status(&process).await, 137);
}

#[tokio::test]
async fn a_trap_runs_after_the_command_and_is_known_to_be_there() {
    let process = start(&[
        "sh",
        "-c",
        "trap 'echo bye; exit 3' TERM; echo on; wait; while true; do sleep 0.001; done",
    ]);
    assert!(!process.handles(15));
    expect(&process, "on\n").await;
    assert!(process.handles(15) && !process.handles(2));
    signal(&process, 15);
    assert_eq!(all(process.stdout()).await, "bye\n");
    assert_eq!(status(&process).await, 3);

    let process = start(&[
        "sh",
        "-c",
        "trap 'exit 4' TERM; echo on; sleep infinity & wait",
    ]);
    expect(&process, "on\n").await;
    settle().await;
    signal(&process, 15);
    assert_eq!(status(&process).await, 4);

    let process = start(&[
        "sh",
        "-c",
        "trap 'echo again' USR1; echo on; read x; echo $x",
    ]);
    expect(&process, "on\n").await;
    settle().await;
    signal(&process, 10);
    expect(&process, "again\n\n").await;
    assert_eq!(status(&process).await, 0);
}

#[tokio::test]
async fn the_program_of_a_pod_waits_to_be_told_to_go() {
    for path in ["/pause", "pause"] {
        let process = start(&[path]);
        settle().await;
        assert!(process.handles(15));
        signal(&process, 15);
        assert_eq!(status(&process).await, 0);
    }
}

#[tokio::test]
async fn a_program_is_created_and_written_to_before_it_starts() {
    let process = Launcher::Simulated
        .create(super::program(&["cat"]))
        .unwrap();
    assert!(matches!(process.stdin().write(b"early"), Write::Taken(5)));
    process.stdin().end();
    settle().await;
    assert!(matches!(process.stdout().read(1), Read::Later(_)));
    process.start().unwrap();
    process.start().unwrap();
    assert_eq!(all(process.stdout()).await, "early");
    assert_eq!(status(&process).await, 0);

    let process = Launcher::Simulated
        .create(super::program(&["cat"]))
        .unwrap();
    signal(&process, 15);
    assert_eq!(process.status(), None);
    signal(&process, 9);
    assert_eq!(process.status(), Some(137));
    process.start().unwrap();
    settle().await;
    assert_eq!(process.status(), Some(137));
    assert!(matches!(process.stdin().write(b"late"), Write::Broken));

    let error = Launcher::Simulated.create(super::program(&[])).unwrap_err();
    let text = "the process has no arguments, and the first one names the program";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn whoever_writes_what_nobody_reads_ends() {
    let process = start(&["sh", "-c", "while true; do echo a; done"]);
    expect(&process, "a\n").await;
    process.stdout().abandon();
    assert_eq!(status(&process).await, 141);
    let (output, _, status) = run(&["sh", "-c", "yes | true; echo $?"], "").await;
    assert_eq!((output.as_str(), status), ("0\n", 0));
}
