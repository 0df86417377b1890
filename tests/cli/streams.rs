//! Messages of a stream that come from standard input: wrong ones, shown ones,
//! and those of a dry run.

use std::io;
use std::sync::mpsc;

use crate::builds::streams;
use crate::wire::{Listener, read_frame};

#[test]
fn a_bad_line_is_named_and_nothing_is_printed_after_it() {
    for (line, error) in [
        (
            "{\"txet\":1}",
            "streams.Item has no field \"txet\"; did you mean \"text\"?",
        ),
        ("{", "invalid JSON at column 1: EOF while parsing an object"),
        ("[]", "a list is not an object (message streams.Item)"),
        (
            "{\"number\":-1}",
            "number: -1 is not an unsigned 32-bit number (0 to 4294967295)",
        ),
    ] {
        for (rpc, answers) in [("Collect", ""), ("Exchange", "{}\n{}\n")] {
            // What came before it is answered, or not, as the stream goes.
            let output = streams(&["connect", "--server-address", "sim://", "--timeout", "20s"])
                .arguments(["-o", "jsonl", "-c", rpc])
                .stdin(format!("{{}}\n{line}\n{{}}\n"))
                .run();
            assert_eq!(
                (output.status, output.error()),
                (
                    2,
                    format!("error: {rpc}: standard input, line 2: {error}").as_str()
                )
            );
            assert!(answers.starts_with(&output.text()), "{}", output.text());
        }
    }
    streams(&["connect", "--server-address", "sim://", "-c", "Collect"])
        .stdin(b"{}\n\n\xff\n")
        .status(2)
        .stderr("error: Collect: standard input, line 3: stream did not contain valid utf-8\n")
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
            "error: Collect: standard input, line 2: invalid JSON at column 1: EOF while parsing \
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
