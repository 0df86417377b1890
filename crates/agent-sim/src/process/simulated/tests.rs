//! Programs, played to their end or to a signal, with everything they write.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::time::Duration;

use crate::process::{Event, Launcher, Pipe, Process, Program, Size};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

fn program(args: &[&str]) -> Program {
    Program {
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: ["B=two", "A=1", "no value", "B=2 3"]
            .map(str::to_owned)
            .into(),
        cwd: "/srv".to_owned(),
        ..Program::default()
    }
}

fn start(args: &[&str]) -> Process {
    Launcher::Simulated.launch(program(args)).unwrap()
}

async fn all(pipe: &Pipe) -> String {
    let mut bytes = Vec::new();
    while let Some(more) = pipe.next(65_536).await {
        bytes.extend(more);
    }
    String::from_utf8(bytes).unwrap()
}

async fn status(process: &Process) -> i32 {
    tokio::time::timeout(LIMIT, process.ended()).await.unwrap()
}

/// What a program with this input writes, also as errors, and how it ends.
async fn run(args: &[&str], input: &str) -> (String, String, i32) {
    let process = start(args);
    let write = async {
        process.stdin().write_all(input.as_bytes()).await;
        process.stdin().end();
    };
    let whole = async {
        tokio::join!(
            all(process.stdout()),
            all(process.stderr()),
            status(&process),
            write
        )
    };
    let (output, errors, status, ()) = tokio::time::timeout(LIMIT, whole).await.unwrap();
    (output, errors, status)
}

/// Gives the process the time to get as far as it can.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn signal(process: &Process, number: i32) {
    process.send(Event::Signal(number));
}

#[tokio::test]
async fn known_programs() {
    for (args, output, errors, status) in [
        (&["echo"][..], "\n", "", 0),
        (&["/bin/echo", "a", "", "b c"], "a  b c\n", "", 0),
        (&["echo", "-n", "a"], "a", "", 0),
        (&["cat"], "in\nput", "", 0),
        (&["/usr/bin/cat", "-"], "in\nput", "", 0),
        (
            &["cat", "/x"],
            "",
            "cat: /x: No such file or directory\n",
            1,
        ),
        (&["true"], "", "", 0),
        (&["/opt/false"], "", "", 1),
        (&["sleep", "0.001", "0s"], "", "", 0),
        (&["sleep"], "", "sleep: missing operand\n", 1),
        (
            &["sleep", "1ss"],
            "",
            "sleep: invalid time interval '1ss'\n",
            1,
        ),
        (&["sleep", "."], "", "sleep: invalid time interval '.'\n", 1),
        (&["sh", "-c", "exit 3"], "", "", 3),
        (&["sh", "-c", "false; exit"], "", "", 1),
        (
            &["sh", "-c", "exit 256; echo no"],
            "",
            "sh: exit: Illegal number\n",
            2,
        ),
        (&["sh", "-c", "false\n# no\n\n;"], "", "", 1),
        (
            &["sh", "-c", "echo a;echo 'b; $B' c#d"],
            "a\nb; $B c#d\n",
            "",
            0,
        ),
        (
            &["sh", "-c", "echo $A/$B \"$B\"$no $no $ $1 ''"],
            "1/2 3 2 3 $ $1 \n",
            "",
            0,
        ),
        (&["sh", "-c", "cat; sh -c 'exit 4'"], "in\nput", "", 4),
        (&["sh", "-c", ""], "", "", 0),
    ] {
        let found = run(args, "in\nput").await;
        let expected = (output.to_owned(), errors.to_owned(), status);
        assert_eq!(found, expected, "{args:?}");
    }
}

#[tokio::test]
async fn a_shell_runs_the_lines_of_its_input() {
    let found = run(&["sh"], "echo a\r\ncat\nrest\n").await;
    assert_eq!(found, ("a\nrest\n".to_owned(), String::new(), 0));
    let found = run(&["sh"], "false\nexit 7\necho no\n").await;
    assert_eq!(found, (String::new(), String::new(), 7));
    assert_eq!(run(&["sh"], "false").await.2, 1);
}

#[tokio::test]
async fn what_is_not_known_runs_until_it_is_signalled() {
    for args in [
        &["/docker-entrypoint.sh", "nginx", "-g", "daemon off;"][..],
        &["sh", "-c", "frobnicate"],
        &["sh", "-c", "exec nginx"],
        &["sh", "-c", "true && exit"],
        &["sh", "-c", "echo 'a"],
        &["sh", "-e"],
        &["sh", "-c", "sh -c \"$X\""],
        &["sleep", "infinity"],
    ] {
        let program = Program {
            env: vec!["X=sh -c \"$X\"".to_owned()],
            ..program(args)
        };
        let process = Launcher::Simulated.launch(program).unwrap();
        process.stdin().end();
        settle().await;
        assert_eq!(process.status(), None, "{args:?}");
        signal(&process, 15);
        assert_eq!(status(&process).await, 143, "{args:?}");
    }
}

#[tokio::test]
async fn the_program_of_a_pod_waits_to_be_told_to_go() {
    for path in ["/pause", "pause"] {
        let process = start(&[path]);
        assert!(process.handles(15) && !process.handles(1));
        signal(&process, 15);
        assert_eq!(status(&process).await, 0);
    }
}

#[tokio::test]
async fn a_terminal_has_one_stream_for_both_outputs() {
    let program = Program {
        terminal: Some(Size::default()),
        ..program(&["sh"])
    };
    let process = Launcher::Simulated.launch(program).unwrap();
    let size = Size {
        rows: 50,
        columns: 132,
    };
    process.send(Event::Resize(size));
    process.stdin().write_all(b"echo hi\nsleep\nexit 7\n").await;
    assert_eq!(all(process.stdout()).await, "hi\nsleep: missing operand\n");
    assert_eq!(status(&process).await, 7);
}
