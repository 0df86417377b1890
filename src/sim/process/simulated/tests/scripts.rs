use super::run;

/// Arguments or a script, and its output, its errors and its status.
type Case<'a, T> = (T, &'a str, &'a str, i32);

#[tokio::test]
async fn programs() {
    let cases: &[Case<'_, &[&str]>] = &[
        (&["echo"], "\n", "", 0),
        (&["echo", "a", "", "b c"], "a  b c\n", "", 0),
        (&["/bin/echo", "-n", "a"], "a", "", 0),
        (
            &["echo", "-ne", r"a\tb\x41\0101\\\q\cd"],
            "a\tbAA\\\\q",
            "",
            0,
        ),
        (&["echo", "-e", r"a\c", "b"], "a", "", 0),
        (&["echo", "-", "-x", "-n"], "- -x -n\n", "", 0),
        (&["cat"], "in\nput", "", 0),
        (&["cat", "-"], "in\nput", "", 0),
        (
            &["cat", "/etc/passwd", "/dev/null"],
            "",
            "cat: /etc/passwd: No such file or directory\n",
            1,
        ),
        (&["true"], "", "", 0),
        (&["/usr/bin/false"], "", "", 1),
        (&["pwd"], "/srv\n", "", 0),
        (&["sleep", "0.001", "0s"], "", "", 0),
        (&["sleep"], "", "sleep: missing operand\n", 1),
        (
            &["sleep", "-1"],
            "",
            "sleep: invalid time interval '-1'\n",
            1,
        ),
        (
            &["sleep", "1ss"],
            "",
            "sleep: invalid time interval '1ss'\n",
            1,
        ),
        (&["sleep", "."], "", "sleep: invalid time interval '.'\n", 1),
        (&["env"], "B=2\nA=1\n", "", 0),
        (&["/usr/bin/env", "-i", "X=1", "printenv"], "X=1\n", "", 0),
        (&["env", "-u", "A", "Y=", "env"], "B=2\nY=\n", "", 0),
        (&["env", "A=3", "sh", "-c", "echo $A"], "3\n", "", 0),
        (&["env", "-z"], "", "env: unrecognized option '-z'\n", 125),
        (&["env", "nothing"], "", "nothing: not found\n", 127),
        (&["printenv", "A", "B"], "1\n2\n", "", 0),
        (&["printenv", "Z"], "", "", 1),
        (
            &["tail", "x"],
            "",
            "tail: cannot open 'x' for reading: No such file or directory\n",
            1,
        ),
        (&["frobnicate"], "", "frobnicate: not found\n", 127),
        (&["/opt/echo"], "", "/opt/echo: not found\n", 127),
        (
            &["sh", "file"],
            "",
            "sh: file: No such file or directory\n",
            127,
        ),
        (
            &["sh", "-c"],
            "",
            "sh: -c: option requires an argument\n",
            2,
        ),
        (&["sh", "-z"], "", "sh: -z: option is not simulated\n", 2),
        (&["/bin/ash", "-ec", "false; echo no"], "", "", 1),
    ];
    for (args, output, errors, status) in cases {
        let found = run(args, "in\nput").await;
        let expected = ((*output).to_owned(), (*errors).to_owned(), *status);
        assert_eq!(found, expected, "{args:?}");
    }
}

#[tokio::test]
async fn printf() {
    let cases: &[Case<'_, &[&str]>] = &[
        (&[r"a\n"], "a\n", "", 0),
        (&["%s-%s\\n", "a", "b", "c"], "a-b\nc-\n", "", 0),
        (&["%d %i %u|", "-7", "0x1f", "010"], "-7 31 8|", "", 0),
        (
            &["%5s|%-5s|%.2s|", "ab", "ab", "abc"],
            "   ab|ab   |ab|",
            "",
            0,
        ),
        (
            &["%05d|%+d|%x|%X|%o", "-42", "3", "255", "255", "8"],
            "-0042|+3|ff|FF|10",
            "",
            0,
        ),
        (&["%c%%%b", "xyz", r"\ta\c", "more"], "x%\ta", "", 0),
        (
            &["%d", "abc"],
            "0",
            "printf: 'abc': expected a numeric value\n",
            1,
        ),
        (&["%d", "'a"], "97", "", 0),
        (&["no words", "a"], "no words", "", 0),
        (
            &["%q", "a"],
            "",
            "printf: the format has a conversion that is not simulated\n",
            1,
        ),
        (
            &["%"],
            "",
            "printf: the format has a conversion that is not simulated\n",
            1,
        ),
        (&[], "", "printf: missing operand\n", 2),
        (&["--", "%s", "x"], "x", "", 0),
    ];
    for (args, output, errors, status) in cases {
        let found = run(&[&["printf"], *args].concat(), "").await;
        let expected = ((*output).to_owned(), (*errors).to_owned(), *status);
        assert_eq!(found, expected, "{args:?}");
    }
}

const SCRIPTS: &[Case<'static, &str>] = &[
    ("", "", "", 0),
    ("# nothing\n\n", "", "", 0),
    ("exit 3", "", "", 3),
    ("exit 259", "", "", 3),
    ("false; exit", "", "", 1),
    ("exit x", "", "sh: exit: Illegal number: x\n", 2),
    ("echo a; echo b\necho c # d", "a\nb\nc\n", "", 0),
    ("echo a#b '#' \\# c\\\nd", "a#b # # cd\n", "", 0),
    ("true && echo yes || echo no", "yes\n", "", 0),
    ("false && echo yes || echo no", "no\n", "", 0),
    ("! true; echo $?; ! false; echo $?", "1\n0\n", "", 0),
    ("false\necho $?", "1\n", "", 0),
    (
        r#"echo 'a  $B' "a  $B" a\ \ b "q\"\$\x""#,
        "a  $B a  2 a  b q\"$\\x\n",
        "",
        0,
    ),
    (
        "x='a  b'; echo $x \"$x\" ${x}c ${#x}",
        "a b a  b a bc 4\n",
        "",
        0,
    ),
    (
        "x=' a b '; printf '[%s]' 1$x$x''",
        "[1][a][b][a][b][]",
        "",
        0,
    ),
    ("printf '[%s]' $none \"$none\" ''", "[][]", "", 0),
    (
        "echo ${none:-a $A} ${none-b} ${A:-c} \"${none:-'d'}\"",
        "a 1 b 1 d\n",
        "",
        0,
    ),
    (
        "empty=; echo \"[${empty-x}]\" \"[${empty:-x}]\"",
        "[] [x]\n",
        "",
        0,
    ),
    ("echo $ a$ \"$\"", "$ a$ $\n", "", 0),
    (
        "echo $0 [${00}] [${10}] [${99999999999999999999}]",
        "sh [] [] []\n",
        "",
        0,
    ),
    ("A=9; env | cat", "A=9\nB=2\n", "", 0),
    ("C=3 env; echo $C", "A=1\nB=2\nC=3\n\n", "", 0),
    ("C=3; export C D=4; unset A B; env", "C=3\nD=4\n", "", 0),
    ("export 1x", "", "sh: export: 1x: bad variable name\n", 1),
    (
        "frobnicate; echo $?",
        "127\n",
        "sh: frobnicate: not found\n",
        0,
    ),
    ("echo out; echo err >&2", "out\n", "err\n", 0),
    ("(echo out; echo err >&2) 2>&1 >/dev/null", "err\n", "", 0),
    ("{ echo out; frob; } >/dev/null 2>&1", "", "", 127),
    ("echo x >/dev/stderr", "", "x\n", 0),
    ("cat </dev/null; echo $?", "0\n", "", 0),
    (
        "cat <nothing; echo $?",
        "1\n",
        "sh: can't open nothing: No such file or directory\n",
        0,
    ),
    (
        "echo x >file; echo $?",
        "1\n",
        "sh: can't create file: Read-only file system\n",
        0,
    ),
    ("echo x >&7", "", "sh: 7: bad file descriptor\n", 1),
    (
        "echo a b | cat | cat; false | true; echo $?",
        "a b\n0\n",
        "",
        0,
    ),
    ("yes | true; echo $?", "0\n", "", 0),
    ("yes no | { read a; echo $a; }", "no\n", "", 0),
    ("echo a | exit 4; echo $?", "4\n", "", 0),
    (
        "x=$(echo a; echo b); echo \"$x\"; echo $(exit 6)$?; x=$(exit 7); echo $?",
        "a\nb\n6\n7\n",
        "",
        0,
    ),
    ("echo \"a$(echo \"b$(echo c)\")d\"", "abcd\n", "", 0),
    (
        "for i in 1 2 $B '3 4'; do echo $i; done",
        "1\n2\n2\n3 4\n",
        "",
        0,
    ),
    (
        "for i in a b c; do if false; then :; elif true; then continue; fi; echo no; done; echo $i",
        "c\n",
        "",
        0,
    ),
    ("while true; do echo a; break; done", "a\n", "", 0),
    (
        "until false; do while :; do break 2; done; done; echo $?",
        "0\n",
        "",
        0,
    ),
    (
        "for i in 1 2; do for j in 1 2; do continue 2; done; echo no; done",
        "",
        "",
        0,
    ),
    ("for i in; do echo no; done; echo $?", "0\n", "", 0),
    (
        "while read a b; do echo \"[$a][$b]\"; done",
        "[one][two  three]\n[x][]\n",
        "",
        0,
    ),
    ("read -r a; cat; echo $a", "x\nlastone two three\n", "", 0),
    (
        "if read; then echo $REPLY; else echo no; fi",
        "one two three\n",
        "",
        0,
    ),
    ("if false\nthen echo a\nelse\n echo b\nfi >&2", "", "b\n", 0),
    (
        "pwd; cd /a/b/..; pwd; cd c; pwd; cd; pwd",
        "/srv\n/a\n/a/c\n/\n",
        "",
        0,
    ),
    (
        "(cd /x; A=2; exit 5); echo $? $A; pwd",
        "5 1\n/srv\n",
        "",
        0,
    ),
    ("exec echo done; echo no", "done\n", "", 0),
    ("exec frob; echo no", "", "sh: frob: not found\n", 127),
    ("trap 'echo bye $?' EXIT; exit 4", "bye 4\n", "", 4),
    ("trap 'exit 9' 0; true", "", "", 9),
    ("kill -TERM $$; echo no", "", "", 143),
    ("kill -9 $$; echo no", "", "", 137),
    ("kill -0 $$ && echo here", "here\n", "", 0),
    (
        "trap 'echo got; exit 5' TERM; kill $$; echo no",
        "got\n",
        "",
        5,
    ),
    (
        "trap 'echo got' USR1; kill -s usr1 $$; echo on",
        "got\non\n",
        "",
        0,
    ),
    (
        "trap '' TERM; kill $$; echo on; trap - TERM; kill $$; echo no",
        "on\n",
        "",
        143,
    ),
    (
        "kill 999999999; kill -NONE $$; trap x NONE",
        "",
        "sh: kill: (999999999) - No such process\nsh: kill: NONE: invalid signal specification\nsh: trap: NONE: invalid signal specification\n",
        1,
    ),
    ("sh -c 'kill -INT $$'; echo $?", "130\n", "", 0),
    (
        "sh -c 'trap \"echo in\" TERM; kill $$; exit 3'; echo $?",
        "in\n3\n",
        "",
        0,
    ),
    (
        "sleep 100 & kill -0 $! && kill $! && wait; echo $?",
        "0\n",
        "",
        0,
    ),
    (
        "(sleep 0.01; echo slow) & echo fast; wait $!",
        "fast\nslow\n",
        "",
        0,
    ),
    (
        "set -e; ! true; if false; then :; fi; false || true; false; echo no",
        "",
        "",
        1,
    ),
    (
        "set -- a 'b c'; echo $# $1 $2; shift; for x; do echo $x; done; shift 4",
        "2 a b c\nb c\n",
        "sh: shift: can't shift that many\n",
        1,
    ),
    (
        "echo a;; echo b",
        "",
        "sh: syntax error: unexpected \";\"\n",
        2,
    ),
    (
        "echo a\nfi",
        "a\n",
        "sh: syntax error: unexpected \"fi\"\n",
        2,
    ),
    (
        "echo 'a",
        "",
        "sh: syntax error: unexpected end of file\n",
        2,
    ),
    (
        "if true; then",
        "",
        "sh: syntax error: unexpected end of file\n",
        2,
    ),
    (
        "for 1 in a; do :; done",
        "",
        "sh: syntax error: unexpected \"1\"\n",
        2,
    ),
    (
        "while; do :; done",
        "",
        "sh: syntax error: unexpected \";\"\n",
        2,
    ),
    (
        "echo a | ; b",
        "",
        "sh: syntax error: unexpected \";\"\n",
        2,
    ),
    (
        "cat <<E",
        "",
        "sh: syntax error: a text within the script is not simulated\n",
        2,
    ),
    (
        "echo $((1+1))",
        "",
        "sh: syntax error: arithmetic is not simulated\n",
        2,
    ),
    (
        "f() { :; }",
        "",
        "sh: syntax error: a function is not simulated\n",
        2,
    ),
    (
        "case a in a) ;; esac",
        "",
        "sh: syntax error: such a block is not simulated\n",
        2,
    ),
    ("echo done if then", "done if then\n", "", 0),
];

#[tokio::test]
async fn scripts() {
    let input = "one two  three\nx\nlast";
    for (script, output, errors, status) in SCRIPTS {
        let found = run(&["sh", "-c", script], input).await;
        let expected = ((*output).to_owned(), (*errors).to_owned(), *status);
        assert_eq!(found, expected, "{script}");
    }
}

#[tokio::test]
async fn a_script_has_words_and_a_name() {
    let script = "printf '[%s]' \"$@\" $* $# $1 $4; frob";
    let found = run(&["bash", "-c", script, "me", "a b", "c"], "").await;
    let output = "[a b][c][a][b][c][2][a][b]".to_owned();
    assert_eq!(found, (output, "me: frob: not found\n".to_owned(), 127));
}

#[tokio::test]
async fn commands_come_from_the_input_where_none_are_given() {
    let input = "echo a\nread x\nline\necho $x; if true\nthen echo b\nfi\nexit 7\necho no\n";
    let found = run(&["sh"], input).await;
    assert_eq!(found, ("a\nline\nb\n".to_owned(), String::new(), 7));
    let found = run(&["sh"], "echo a\nif true").await;
    let errors = "sh: syntax error: unexpected end of file\n".to_owned();
    assert_eq!(found, ("a\n".to_owned(), errors, 2));
}
