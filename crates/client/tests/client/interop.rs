//! The client with an implementation that is not this project's: the ttrpc
//! crate's server.

use std::thread;
use std::time::Duration;

use agent_client::{Call, Connection, ErrorKind};

use crate::peer::AMPLE;
use crate::server::serve;
use crate::streams::{call, rest};

#[test]
fn the_ttrpc_crates_server_streams_in_every_direction() {
    let server = serve();
    let mut connection = Connection::connect(&server.address(), &Default::default()).unwrap();

    assert_eq!(connection.call(&call("Echo", b"unary")).unwrap(), b"unary");

    let (_, mut receiver) = connection
        .stream(&call("Count", b"\x03"), false, true)
        .unwrap()
        .split();
    assert_eq!(rest(&mut receiver), ["0", "1", "2"]);
    drop(receiver);

    let (sender, mut receiver) = connection
        .stream(&call("Join", b"a"), true, false)
        .unwrap()
        .split();
    let mut sender = sender.unwrap();
    sender.send(b"").unwrap();
    sender.send(b"bc").unwrap();
    sender.close().unwrap();
    assert_eq!(rest(&mut receiver), ["a,,bc,"]);
    drop(receiver);

    let (sender, mut receiver) = connection
        .stream(&call("EchoAll", b"0"), true, true)
        .unwrap()
        .split();
    let typist = thread::spawn(move || {
        let mut sender = sender.unwrap();
        for message in ["1", "", "3"] {
            sender.send(message.as_bytes()).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        sender.close().unwrap();
    });
    assert_eq!(rest(&mut receiver), ["0", "1", "", "3"]);
    drop(receiver);
    typist.join().unwrap();

    for (client_streams, agent_streams) in [(false, true), (true, false), (true, true)] {
        for (method, code) in [("Fail", 9), ("Missing", 12)] {
            let (_, mut receiver) = connection
                .stream(&call(method, b"x"), client_streams, agent_streams)
                .unwrap()
                .split();
            assert_eq!(
                receiver.next_message().unwrap_err().kind(),
                ErrorKind::Status(code)
            );
        }
    }
    assert_eq!(connection.call(&call("Echo", b"still")).unwrap(), b"still");
}

#[test]
fn the_ttrpc_crates_server_sees_the_timeout_and_the_metadata() {
    let server = serve();
    let mut connection = Connection::connect(&server.address(), &Default::default()).unwrap();
    let metadata = [("k", "2"), ("k", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let answer = connection
        .call(&Call {
            metadata: &metadata,
            timeout: Some(AMPLE),
            ..call("Context", b"")
        })
        .unwrap();
    assert_eq!(answer, b"k=2,1 30000000000");
    assert_eq!(
        connection.call(&call("Nothing", b"")).unwrap_err().kind(),
        ErrorKind::Status(12)
    );
    let elsewhere = Call {
        service: "test.Nowhere",
        ..call("Echo", b"")
    };
    assert_eq!(
        connection.call(&elsewhere).unwrap_err().kind(),
        ErrorKind::Status(3)
    );
}
