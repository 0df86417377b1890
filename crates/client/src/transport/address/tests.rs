//! Addresses as users write them, and what they are told about wrong ones.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use proptest::prelude::*;

use super::*;

fn path(path: &str) -> SocketName {
    SocketName::Path(path.to_owned())
}

#[test]
fn every_form_is_read_and_written_back() {
    let name = |name: &str| SocketName::Abstract(name.to_owned());
    let hybrid = |socket, port| Address::Hybrid(HybridSocket { socket, port });
    let plain = |socket, port: Option<&str>| PlainSocket {
        socket,
        port: port.map(str::to_owned),
    };
    let any = u32::MAX;
    let rows = [
        ("unix:///run/a.sock", Address::Unix(path("/run/a.sock"))),
        ("unix://./a.sock", Address::Unix(path("./a.sock"))),
        ("unix://@agent", Address::Unix(name("agent"))),
        ("unix://@/tmp/agent", Address::Unix(name("/tmp/agent"))),
        ("unix:///a b:1://@", Address::Unix(path("/a b:1://@"))),
        (
            "vsock://3:1024",
            Address::Vsock(VsockPort { cid: 3, port: 1024 }),
        ),
        (
            "vsock://-1:0",
            Address::Vsock(VsockPort { cid: any, port: 0 }),
        ),
        (
            "hvsock:///run/clh.sock:1024",
            hybrid(path("/run/clh.sock"), 1024),
        ),
        ("hvsock:///a:b:4294967295", hybrid(path("/a:b"), any)),
        (
            "remote:///run/a",
            Address::Remote(plain(path("/run/a"), None)),
        ),
        (
            "remote:///run/a:1024",
            Address::Remote(plain(path("/run/a"), Some("1024"))),
        ),
        (
            "mock:///run/a:b",
            Address::Mock(plain(path("/run/a:b"), None)),
        ),
        (
            "mock:///run/a:",
            Address::Mock(plain(path("/run/a:"), None)),
        ),
        ("sim://", Address::Sim),
    ];
    for (text, address) in rows {
        assert_eq!(text.parse(), Ok(address), "{text}");
        assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
    }
    for text in ["vsock://:7", "vsock://4294967295:7"] {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), "vsock://-1:7");
    }
}

#[test]
fn a_wrong_address_says_what_a_right_one_looks_like() {
    let all = "unix:///PATH, vsock://CID:PORT, hvsock:///PATH:PORT, remote:///PATH, \
               mock:///PATH or sim://";
    let unix = "unix:///PATH or unix://@NAME";
    let rows = [
        ("", format!("it has no scheme, write {all}")),
        ("a.sock", format!("it has no scheme, write {all}")),
        (
            "/run/a.sock",
            "it has no scheme, write unix:///run/a.sock".to_owned(),
        ),
        (
            "./a.sock",
            "it has no scheme, write unix://./a.sock".to_owned(),
        ),
        ("@a", "it has no scheme, write unix://@a".to_owned()),
        (
            "unix:/run/a.sock",
            "it has no scheme, write unix:///run/a.sock".to_owned(),
        ),
        (
            "vsock:3:1024",
            "it has no scheme, write vsock://3:1024".to_owned(),
        ),
        (
            "3:1024",
            "it has no scheme, write vsock://3:1024".to_owned(),
        ),
        ("a:b", format!("it has no scheme, write {all}")),
        (
            "UNIX:///a",
            "the scheme \"UNIX\" is unknown, write unix:///a".to_owned(),
        ),
        (
            "tcp://1:2",
            format!("the scheme \"tcp\" is unknown, write {all}"),
        ),
        ("unix://", format!("the path is empty, write {unix}")),
        (
            "unix://@",
            format!("the name after the @ is empty, write {unix}"),
        ),
        (
            "vsock://3",
            "it has no port, write vsock://CID:PORT".to_owned(),
        ),
        (
            "vsock://3:",
            "it has no port, write vsock://CID:PORT".to_owned(),
        ),
        (
            "vsock://3:4294967296",
            "\"4294967296\" is not a port, a number from 0 to 4294967295, write vsock://CID:PORT"
                .to_owned(),
        ),
        (
            "vsock://+3:1",
            "\"+3\" is not a context ID, a number from 0 to 4294967295, or -1 for any, \
             write vsock://CID:PORT"
                .to_owned(),
        ),
        (
            "hvsock:///run/a",
            "it has no port, write hvsock:///PATH:PORT".to_owned(),
        ),
        (
            "hvsock://:1024",
            "the path is empty, write hvsock:///PATH:PORT".to_owned(),
        ),
        (
            "hvsock:///run/a:b",
            "\"b\" is not a port, a number from 0 to 4294967295, write hvsock:///PATH:PORT"
                .to_owned(),
        ),
        (
            "remote://:1024",
            "the path is empty, write remote:///PATH or remote:///PATH:PORT".to_owned(),
        ),
        (
            "sim://x",
            "nothing may follow the scheme, but \"x\" does, write sim://".to_owned(),
        ),
    ];
    for (text, problem) in rows {
        assert_eq!(
            text.parse::<Address>().unwrap_err().to_string(),
            format!("{text:?} is not an agent's address: {problem}")
        );
    }
}

#[test]
fn a_name_has_at_most_what_an_address_has_room_for() {
    let (name, file) = ("x".repeat(107), "x".repeat(82));
    let folders = "deep/".repeat(400);
    for (longest, limit) in [
        (format!("unix://@{name}"), 107),
        (format!("unix:///{folders}{file}"), 82),
        (format!("hvsock:///{folders}{file}"), 82),
        (format!("remote://{folders}{file}"), 82),
    ] {
        let port = if longest.starts_with("hvsock") {
            ":1024"
        } else {
            ""
        };
        assert!(format!("{longest}{port}").parse::<Address>().is_ok());
        let error = format!("{longest}x{port}").parse::<Address>().unwrap_err();
        let AddressError::Malformed { problem, .. } = error else {
            unreachable!("{error}");
        };
        let length = limit + 1;
        assert_eq!(problem, AddressProblem::TooLong { length, limit });
    }
    // Alone it may be as long as the whole path.
    let text = format!("unix://{name}");
    assert!(text.parse::<Address>().is_ok());
}

#[test]
fn only_a_unix_socket_becomes_a_hybrid_one() {
    let unix: Address = "unix:///run/a.sock".parse().unwrap();
    let hybrid = unix.clone().with_hybrid_vsock(AGENT_PORT).unwrap();
    assert_eq!(hybrid.to_string(), "hvsock:///run/a.sock:1024");
    let hybrid = unix.with_hybrid_vsock(7).unwrap();
    assert_eq!(hybrid.to_string(), "hvsock:///run/a.sock:7");
    assert_eq!(
        hybrid
            .with_hybrid_vsock(AGENT_PORT)
            .unwrap_err()
            .to_string(),
        "hybrid vsock needs a unix:// address, not \"hvsock:///run/a.sock:7\""
    );
}

proptest! {
    #[test]
    fn whatever_is_an_address_is_written_as_one(
        text in "(unix|vsock|hvsock|remote|mock|sim|x)?(://|:)?[@/]?[-a-z0-9:.\0é]{0,12}"
    ) {
        if let Ok(address) = text.parse::<Address>() {
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }
    }
}
