use std::time::Duration;

use proptest::prelude::*;

use super::{all, run, start, start_on_terminal, status};

/// A stack as a thread of this process has it: what the agent runs on may be
/// no smaller.
fn on_a_runtime<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(test)
}

/// Runs it for a moment, and kills it if it goes on.
async fn ends(args: &[&str], terminal: bool) -> i32 {
    let process = match terminal {
        true => start_on_terminal(args),
        false => start(args),
    };
    process
        .stdin()
        .write_all(b"echo 'a\nb' $(cat)\n(\x04\x03")
        .await;
    process.stdin().end();
    let readers = async { tokio::join!(all_bytes(&process), errors(&process)) };
    let killed = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        super::signal(&process, 9);
        status(&process).await
    };
    let (_, status) = tokio::join!(readers, killed);
    status
}

async fn all_bytes(process: &crate::sim::process::Process) {
    while process.stdout().next(65_536).await.is_some() {}
}

async fn errors(process: &crate::sim::process::Process) {
    while process.stderr().next(65_536).await.is_some() {}
}

#[tokio::test]
async fn blocks_within_blocks_are_bounded() {
    let deep = "syntax error: too many blocks within one another\n";
    for (open, inner, close) in [
        ("( ", "echo", ")"),
        ("{ ", "echo", "; }"),
        ("echo $(", "echo", ")"),
        ("echo \"$(", "echo", ")\""),
        ("until ", "echo", "; do :; done"),
        ("if ", "echo", "; then :; fi"),
        ("echo ${x:-", "y", "}"),
        ("echo \"${x:-", "y", "}\""),
        ("( ", "", ""),
        ("${x:-", "", ""),
    ] {
        let script = format!("{}{inner}{}", open.repeat(20_000), close.repeat(20_000));
        let script = script.get(..script.len().min(120_000)).unwrap_or_default();
        let (_, errors, status) = run(&["sh", "-c", script], "").await;
        assert_eq!((errors, status), (format!("sh: {deep}"), 2), "{open}");
        // What is allowed fits onto the stack.
        let script = format!("{}{inner}{}", open.repeat(13), close.repeat(13));
        let (_, errors, _) = run(&["sh", "-c", &script], "").await;
        assert!(!errors.contains("too many"), "{open}: {errors}");
    }
}

#[tokio::test]
async fn programs_that_run_one_another_are_bounded() {
    let script = "echo $x; x=\"a$x\"; export x; sh -c \"$SCRIPT\"";
    let env = format!("SCRIPT={script}");
    let (_, errors, _) = run(&["env", &env, "sh", "-c", script], "").await;
    assert!(errors.contains("too many"), "{errors}");
    let mut args = vec!["env"; 1000];
    args.push("true");
    let (_, errors, status) = run(&args, "").await;
    assert_eq!(errors, "env: too many programs run one another\n");
    assert_eq!(status, 126);
}

#[tokio::test]
async fn what_a_script_keeps_is_bounded() {
    for (script, complaint) in [
        ("x=aaaaaaaa; while true; do x=$x$x; done", "too long"),
        ("x=$(yes)", "too long"),
        (
            "x='a a a a a a a a'; while true; do set -- $x $x; x=\"$*\"; done",
            "too long",
        ),
        (
            "set -- a a; while true; do set -- \"$@\" \"$@\"; done",
            "too long",
        ),
        (
            "x=a; while true; do x=a$x; export \"$x=$(printf %65536s)\"; done",
            "too long",
        ),
        ("while true; do sleep 100 & done", "too many jobs"),
    ] {
        let (_, errors, status) = run(&["sh", "-c", script], "").await;
        assert!(errors.contains(complaint), "{script}: {errors}");
        assert_eq!(status, 2);
    }
    let long = format!("echo {}", "a".repeat(200_000));
    let (_, errors, _) = run(&["sh", "-c", &long], "").await;
    assert_eq!(errors, "sh: the script is too long\n");
    let (_, errors, _) = run(&["sh"], &long).await;
    assert_eq!(errors, "sh: the command is too long\n");
    let (output, _, _) = run(&["printf", "%99999999999999999999s", "a"], "").await;
    assert_eq!(output.len(), 4096);
}

#[tokio::test]
async fn a_busy_script_lets_others_have_their_turn() {
    let busy: Vec<_> = [
        "while true; do :; done",
        "while true; do x=a; done",
        "until false; do echo a >/dev/null; done",
        "yes >/dev/null",
        "while true; do (:); done",
        "while true; do x=$(true); done",
        "while true; do : | :; done",
        "while true; do : & done",
        "trap 'kill -USR1 $$' USR1; kill -USR1 $$; while :; do :; done",
    ]
    .iter()
    .map(|script| start(&["sh", "-c", script]))
    .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let (output, _, status) = run(&["echo", "in time"], "").await;
        assert_eq!((output.as_str(), status), ("in time\n", 0));
    }
    for process in busy {
        super::signal(&process, 9);
        assert_eq!(status(&process).await, 137);
        all(process.stdout()).await;
    }
}

/// Pieces that scripts are made of, put together without sense.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "if ",
            "then ",
            "fi ",
            "else ",
            "while ",
            "until ",
            "do ",
            "done ",
            "for ",
            "in ",
            "{ ",
            "} ",
            "( ",
            ") ",
            "; ",
            "\n",
            "&& ",
            "|| ",
            "| ",
            "& ",
            "! ",
            "'",
            "\"",
            "\\",
            "$",
            "${",
            "}",
            "$(",
            "$@",
            "$?",
            "$!",
            "$$",
            ":-",
            "#",
            ">",
            "<",
            ">&",
            "2>&1 ",
            ">/dev/null ",
            "x=",
            "$x",
            "true ",
            "false ",
            "echo ",
            "cat ",
            "read x ",
            "exit ",
            "break ",
            "continue ",
            "trap ",
            "kill ",
            "wait ",
            "TERM ",
            "sh -c ",
            "env ",
            "yes ",
            "sleep 1 ",
            "set -- ",
            "shift ",
            "exec ",
            "export ",
            "printf ",
            "%d ",
            "9 ",
            "a ",
            "tail -f ",
            "pause ",
        ])
        .prop_map(str::to_owned),
        ".{0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_script_ends_or_can_be_killed(
        pieces in prop::collection::vec(piece(), 0..30),
        terminal: bool,
    ) {
        let script = pieces.concat().replace('\0', "");
        let status = on_a_runtime(ends(&["sh", "-c", &script], terminal));
        prop_assert!((0..=255).contains(&status));
    }

    #[test]
    fn any_program_ends_or_can_be_killed(
        name in prop::sample::select(vec!["printf", "echo", "env", "sleep", "tail", "cat", "sh", "printenv"]),
        words in prop::collection::vec("[-%+a-z0-9.='\\\\ $é]{0,8}", 0..5),
        terminal: bool,
    ) {
        let mut args = vec![name];
        args.extend(words.iter().map(String::as_str));
        let status = on_a_runtime(ends(&args, terminal));
        prop_assert!((0..=255).contains(&status));
    }
}
