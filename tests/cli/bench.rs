//! `bench`: what it sends, what it reports, and when it fails. Times are never
//! compared with an upper bound: the machine may be slow.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use typed_peer::{Answer, Peer};

use crate::hostile::agent::{field, status, varint};
use crate::tool::{Tool, tool};
use crate::wire::{Listener, frame, read_frame};

fn bench(address: &str, arguments: &[&str]) -> Tool {
    tool(["bench", "--server-address", address]).arguments(arguments)
}

/// An agent that answers each call with an empty response, after `before` was
/// called with how many calls came before it.
fn answers(before: impl Fn(usize) + Send + Sync + 'static) -> Listener {
    let calls = AtomicUsize::new(0);
    Listener::start(move |_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            before(calls.fetch_add(1, Ordering::SeqCst));
            if stream.write_all(&frame(stream_id, 2, 0, b"")).is_err() {
                return;
            }
        }
    })
}

/// The agent knows the deadline too: that it answers a moment before this tool gives up makes
/// no difference.
#[test]
fn the_agents_word_for_the_deadline_is_a_timeout() {
    let late = Listener::start(|_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            thread::sleep(Duration::from_millis(1900));
            let answer = frame(stream_id, 2, 0, &status(4, "timeout"));
            let _ = stream.write_all(&answer);
        }
    });
    let arguments = ["-c", "Check", "--calls", "1", "--timeout", "2s"];
    let output = bench(&late.address(), &arguments).run();
    assert_eq!(output.status, 4, "{}", output.stderr);
    assert_eq!(
        output.error(),
        "error: no call succeeded; the first one: no answer in time"
    );
}

#[test]
fn every_call_is_counted_and_has_its_own_automatic_values() {
    let peer = Peer::start();
    let arguments = [
        "-c",
        "3x StartContainer",
        "1x Check",
        "--calls",
        "400",
        "--connections",
        "2",
        "--in-flight",
        "5",
        "-o",
        "json",
    ];
    let report = bench(peer.address(), &arguments).run().succeeded().json();
    assert_eq!(report["all"]["calls"], 400);
    assert_eq!(report["all"]["ok"], 400);
    assert_eq!(report["ended"], "done");
    let commands = report["commands"].as_array().unwrap();
    let of = |member: &str| {
        commands
            .iter()
            .map(|it| it[member].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("command"), ["StartContainer", "Check"]);
    assert_eq!(of("weight"), [3, 1]);
    assert_eq!(of("calls"), [300, 100]);

    let received = peer.received();
    assert_eq!(received.len(), 400);
    let started = received.iter().filter(|it| it.name() == "StartContainer");
    let ids: BTreeSet<String> = started.map(|it| it.text()).collect();
    assert_eq!(ids.len(), 300);
    let latency = &report["all"]["latency"];
    let order = [
        "min_ns",
        "p50_ns",
        "p90_ns",
        "p95_ns",
        "p99_ns",
        "p99.9_ns",
        "p99.99_ns",
        "max_ns",
    ];
    let values: Vec<u64> = order
        .iter()
        .map(|name| latency[name].as_u64().unwrap())
        .collect();
    assert!(values.is_sorted() && values[0] > 0, "{values:?}");
}

#[test]
fn the_report_is_a_table_for_people_or_for_spreadsheets() {
    let agent = answers(|_| {});
    let arguments = ["-c", "Check", "--calls", "20", "--in-flight", "3"];
    let text = bench(&agent.address(), &arguments).run().succeeded().text();
    let starts = [
        format!("agent        {}\n", agent.address()),
        "load         1 connection; 3 in flight on each, a new one for each answer\n".to_owned(),
        "calls        20: 20 OK, 0 failed (0.00%)\n".to_owned(),
        "\nlatency     calls     min    mean     p50     p90     p95     p99   p99.9  p99.99     max\n\
         Check          20 "
            .to_owned(),
    ];
    for start in starts {
        assert!(text.contains(&start), "{start:?} is not in\n{text}");
    }
    assert!(!text.contains("failed with"));

    let arguments = ["-c", "Check", "Version", "--calls", "10", "-o", "csv"];
    let csv = bench(&agent.address(), &arguments).run().succeeded().text();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "command,calls,ok,failed,throughput,min_ns,mean_ns,p50_ns,p90_ns,p95_ns,p99_ns,p99.9_ns,\
         p99.99_ns,max_ns"
    );
    let begins = ["all,10,10,0,", "Check,5,5,0,", "Version,5,5,0,"];
    assert_eq!(lines.len(), 4);
    for (line, begin) in lines[1..].iter().zip(begins) {
        assert!(line.starts_with(begin), "{line}");
        assert_eq!(line.split(',').count(), lines[0].split(',').count());
    }
}

#[test]
fn with_a_rate_a_stalled_agent_shows_in_the_calls_that_were_due_meanwhile() {
    let stall = || {
        answers(|call| {
            if call == 20 {
                thread::sleep(Duration::from_millis(500));
            }
        })
    };
    let measure = |arguments: &[&str]| {
        let agent = stall();
        let arguments = [arguments, &["-c", "Check", "-o", "json"]].concat();
        bench(&agent.address(), &arguments).run().succeeded().json()
    };
    let open = measure(&["--rate", "100", "--calls", "100"]);
    // Half of the 100 calls were due in the half second, and every fifth of those
    // waited for at least four fifths of it.
    let p90 = open["all"]["latency"]["p90_ns"].as_u64().unwrap();
    assert!(p90 > 200_000_000, "{open}");
    assert!(open["measured_ns"].as_u64().unwrap() >= 990_000_000);
    assert_eq!(open["rate"], 100.0);

    // Without, one call of them all saw it.
    let closed = measure(&["--calls", "100"]);
    let max = closed["all"]["latency"]["max_ns"].as_u64().unwrap();
    assert!(max >= 500_000_000, "{closed}");
}

#[test]
fn an_agent_that_stops_answering_is_not_hidden() {
    // It answers 20 calls, and then none.
    let agent = |limit: usize| {
        let calls = AtomicUsize::new(0);
        Listener::start(move |_, mut stream| {
            while let Ok((stream_id, _)) = read_frame(&mut stream) {
                let call = calls.fetch_add(1, Ordering::SeqCst);
                if call < limit && stream.write_all(&frame(stream_id, 2, 0, b"")).is_err() {
                    return;
                }
            }
        })
    };
    let open = [
        "-c",
        "Check",
        "--rate",
        "100",
        "--duration",
        "1s",
        "--timeout",
        "1s",
    ];
    let limits = [
        "--fail-if",
        "p90>400ms",
        "--fail-if",
        "errors>50%",
        "-o",
        "json",
    ];
    let stalling = agent(20);
    let output = bench(&stalling.address(), &[&open[..], &limits].concat()).run();
    assert_eq!(output.status, 5, "{}", output.stderr);
    let report = output.json();
    assert_eq!(report["all"]["ok"], 20);
    assert_eq!(report["all"]["calls"], 100);
    let failures = report["all"]["failures"].as_array().unwrap();
    let of = |name: &str| {
        let found = failures.iter().find(|it| it["failure"] == name);
        found.map_or(0, |it| it["calls"].as_u64().unwrap())
    };
    assert_eq!(of("not begun") + of("timeout") + of("unanswered"), 80);
    assert!(of("not begun") > 70, "{report}");
    // The wait was for a place, which is not this client's doing.
    assert!(report["queued"]["max_ns"].is_u64());

    // One call that hangs to the end is the slowest of all.
    let hanging = agent(5);
    let closed = [
        "-c",
        "Check",
        "--duration",
        "500ms",
        "--timeout",
        "2s",
        "-o",
        "json",
    ];
    let report = bench(&hanging.address(), &closed).run().succeeded().json();
    assert_eq!(report["all"]["calls"], 6);
    let slowest = report["all"]["latency"]["max_ns"].as_u64().unwrap();
    assert!(slowest >= 2_000_000_000, "{report}");
}

#[test]
fn what_fails_is_told_apart() {
    let peer = Peer::start();
    peer.answer("StartContainer", Answer::error(5, "no \u{1b}[31msuch"));
    let arguments = [
        "-c",
        "StartContainer",
        "Check",
        "--calls",
        "10",
        "-o",
        "json",
    ];
    let report = bench(peer.address(), &arguments).run().succeeded().json();
    assert_eq!(
        (&report["all"]["ok"], &report["all"]["failed"]),
        (&5.into(), &5.into())
    );
    assert_eq!(
        report["commands"][0]["failures"],
        serde_json::json!([{
            "failure": "NOT_FOUND (5)",
            "calls": 5,
            "example": "no \\x1b[31msuch"
        }])
    );
    assert_eq!(report["commands"][1]["failures"], Value::Array(vec![]));

    let silent = Listener::start(|_, mut stream| while read_frame(&mut stream).is_ok() {});
    let arguments = [
        "-c",
        "Check",
        "--calls",
        "3",
        "--in-flight",
        "2",
        "--timeout",
        "50ms",
        "-o",
        "json",
    ];
    let output = bench(&silent.address(), &arguments).run();
    let error = "error: no call succeeded; the first one: no answer in time";
    assert_eq!((output.status, output.error()), (4, error));
    let report = output.json();
    assert_eq!(report["all"]["failures"][0]["failure"], "timeout");
    assert_eq!(report["all"]["failures"][0]["calls"], 3);
    assert!(report["all"]["latency"]["min_ns"].as_u64().unwrap() >= 50_000_000);
}

#[test]
fn an_agent_does_not_choose_how_long_the_report_is() {
    let calls = AtomicUsize::new(100);
    let agent = Listener::start(move |_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            let code = u64::try_from(calls.fetch_add(1, Ordering::SeqCst)).unwrap();
            let status = field(1, [vec![0x08], varint(code)].concat());
            if stream.write_all(&frame(stream_id, 2, 0, &status)).is_err() {
                return;
            }
        }
    });
    let arguments = ["-c", "Check", "--calls", "100", "-o", "json"];
    let output = bench(&agent.address(), &arguments).run();
    // That of the first failure.
    assert_eq!(output.status, 164);
    let report = output.json();
    let failures = report["all"]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 33);
    let others = failures.iter().find(|it| it["failure"] == "other failures");
    assert_eq!(others.unwrap()["calls"], 68);
    assert_eq!(report["all"]["failed"], 100);
}

#[test]
fn an_answer_that_is_no_message_of_its_rpc_is_a_failure() {
    let agent = Listener::start(|_, mut stream| {
        while let Ok((stream_id, _)) = read_frame(&mut stream) {
            let answer = frame(stream_id, 2, 0, &field(2, b"\xff\xff"));
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    });
    let arguments = ["-c", "Version", "--calls", "3", "--fail-if", "errors>0%"];
    let output = bench(&agent.address(), &arguments).run();
    assert_eq!(output.status, 5);
    let text = output.text();
    assert!(
        text.contains("calls        3: 0 OK, 3 failed (100.00%)\n"),
        "{text}"
    );
    assert!(
        text.contains("        3  no message of this RPC: the "),
        "{text}"
    );
}

#[test]
fn a_lost_connection_is_made_again() {
    // Each connection takes three calls and answers two.
    let agent = Listener::start(|_, mut stream| {
        for call in 0.. {
            let Ok((stream_id, _)) = read_frame(&mut stream) else {
                return;
            };
            if call == 2 || stream.write_all(&frame(stream_id, 2, 0, b"")).is_err() {
                return;
            }
        }
    });
    let arguments = ["-c", "Check", "--calls", "9", "-o", "json"];
    let report = bench(&agent.address(), &arguments).run().succeeded().json();
    assert_eq!(report["all"]["ok"], 6);
    assert_eq!(
        report["all"]["failures"],
        serde_json::json!([{
            "failure": "connection lost",
            "calls": 3,
            "example": "the agent closed the connection before it answered"
        }])
    );
}

#[test]
fn a_connection_with_thousands_of_unanswered_calls_is_replaced_and_no_call_lost() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let silent = Listener::start(move |_, mut stream| {
        counted.fetch_add(1, Ordering::SeqCst);
        while read_frame(&mut stream).is_ok() {}
    });
    let arguments = [
        "-c",
        "Check",
        "--calls",
        "9000",
        "--in-flight",
        "500",
        "--timeout",
        "10ms",
        "-o",
        "json",
    ];
    let output = bench(&silent.address(), &arguments).run();
    assert_eq!(output.status, 4);
    let report = output.json();
    let failures = &report["all"]["failures"];
    assert_eq!(failures[0]["failure"], "timeout", "{failures}");
    assert_eq!(failures[0]["calls"], 9000, "{failures}");
    // Up to 4,096 calls and those in flight beside them on each.
    let connections = connections.load(Ordering::SeqCst);
    assert!((2..=3).contains(&connections), "{connections}");
}

#[test]
fn conditions_set_the_exit_status() {
    let agent = answers(|_| {});
    let arguments = ["-c", "Check", "--calls", "5", "-o", "csv"];
    let run = |conditions: &[&str]| {
        let conditions = conditions.iter().flat_map(|it| ["--fail-if", it]);
        bench(&agent.address(), &arguments)
            .arguments(conditions)
            .run()
    };
    let passed = run(&[
        "p99>1h",
        "errors>0.1%",
        "errors>0",
        "throughput<0.001",
        "p99.9>=1h",
    ]);
    assert_eq!((passed.status, passed.stderr.as_str()), (0, ""));
    let failed = run(&["p50 < 1h", "max>1h", "errors<=0%"]);
    assert_eq!(failed.status, 5);
    let error = failed.error();
    let rest = error
        .strip_prefix("error: --fail-if p50 < 1h (it is ")
        .unwrap();
    assert!(
        rest.ends_with("s), --fail-if errors<=0% (it is 0.000%)"),
        "{error}"
    );
    // The report is there all the same.
    assert_eq!(failed.text().lines().count(), 3);
}

#[test]
fn calls_that_never_began_have_a_row_of_their_own_with_all() {
    let agent = answers(|call| {
        if call == 0 {
            thread::sleep(Duration::from_millis(400));
        }
    });
    let rows = |arguments: &[&str]| {
        let all = [&["-c", "Check"], arguments].concat();
        let text = bench(&agent.address(), &all).run().succeeded().text();
        text.lines()
            .filter_map(|line| line.split(' ').next())
            .filter(|name| ["all", "Check"].contains(name))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        rows(&["--rate", "1000", "--duration", "200ms"]),
        ["all", "Check"]
    );
    assert_eq!(rows(&["--calls", "5"]), ["Check"]);
}

#[test]
fn nobody_there_is_no_report() {
    let output = bench(
        "unix:///none.sock",
        &["-c", "Check", "--connect-timeout", "0"],
    )
    .run();
    assert_eq!(output.status, 3);
    assert_eq!(output.text(), "");
    assert_eq!(
        output.error(),
        "error: cannot connect to \"unix:///none.sock\": there is no such socket file"
    );
}

#[test]
fn an_agent_that_goes_away_for_good_ends_the_run_with_its_report() {
    let path = Arc::new(OnceLock::<PathBuf>::new());
    let socket = Arc::clone(&path);
    let agent = Listener::start(move |_, mut stream| {
        let (stream_id, _) = read_frame(&mut stream).unwrap();
        stream.write_all(&frame(stream_id, 2, 0, b"")).unwrap();
        read_frame(&mut stream).unwrap();
        fs::remove_file(socket.wait()).unwrap();
    });
    path.set(agent.path.clone()).unwrap();
    let output = bench(
        &agent.address(),
        &["-c", "Check", "--connect-timeout", "300ms", "-o", "json"],
    )
    .run();
    // One call has succeeded.
    assert_eq!(output.status, 0);
    assert_eq!(
        output.error(),
        "warn: no connection was left, and none could be made"
    );
    let report = output.json();
    assert!(report["unconnected_ns"].as_u64().unwrap() > 0);
    assert_eq!(report["ended"], "no_connection");
    assert_eq!(
        (&report["all"]["ok"], &report["all"]["failed"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn ctrl_c_ends_it_with_the_report_so_far() {
    let (sender, first_calls) = std::sync::mpsc::channel();
    let agent = answers(move |call| {
        if call == 10 {
            let _ = sender.send(());
        }
    });
    let running = bench(
        &agent.address(),
        &["-c", "Check", "--duration", "1h", "-o", "json"],
    )
    .start();
    first_calls.recv().unwrap();
    running.interrupt();
    let output = running.wait();
    assert_eq!(output.status, 130);
    assert_eq!(output.error(), "error: interrupted");
    let report = output.json();
    assert_eq!(report["ended"], "interrupted");
    assert!(report["all"]["calls"].as_u64().unwrap() >= 10);
    assert_eq!(report["all"]["failed"], 0);
}

#[test]
fn latencies_are_drawn_into_a_file() {
    let agent = answers(|_| {});
    let folder = tempfile::tempdir().unwrap();
    let run = |file: &str| {
        let arguments = [
            "-c", "Check", "Version", "--calls", "10", "-o", "csv", "--svg", file,
        ];
        bench(&agent.address(), &arguments)
            .folder(folder.path())
            .run()
    };
    run("l.svg").succeeded();
    let svg = fs::read_to_string(folder.path().join("l.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    assert!(svg.ends_with("</svg>\n"));
    // All calls, and two commands.
    assert_eq!(svg.matches("<path fill=\"none\"").count(), 3);
    for text in [
        "Version",
        "Latency by percentile",
        "latency",
        "percentile of calls",
        "99%",
        "max",
    ] {
        assert!(svg.contains(&format!(">{text}</text>")), "{text}: {svg}");
    }
    // Every text begins and ends within the picture, as wide as its letters may be.
    let attribute = |line: &str, name: &str| -> Option<f64> {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        rest.split_once('"')?.0.parse().ok()
    };
    let texts = svg
        .split("<text")
        .skip(1)
        .filter(|it| !it.contains("rotate"));
    for text in texts {
        let x = attribute(text, "x").unwrap();
        let letters = text
            .split_once('>')
            .unwrap()
            .1
            .split_once("</text>")
            .unwrap()
            .0;
        let width = letters.chars().count() as f64 * 7.5;
        let (start, end) = match text {
            _ if text.contains("\"middle\"") => (x - width / 2.0, x + width / 2.0),
            _ if text.contains("\"end\"") => (x - width, x),
            _ => (x, x + width),
        };
        assert!(start >= 0.0 && end <= 900.0, "{start} to {end}: {text}");
    }
    assert!(!svg.contains("NaN") && !svg.contains("inf"));

    // Told before the load test, not after it.
    let failed = run("no/l.svg");
    assert_eq!((failed.status, failed.text()), (2, String::new()));
    assert_eq!(
        failed.error(),
        "error: --svg: cannot write \"no/l.svg\": no such file or directory"
    );
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[],
            "nothing to call: give commands with -c, such as -c Check or -c '9x Check'",
        ),
        (
            &["-c", "0x Check"],
            "the weight in \"0x Check\" is not a whole number from 1 to 1000000",
        ),
        (
            &["-c", "Check", "echo hello"],
            "echo: a built-in command is not a call, and cannot be measured",
        ),
        (
            &["-c", "CopyFile src=/etc/hosts dest=/h"],
            "CopyFile: several calls are needed for this, and a load test makes one; give the \
             request's own fields",
        ),
        (
            &["-c", "Check", "--fail-if", "p99"],
            "invalid value 'p99' for '--fail-if <CONDITION>': \"p99\" compares nothing: write a \
             figure, one of > >= < <=, and a value, as in p99>5ms",
        ),
        (
            &["-c", "Check", "--fail-if", "q>5ms"],
            "invalid value 'q>5ms' for '--fail-if <CONDITION>': \"q\" is not a figure of the report: \
             use p50 (or another percentile, such as p99.9), min, mean, max, errors or throughput",
        ),
        (
            &["-c", "Check", "--fail-if", "p101>5ms"],
            "invalid value 'p101>5ms' for '--fail-if <CONDITION>': \"p101\" is not a figure of the \
             report: use p50 (or another percentile, such as p99.9), min, mean, max, errors or \
             throughput",
        ),
        (
            &["-c", "Check", "--fail-if", "p99>5"],
            "invalid value 'p99>5' for '--fail-if <CONDITION>': \"5\" is not a value of p99: write a \
             time, as in 5ms",
        ),
        (
            &["-c", "Check", "--fail-if", "errors>101%"],
            "invalid value 'errors>101%' for '--fail-if <CONDITION>': \"101%\" is not a value of \
             errors: write a share of the calls from 0% to 100%",
        ),
        (
            &["-c", "Check", "--rate", "0"],
            "invalid value '0' for '--rate <CALLS>': it is a number of calls above 0, at most \
             1000000000",
        ),
        (
            &["-c", "Check", "--duration", "0"],
            "invalid value '0' for '--duration <TIME>': the time to measure must be longer than 0",
        ),
        (
            &["-c", "Check", "--connections", "0"],
            "invalid value '0' for '--connections <N>': it is a whole number from 1 to 1000000",
        ),
    ];
    for (arguments, message) in cases {
        bench("unix:///none.sock", arguments)
            .status(2)
            .stderr(format!("error: {message}\n"))
            .test();
    }
    tool(["bench", "-c", "Check"])
        .status(2)
        .stderr(
            "error: no server address: give --server-address or set KATA_AGENT_SERVER_ADDRESS, for \
             example unix:///run/agent.sock, vsock://3:1024, hvsock:///run/vc/vm/ID/clh.sock:1024 \
             or sim://; on a node, --sandbox takes namespace/pod instead\n",
        )
        .test();
}
