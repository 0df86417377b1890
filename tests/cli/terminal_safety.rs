//! What an agent sends never reaches a terminal as something that it would act on,
//! or that a reader could not see: every place that shows it, with every kind of
//! such text.

use std::fs;
use std::io::Write;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::hostile::agent::{field, payload, status};
use crate::terminal::at_terminal;
use crate::tool::{Output, connect, tool};
use crate::wire::{Listener, RESPONSE, frame, read_frame};

/// Texts that are not for a terminal, each with a name.
const TEXTS: [(&str, &str); 14] = [
    ("clears the screen", "\x1b[2J\x1b[H"),
    ("sets the title", "\x1b]0;x\x07"),
    ("sets the clipboard", "\x1b]52;c;eA==\x1b\\"),
    ("8-bit controls", "\u{9b}2J\u{9d}0;x\u{9c}\u{85}"),
    ("moves the cursor", "\r\x08\x0b\x0c"),
    ("zero and delete", "\0\x7f"),
    (
        "overrides the direction",
        "\u{202e}\u{202d}\u{202a}\u{202b}\u{202c}",
    ),
    ("isolates a direction", "\u{2066}\u{2067}\u{2068}\u{2069}"),
    ("marks a direction", "\u{200e}\u{200f}\u{61c}"),
    ("separates lines", "\u{2028}\u{2029}"),
    ("shows as nothing", "\u{200b}\u{2060}\u{feff}\u{ad}\u{180e}"),
    (
        "letters without a shape",
        "\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{2800}\u{3164}\u{ffa0}",
    ),
    (
        "selects or groups",
        "\u{180b}\u{180c}\u{180d}\u{180f}\u{1d173}\u{1d17a}\u{e0100}\u{e01ef}",
    ),
    ("tags and annotations", "\u{e0001}\u{e0041}\u{fff9}\u{fffb}"),
];

/// What may not be in any output.
#[track_caller]
fn assert_safe(place: &str, name: &str, output: &str) {
    let is_raw = |c: &char| {
        let is_line_end = *c == '\n';
        !is_line_end && (c.is_control() || TEXTS.iter().any(|(_, text)| text.contains(*c)))
    };
    // What text between ESC and its end is, a terminal shows as it stands.
    let plain = |c: &char| c.is_ascii_graphic() || *c == ' ';
    let found: Vec<char> = output
        .chars()
        .filter(is_raw)
        .filter(|c| !plain(c))
        .collect();
    assert!(found.is_empty(), "{place}: {name}: {found:?} in {output:?}");
}

/// The tool's run with an agent that answers this response to everything.
fn run(response: Vec<u8>, arguments: &[&str]) -> Output {
    let listener = Listener::start(move |_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            let _ = stream.write_all(&frame(stream_id, RESPONSE, 0, &response));
        }
    });
    connect(&listener.address(), arguments).run()
}

/// An entry of a map from a string.
fn entry(key: &str, value: &[u8]) -> Vec<u8> {
    [field(1, key), value.to_vec()].concat()
}

#[test]
fn in_answers() {
    for (name, text) in TEXTS {
        let around = format!("a{text}z");
        // A string, and a list of strings; keys of a map; bytes.
        let version = payload([field(1, &around), field(2, text)].concat());
        let hugetlb = field(1, field(5, entry(&around, b"\x12\x00")));
        let places: [(&str, Vec<u8>, &str); 4] = [
            ("Version", version, "/grpc_version"),
            ("StatsContainer", payload(hugetlb), ""),
            (
                "GetMetrics",
                payload(field(1, format!("{around}\nb{text}"))),
                "",
            ),
            ("ReadStdout", payload(field(1, &around)), ""),
        ];
        for (rpc, response, pointer) in places {
            for format in ["json", "jsonl", "text", "hex"] {
                let output = run(response.clone(), &["-v", "-o", format, "-c", rpc]);
                assert_eq!(output.status, 0, "{rpc}: {name}: {}", output.stderr);
                assert_safe(rpc, name, &output.text());
                assert_safe(rpc, name, &output.stderr);
                // Still the same value, in valid JSON.
                match (format, rpc) {
                    ("json" | "jsonl", "StatsContainer") => {
                        let json = output.json();
                        let map = json["cgroup_stats"]["hugetlb_stats"].as_object().unwrap();
                        assert_eq!(map.keys().collect::<Vec<_>>(), [&around], "{name}");
                    }
                    ("json" | "jsonl", "Version") => {
                        let json = output.json();
                        assert_eq!(json.pointer(pointer).unwrap(), &around, "{name}");
                    }
                    _ => {}
                }
            }
        }
        // Raw is what it says.
        let output = run(
            payload(field(1, &around)),
            &["-o", "raw", "-c", "GetMetrics"],
        );
        assert_eq!(output.stdout, around.as_bytes());
    }
}

#[test]
fn in_an_agents_message() {
    for (name, text) in TEXTS {
        let message = format!("a{text}z\nb{text}");
        for options in [
            &[][..],
            &["-v"],
            &["--error-format", "json"],
            &["--error-format", "json", "-v"],
            &["-l", "trace"],
        ] {
            let arguments = [options, &["-c", "Version"]].concat();
            let output = run(status(5, &message), &arguments);
            assert_eq!(output.status, 69, "{name}");
            assert_safe("status", name, &output.stderr);
        }
        // At the prompt too.
        let listener = Listener::start(move |_, mut stream| {
            while let Ok((stream_id, _)) = read_frame(&mut stream) {
                let answer = frame(stream_id, RESPONSE, 0, &status(5, text));
                let _ = stream.write_all(&answer);
            }
        });
        let output = connect(&listener.address(), ["-i"])
            .stdin("Version\n")
            .run();
        assert_eq!(output.status, 69, "{name}");
        assert_safe("prompt", name, &output.stderr);
    }
}

#[test]
fn at_the_prompt_of_a_terminal() {
    let folder = TempDir::new().unwrap();
    let hostile: String = TEXTS.map(|(_, text)| text).concat();
    let answer = payload(field(1, &hostile));
    let refusal = status(5, &hostile);
    let listener = Listener::start(move |_, mut stream| {
        for response in [&answer, &refusal] {
            let (stream_id, _) = read_frame(&mut stream).unwrap();
            let _ = stream.write_all(&frame(stream_id, RESPONSE, 0, response));
        }
        let _ = read_frame(&mut stream);
    });
    for name in ["x-plain", "x-\u{1b}]0;x\u{7}", "x-\u{202e}"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let mut terminal = at_terminal(&listener.address(), [])
        .folder(folder.path())
        .start();
    terminal.enter("Version");
    terminal.enter("Version -bad");
    terminal.enter("Version");
    // The only name that can be shown is the only one that is offered.
    terminal.keys("Check file://x-\t");
    terminal.sees("file://x-plain");
    terminal.keys("\x03");
    terminal.sees_prompt();
    terminal.keys("\x04");
    let (status, bytes) = terminal.end();
    assert_eq!(status, Some(0));
    for raw in ["\x1b]", "\x1b[2J", "\x07"] {
        assert!(!bytes.contains(raw), "{raw:?} in {bytes:?}");
    }
    let others = |c: &char| !c.is_ascii() && hostile.contains(*c);
    let found: Vec<char> = bytes.chars().filter(others).collect();
    assert!(found.is_empty(), "{found:?} in {bytes:?}");
    assert!(bytes.contains("\\u001b]0;x\\u0007") && bytes.contains("\\x1b]0;x\\x07"));
}

#[test]
fn a_message_of_several_lines_does_not_pass_for_the_tools_own() {
    let output = run(status(5, "a\nerror: b\n\n> c"), &["-v", "-c", "Version"]);
    let (_, said) = output.stderr.split_once(": a\n").unwrap();
    assert_eq!(said, "  error: b\n  \n  > c\n");
}

#[test]
fn bytes_that_are_no_text() {
    for bytes in [
        &b"\xff\xfe"[..],
        b"\xc0\x9b",
        b"\xed\xa0\x80",
        b"\x1b\xff[2J",
    ] {
        // In strings of the answer, of its status and of a map's key.
        for response in [
            payload(field(1, bytes)),
            field(1, [b"\x08\x05".to_vec(), field(2, bytes)].concat()),
            bytes.to_vec(),
        ] {
            let output = run(response, &["-v", "-c", "Version"]);
            assert_eq!(output.status, 3);
            assert_safe("no text", "bytes", &output.stderr);
            assert_eq!(output.text(), "");
        }
        let key = [field(1, bytes), b"\x12\x00".to_vec()].concat();
        let output = run(payload(field(1, field(5, key))), &["-c", "StatsContainer"]);
        assert_eq!(output.status, 3);
        assert_safe("key", "bytes", &output.stderr);
        // In bytes they are what they are.
        for format in ["json", "text"] {
            let output = run(
                payload(field(1, bytes)),
                &["-o", format, "-c", "ReadStdout"],
            );
            assert_eq!(output.status, 0);
            assert_safe("bytes", format, &output.text());
        }
    }
}

#[cfg(feature = "sim")]
#[test]
fn in_what_was_given() {
    let folder = TempDir::new().unwrap();
    for (name, text) in TEXTS {
        let text = text.replace('\0', "");
        let word = format!("a{text}z");
        let metadata = format!("key{text}={text}");
        let quoted = format!("Check '{word}'=1");
        let setter = format!("Check service='{word}' nope=1");
        let file = format!("Check 'file://{word}'");
        let at = format!("SetPolicy policy='@{word}'");
        let copy = format!("CopyFile 'src={word}' dest=/x");
        let rpc = format!("'{word}'");
        for arguments in [
            &["--metadata", &metadata, "-v", "-c", "Check"][..],
            &["-c", &quoted],
            &["-c", &setter],
            &["-c", &file],
            &["-c", &at],
            &["-c", &copy],
            &["-c", &rpc],
            &["-c", &rpc, "--error-format", "json"],
            &["-c", &quoted, "--error-format", "json"],
            &["--script", &word],
            &["--bundle-dir", &word, "-c", "Check"],
            &["--output", &word, "-c", "Check"],
            &["--server-address", &word, "-c", "Check"],
        ] {
            let output = connect("sim://", arguments).folder(folder.path()).run();
            // All but the first are mistakes, which show what was given.
            let status = if arguments[0] == "--metadata" { 0 } else { 2 };
            assert_eq!(output.status, status, "{arguments:?}: {name}");
            assert!(!output.stderr.is_empty(), "{arguments:?}: {name}");
            assert_safe(&format!("{arguments:?}"), name, &output.stderr);
        }
        // A script of such a name, with a mistake in it.
        fs::write(folder.path().join(&word), "Nope\n").unwrap();
        for format in ["text", "json"] {
            let output = connect("sim://", ["--error-format", format, "--script", &word])
                .folder(folder.path())
                .run();
            assert_eq!(output.status, 2);
            assert_safe("script", name, &output.stderr);
        }
        // Nor is a file of such a name offered for completion.
        for (shell, typed) in [
            ("bash", "connect --script a"),
            ("fish", "connect --script a"),
        ] {
            let output = tool(["complete", shell, &format!("kata-agent-ctl {typed}")])
                .folder(folder.path())
                .run();
            assert_safe("completion", name, &output.text());
            assert_safe("completion", name, &output.stderr);
        }
        fs::remove_file(folder.path().join(&word)).unwrap();
    }
}

#[cfg(feature = "sim")]
#[test]
fn in_the_log_of_the_simulated_agent() {
    let folder = TempDir::new().unwrap();
    let address = format!("unix://{}", folder.path().join("s").display());
    let running = tool(["serve", "--address", &address]).start();
    let mut texts = Vec::new();
    for (_, text) in TEXTS {
        let text = text.replace('\0', "");
        let metadata = format!("key{text}={text}");
        connect(&address, ["--metadata", &metadata, "-n", "-c"])
            .arguments([format!("Check 'service={text}'")])
            .run()
            .succeeded();
        texts.push(text);
    }
    // Requests that are none: of names, and of bytes.
    let mut stream = std::os::unix::net::UnixStream::connect(folder.path().join("s")).unwrap();
    let request = |service: &str, method: &str, bytes: &[u8]| {
        [field(1, service), field(2, method), field(3, bytes)].concat()
    };
    for (id, data) in [
        (1, request("grpc.Health", "Check", b"\x0a\x04\x1b[2J\xff")),
        (3, request("a\x1b[2J", "b\u{202e}", b"")),
        (5, request("grpc.Health", "b\u{202e}", b"")),
    ] {
        stream.write_all(&frame(id, 1, 0, &data)).unwrap();
        let _ = read_frame(&mut stream);
    }
    running.signal(Signal::SIGTERM);
    let output = running.wait();
    assert_safe("serve", "all", &output.text());
    assert_safe("serve", "all", &output.stderr);
    let lines: Vec<serde_json::Value> = output
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let services = lines.iter().map(|line| &line["request"]["service"]);
    assert!(services.take(texts.len()).eq(&texts), "{lines:?}");
    assert_eq!(lines[texts.len()]["payload"], "0a041b5b324aff");
}
