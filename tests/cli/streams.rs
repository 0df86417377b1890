//! Messages of a stream that come from standard input: wrong ones, shown ones,
//! and those of a dry run.

use std::io;
use std::sync::mpsc;

use crate::builds::streams;
use crate::wire::{Listener, read_frame};

#[test]
fn a_bad_message_is_named_and_nothing_is_printed_after_it() {
    for (message, line, error) in [
        (
            "{\"txet\":1}",
            2,
            "streams.Item has no field \"txet\"; did you mean \"text\"?",
        ),
        ("{", 3, "invalid JSON at column 1: key must be a string"),
        ("[]", 2, "a list is not an object (message streams.Item)"),
        (
            "{\n\"number\":\n-1}",
            2,
            "number: -1 is not an unsigned 32-bit number (0 to 4294967295)",
        ),
    ] {
        for (rpc, answers) in [("Collect", ""), ("Exchange", "{}\n{}\n")] {
            // What came before it is answered, or not, as the stream goes.
            let output = streams(&["connect", "--server-address", "sim://", "--timeout", "20s"])
                .arguments(["-o", "jsonl", "-c", rpc])
                .stdin(format!("{{}}\n{message}\n{{}}\n"))
                .run();
            assert_eq!(
                (output.status, output.error()),
                (
                    2,
                    format!("error: {rpc}: standard input, line {line}: {error}").as_str()
                )
            );
            assert!(answers.starts_with(&output.text()), "{}", output.text());
        }
    }
    streams(&["connect", "--server-address", "sim://", "-c", "Collect"])
        .stdin(b"{}\n\n\xff\n")
        .status(2)
        .stderr(
            "error: Collect: standard input, line 3: invalid JSON at column 1: expected value\n",
        )
        .test();
}

#[test]
fn what_is_printed_can_be_the_messages_of_a_stream() {
    let items = "{\n  \"text\": \"a\",\n  \"number\": 1\n}\n{\"text\":\"b\"} {\"text\":\"c\"}";
    let exchange = |format: &str, input: &str| {
        streams(&["connect", "--server-address", "sim://", "--dry-run"])
            .arguments(["-o", format, "-c", "Exchange"])
            .stdin(input)
            .run()
            .succeeded()
            .text()
    };
    let pretty = exchange("json", items);
    assert!(pretty.contains("\n  \"number\": 1\n"), "{pretty}");
    let lines = exchange("jsonl", items);
    assert_eq!(
        lines,
        "{}\n{\"text\":\"a\",\"number\":1}\n{\"text\":\"b\"}\n{\"text\":\"c\"}\n"
    );
    assert_eq!(exchange("jsonl", &pretty), format!("{{}}\n{lines}"));
    // Fields that are not known.
    streams(&[
        "connect",
        "--server-address",
        "sim://",
        "--dry-run",
        "-o",
        "jsonl",
    ])
    .arguments(["--allow-unknown-fields", "-c", "Exchange"])
    .stdin("{}\n\n{\"text\":\"a\",\n\"new\":1}")
    .stdout("{}\n{}\n{\"text\":\"a\"}\n")
    .stderr("warn: standard input, line 3: new: this build has no such field; it is left out\n")
    .test();
}

#[test]
fn a_bad_line_does_not_end_the_stream_as_a_whole_one() {
    let (sender, frames) = mpsc::channel();
    let listener = Listener::start(move |_, mut stream| {
        let end = loop {
            match read_frame(&mut stream) {
                Ok((_, data)) => sender.send(Ok(data)).unwrap(),
                Err(error) => break error.kind(),
            }
        };
        sender.send(Err(end)).unwrap();
    });
    streams(&["connect", "--server-address", &listener.address(), "-c"])
        .arguments(["Collect text=a"])
        .stdin("{\"text\":\"b\"}\n{\n")
        .status(2)
        .stderr(
            "error: Collect: standard input, line 3: invalid JSON: EOF while parsing \
             an object\n",
        )
        .test();
    let mut sent = frames.iter();
    assert!(
        sent.next()
            .unwrap()
            .unwrap()
            .starts_with(b"\x0a\x0fstreams.Streams")
    );
    assert_eq!(sent.next(), Some(Ok(b"\x0a\x01a".to_vec())));
    assert_eq!(sent.next(), Some(Ok(b"\x0a\x01b".to_vec())));
    assert_eq!(sent.next(), Some(Err(io::ErrorKind::UnexpectedEof)));
}

#[test]
fn a_dry_run_prints_every_message() {
    let dry_run = |rpc: &str, lines: &str| {
        streams(&["connect", "--dry-run", "-o", "jsonl", "-c", rpc]).stdin(lines)
    };
    let lines = "{\"text\":\"b\"}\n\n{\"number\":7}";
    dry_run("Collect text=a", lines)
        .stdout("{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"number\":7}\n")
        .test();
    dry_run("Collect text=a", "{\"text\":\"b\"}\n{\"text\":1}\n")
        .status(2)
        .stdout("{\"text\":\"a\"}\n{\"text\":\"b\"}\n")
        .stderr("error: Collect: standard input, line 2: text: 1 is not a string\n")
        .test();
    // Only where the client streams.
    for rpc in ["Spread text=a", "Plain text=a"] {
        dry_run(rpc, lines).stdout("{\"text\":\"a\"}\n").test();
    }
}

#[test]
fn every_message_is_shown() {
    let output = streams(&["connect", "--server-address", "sim://", "-v", "-o", "jsonl"])
        .arguments(["-c", "Collect text=a"])
        .stdin("{\"text\":\"b\"}\n{\"number\":7}\n")
        .run();
    assert_eq!((output.status, output.text().as_str()), (0, "{}\n"));
    let shown = "> streams.Streams/Collect (3 bytes)\n> {\"text\":\"a\"}\n> {\"text\":\"b\"}\n\
                 > {\"number\":7}\n< OK in ";
    assert!(output.stderr.starts_with(shown), "{}", output.stderr);
}
