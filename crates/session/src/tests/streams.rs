//! The two sides of a stream: messages from standard input, and the agent's answers.

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;

use super::super::messages::Messages;
use super::super::prepare;
use super::Run;
use super::agent::{Agent, DATA, Peer, RESPONSE, response, text};
use crate::Source;
use agent_report::log::Level;
use agent_request::input::Inputs;
use agent_schema::{Rpc, Schema, Service, lookup};

const REMOTE_CLOSED: u8 = 1;
const NO_DATA: u8 = 4;

/// RPCs that stream, as no agent's own do: messages are the names of services, answers the IDs
/// of containers.
static STREAMS: LazyLock<Schema> = LazyLock::new(|| {
    let own = agent_api::schema();
    let rpc = |name, client_streaming, server_streaming| Rpc {
        service: "test.Streams",
        file: "test.proto",
        name,
        doc: "",
        deprecated: false,
        request: lookup::rpc(own, "Check").unwrap().request,
        response: lookup::rpc(own, "GetOOMEvent").unwrap().response,
        client_streaming,
        server_streaming,
    };
    let rpcs = vec![
        rpc("Collect", true, false),
        rpc("Watch", false, true),
        rpc("Exchange", true, true),
    ];
    let service: &'static Service = Box::leak(Box::new(Service {
        full_name: "test.Streams",
        file: "test.proto",
        doc: "",
        deprecated: false,
        rpcs: rpcs.leak(),
    }));
    Schema {
        services: vec![service].leak(),
        messages: own.messages,
        enums: own.enums,
        files: own.files,
        source: own.source,
        hash: own.hash,
        changes: "",
    }
});

/// A run whose messages are the lines of `input`.
fn run(agent: &Agent, input: &'static str) -> Run {
    let mut run = Run::of(agent);
    run.schema = &STREAMS;
    run.input = Some(input);
    run
}

/// The texts of a stream's messages, up to where the client closes its side; `None` where it
/// goes away without that.
fn messages(peer: &mut Peer) -> Option<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    loop {
        let (_, flags, data) = peer.frame().ok()?;
        if flags & NO_DATA == 0 {
            messages.push(data);
        }
        if flags & REMOTE_CLOSED != 0 {
            return Some(messages);
        }
    }
}

#[test]
fn messages_are_sent_until_there_are_no_more_and_then_the_side_is_closed() {
    let (sender, received) = mpsc::channel();
    let agent = Agent::serving(move |mut peer| {
        let (id, _) = peer.request().unwrap();
        sender.send(messages(&mut peer)).unwrap();
        peer.send(id, RESPONSE, 0, &response(Ok(text(1, "all"))));
        let _ = peer.frame();
    });
    let input = "{\"service\":\"b\"}\n\n{\"service\":\"c\"}";
    let outcome = run(&agent, input).commands(&["Collect service=a"]);
    assert_eq!(outcome.exit_status, 0, "{:?}", outcome.lines);
    assert_eq!(outcome.lines, ["| {\"container_id\":\"all\"}"]);
    let sent = vec![text(1, "a"), text(1, "b"), text(1, "c")];
    assert_eq!(received.recv().unwrap(), Some(sent));
}

#[test]
fn every_answer_is_printed_as_it_comes() {
    let agent = Agent::serving(|mut peer| {
        let (id, _) = peer.request().unwrap();
        for name in ["a", "b"] {
            peer.send(id, DATA, 0, &text(1, name));
        }
        peer.send(id, DATA, REMOTE_CLOSED | NO_DATA, &[]);
        let (id, _) = peer.request().unwrap();
        peer.send(id, RESPONSE, 0, &response(Err((13, "broken"))));
        let _ = peer.frame();
    });
    let outcome = run(&agent, "").commands(&["Watch service=x", "Watch"]);
    assert_eq!(outcome.exit_status, 77);
    assert_eq!(
        outcome.lines,
        [
            "| {\"container_id\":\"a\"}",
            "| {\"container_id\":\"b\"}",
            "error: Watch: the agent answered code: INTERNAL (13): broken"
        ]
    );
    // Both over one connection.
    assert_eq!(agent.connections(), 1);
}

#[test]
fn a_wrong_line_ends_the_stream_without_closing_its_side() {
    let (sender, received) = mpsc::channel();
    let agent = Agent::serving(move |mut peer| {
        if peer.request().is_ok() {
            sender.send(messages(&mut peer)).unwrap();
        }
    });
    let input = "{\"service\":\"a\"}\n\n{\"sevrice\":1}\n{\"service\":\"b\"}\n";
    for rpc in ["Collect", "Exchange"] {
        let outcome = run(&agent, input).commands(&[rpc, "echo never"]);
        assert_eq!(outcome.exit_status, 2);
        let start = format!("error: {rpc}: standard input, line 3: ");
        let [line] = &outcome.lines[..] else {
            panic!("{:?}", outcome.lines);
        };
        assert!(
            line.starts_with(&start) && line.contains("\"sevrice\""),
            "{line}"
        );
        // An agent must not take what came for all that there is.
        assert_eq!(received.recv().unwrap(), None);
    }
}

#[test]
fn an_agent_may_end_a_stream_before_the_messages_do() {
    for (answer, exit_status, lines) in [
        (
            Ok(text(1, "enough")),
            0,
            vec!["| {\"container_id\":\"enough\"}"],
        ),
        (
            Err((9, "enough")),
            73,
            vec!["error: Collect: the agent answered code: FAILED_PRECONDITION (9): enough"],
        ),
    ] {
        let answer = response(answer);
        let agent = Agent::serving(move |mut peer| {
            let (id, _) = peer.request().unwrap();
            peer.send(id, RESPONSE, 0, &answer);
            while peer.frame().is_ok() {}
        });
        // Standard input that never ends.
        let (near, _far) = UnixStream::pair().unwrap();
        let mut run = run(&agent, "");
        run.options.settings.calls.timeout = Some(Duration::from_secs(60));
        let command = Source::Command("Collect".to_owned());
        let commands = prepare(
            run.schema,
            &[command],
            run.options.settings.clone(),
            &mut Inputs::default(),
        );
        let commands = commands.unwrap();
        let outcome = run.session(|session| {
            session.messages = Messages::of(BufReader::new(near));
            session.run(&commands)
        });
        assert_eq!(
            (outcome.exit_status, outcome.lines),
            (exit_status, owned(&lines))
        );
    }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn a_stream_leaves_no_message_to_the_next_one_but_those_that_it_did_not_take() {
    let agent = Agent::serving(|mut peer| {
        while let Ok((id, _)) = peer.request() {
            let count = messages(&mut peer).unwrap().len();
            peer.send(id, RESPONSE, 0, &response(Ok(text(1, &count.to_string()))));
        }
    });
    let outcome = run(&agent, "{}\n{}\n").commands(&["Collect service=a", "Collect service=a"]);
    assert_eq!(
        outcome.lines,
        ["| {\"container_id\":\"3\"}", "| {\"container_id\":\"1\"}"]
    );
}

#[test]
fn a_dry_run_prints_the_messages_and_names_a_wrong_one() {
    let agent = Agent::content();
    let input = "{\"service\":\"b\"}\n[]\n";
    let outcome = run(&agent, input)
        .with(|options| options.settings.dry_run = true)
        .commands(&["Collect service=a"]);
    assert_eq!((outcome.exit_status, agent.connections()), (2, 0));
    assert_eq!(
        outcome.printed(),
        ["{\"service\":\"a\"}", "{\"service\":\"b\"}"]
    );
    let start = "error: Collect: standard input, line 2: ";
    assert!(outcome.shown()[0].starts_with(start), "{:?}", outcome.lines);
}

#[test]
fn messages_and_answers_are_shown_and_logged() {
    let agent = Agent::serving(|mut peer| {
        let (id, _) = peer.request().unwrap();
        messages(&mut peer);
        peer.send(id, DATA, 0, &text(1, "x"));
        peer.send(id, DATA, REMOTE_CLOSED | NO_DATA, &[]);
        let _ = peer.frame();
    });
    let mut run = run(&agent, "{\"service\":\"b\"}\n").with(|options| options.verbose = true);
    run.level = Level::Trace;
    let address = agent.address();
    assert_eq!(
        run.commands(&["Exchange service=a"]).lines,
        [
            "trace: request: 0a0161",
            "> test.Streams/Exchange (3 bytes)",
            "> {\"service\":\"a\"}",
            &format!("debug: connected to {address}"),
            "trace: request: 0a0162",
            "> {\"service\":\"b\"}",
            "trace: response: 0a0178",
            "| {\"container_id\":\"x\"}",
            "info: response received: Exchange status=OK",
            "< OK",
        ]
    );
}
