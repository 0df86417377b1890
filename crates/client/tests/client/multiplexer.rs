//! Many calls at a time on one connection: which answer is whose, and what
//! becomes of the connection when the peer is slow, wrong or gone.

use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use agent_client::{Call, CallError, ConnectOptions, Multiplexer, Stage, Status};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tempfile::TempDir;

use crate::peer::{AMPLE, CALL, DATA, Peer, RESPONSE, failed, frame, ok};

const LARGEST: usize = 4_194_304;

/// A call's tag with what it got.
type Answers = Vec<(&'static str, Result<Vec<u8>, CallError>)>;

/// Both ends of a connection.
struct Pair {
    multiplexer: Multiplexer<&'static str>,
    peer: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Pair {
    fn start(script: impl FnOnce(Peer) + Send + 'static) -> Pair {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let peer = thread::spawn(move || script(Peer::new(listener.accept().unwrap().0)));
        let address = format!("unix://{}", path.display()).parse().unwrap();
        let options = ConnectOptions {
            timeout: AMPLE,
            sim: None,
        };
        Pair {
            multiplexer: Multiplexer::connect(&address, &options).unwrap(),
            peer: Some(peer),
            _folder: folder,
        }
    }

    /// Starts calls that carry their tags, and gives their stream IDs.
    fn calls(&mut self, tags: &[&'static str]) -> Vec<u32> {
        let start = |tag: &&'static str| {
            let payload = tag.as_bytes();
            self.multiplexer.start(&Call { payload, ..CALL }, tag)
        };
        tags.iter().map(start).collect::<Result<_, _>>().unwrap()
    }

    /// Sends and receives until there are so many answers, or an error.
    fn answers(&mut self, count: usize) -> (Answers, Result<(), CallError>) {
        let mut answers = Vec::new();
        let began = Instant::now();
        while answers.len() < count {
            assert!(began.elapsed() < AMPLE, "{answers:?}");
            if let Err(error) = self.multiplexer.send() {
                return (answers, Err(error));
            }
            let mut events = PollFlags::POLLIN;
            events.set(PollFlags::POLLOUT, self.multiplexer.is_sending());
            let mut polled = [PollFd::new(self.multiplexer.as_fd(), events)];
            poll(&mut polled, PollTimeout::from(100u8)).unwrap();
            let received = self
                .multiplexer
                .receive(|tag, answer| answers.push((tag, answer)));
            if received.is_err() {
                return (answers, received);
            }
        }
        (answers, Ok(()))
    }

    /// The words of the error that comes next, and the calls that it takes along.
    fn fails(mut self) -> (String, Vec<&'static str>) {
        let error = self.answers(usize::MAX).1.unwrap_err().to_string();
        self.peer.take().map(JoinHandle::join).unwrap().unwrap();
        let mut left: Vec<_> = self.multiplexer.into_calls().collect();
        left.sort_unstable();
        (error, left)
    }
}

#[test]
fn answers_out_of_order_go_to_their_calls() {
    let mut pair = Pair::start(|mut peer| {
        let requests: Vec<_> = (0..3).map(|_| peer.request()).collect();
        let payloads: Vec<_> = requests.iter().map(|(_, it)| &it.payload[..]).collect();
        assert_eq!(payloads, [b"a", b"b", b"c"]);
        let answers = [ok(5, b"C"), failed(1, 5, "no"), ok(3, b"B")].concat();
        // In two pieces, the first of which ends inside a frame.
        peer.send(&answers[..20]);
        peer.send(&answers[20..]);
        peer.wait_for_end();
    });
    assert_eq!(pair.calls(&["a", "b", "c"]), [1, 3, 5]);
    let (answers, result) = pair.answers(3);
    result.unwrap();
    let status = CallError::Status(Status {
        code: 5,
        message: "no".to_owned(),
        details: vec![],
    });
    let expected = [
        ("c", Ok(b"C".to_vec())),
        ("a", Err(status)),
        ("b", Ok(b"B".to_vec())),
    ];
    assert_eq!(answers, expected);
    assert_eq!(pair.multiplexer.into_calls().count(), 0);
}

#[test]
fn a_second_answer_ends_the_connection_after_the_first_was_handed_out() {
    let mut pair = Pair::start(|mut peer| {
        peer.request();
        peer.request();
        peer.send(&[ok(1, b"A"), ok(1, b"A")].concat());
    });
    pair.calls(&["a", "b"]);
    let (answers, result) = pair.answers(2);
    assert_eq!(answers, [("a", Ok(b"A".to_vec()))]);
    assert!(
        result
            .unwrap_err()
            .to_string()
            .starts_with("the agent broke the ttRPC protocol"),
    );
    assert_eq!(pair.multiplexer.into_calls().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn what_is_no_answer_ends_the_connection_and_gives_all_calls_back() {
    let cases: [(Vec<u8>, &str); 5] = [
        (ok(99, b""), "stream 99"),
        (frame(1, DATA, 0, b"x"), "data frame"),
        (frame(1, 1, 0, b"x"), "request"),
        (frame(1, RESPONSE, 0, b"\x0a\x05\x08"), "0a 05 08"),
        (
            b"\x00\x40\x00\x01\x00\x00\x00\x01\x02\x00".to_vec(),
            "4194305",
        ),
    ];
    for (bytes, words) in cases {
        let mut pair = Pair::start(move |mut peer| {
            peer.request();
            peer.request();
            peer.send(&bytes);
        });
        pair.calls(&["a", "b"]);
        let (error, left) = pair.fails();
        assert!(error.contains(words), "{words:?} is not in {error:?}");
        assert_eq!(left, ["a", "b"], "{words}");
    }
}

#[test]
fn the_answer_to_a_call_that_was_given_up_is_discarded_once() {
    let (given_up, go_on) = mpsc::channel();
    let mut pair = Pair::start(move |mut peer| {
        peer.request();
        peer.request();
        go_on.recv().unwrap();
        peer.send(&[ok(1, b"late"), ok(3, b"B"), ok(1, b"again")].concat());
    });
    let ids = pair.calls(&["a", "b"]);
    pair.multiplexer.send().unwrap();
    assert_eq!(pair.multiplexer.give_up(ids[0]), Some("a"));
    assert_eq!(pair.multiplexer.give_up(ids[0]), None);
    assert_eq!(pair.multiplexer.give_up(77), None);
    given_up.send(()).unwrap();
    let (answers, result) = pair.answers(2);
    assert_eq!(answers, [("b", Ok(b"B".to_vec()))]);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("stream 1"), "{error}");
    assert_eq!(pair.multiplexer.into_calls().count(), 0);
}

#[test]
fn requests_wait_for_a_socket_that_is_full_and_nothing_blocks() {
    let (read_on, is_full) = mpsc::channel::<()>();
    let mut pair = Pair::start(move |mut peer| {
        is_full.recv().unwrap();
        for _ in 0..3 {
            let (stream_id, request) = peer.request();
            let answer = (request.payload.len() as u32).to_be_bytes();
            peer.send(&ok(stream_id, &answer));
        }
        peer.wait_for_end();
    });
    let payload = vec![7; 2_000_000];
    for tag in ["a", "b", "c"] {
        let payload = &payload;
        pair.multiplexer
            .start(&Call { payload, ..CALL }, tag)
            .unwrap();
    }
    // The socket takes some of the first, and then no more.
    for _ in 0..2 {
        pair.multiplexer.send().unwrap();
        assert!(pair.multiplexer.is_sending());
    }
    read_on.send(()).unwrap();
    let (answers, result) = pair.answers(3);
    result.unwrap();
    let length = 2_000_000u32.to_be_bytes().to_vec();
    let expected = ["a", "b", "c"].map(|tag| (tag, Ok(length.clone())));
    assert_eq!(answers, expected);
    assert!(!pair.multiplexer.is_sending());
}

#[test]
fn a_request_over_the_limit_leaves_no_trace_and_the_largest_answer_is_taken() {
    let mut pair = Pair::start(|mut peer| {
        let (stream_id, request) = peer.request();
        assert_eq!((stream_id, &request.payload[..]), (1, &b"b"[..]));
        let mut data = b"\x12\xfb\xff\xff\x01".to_vec();
        data.resize(LARGEST, b'y');
        peer.send(&frame(1, RESPONSE, 0, &data));
        peer.wait_for_end();
    });
    let payload = vec![0; LARGEST];
    let payload = &payload;
    let error = pair
        .multiplexer
        .start(&Call { payload, ..CALL }, "a")
        .unwrap_err();
    let size = LARGEST + 14 + 8 + 5 + 6;
    let limit = LARGEST;
    assert_eq!(error, CallError::TooLarge { size, limit });
    assert!(!pair.multiplexer.is_sending());
    assert_eq!(pair.calls(&["b"]), [1]);
    let (answers, result) = pair.answers(1);
    result.unwrap();
    assert_eq!(answers, [("b", Ok(vec![b'y'; LARGEST - 5]))]);
}

#[test]
fn a_lost_connection_gives_back_what_was_not_answered() {
    let mut pair = Pair::start(|mut peer| {
        peer.request();
        peer.request();
        let answer = ok(3, b"B");
        peer.send(&[&answer[..], &answer[..4]].concat());
    });
    pair.calls(&["a", "b"]);
    let (answers, result) = pair.answers(2);
    assert_eq!(answers, [("b", Ok(b"B".to_vec()))]);
    let stage = Stage::Header(b"\x00\x00\x00\x05".to_vec());
    assert_eq!(result, Err(CallError::Closed { stage }));
    assert_eq!(pair.multiplexer.into_calls().collect::<Vec<_>>(), ["a"]);
}
