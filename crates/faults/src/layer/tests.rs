//! The layer between a client and a server that a test plays.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;
use crate::tests::NoFiles;

/// The ends that a test plays.
struct Ends {
    client: DuplexStream,
    server: DuplexStream,
    end: tokio::task::JoinHandle<End>,
}

/// Takes note of the rules that are applied, and of whether the calls go on.
#[derive(Default, Clone)]
struct Notes(Arc<Mutex<Vec<(&'static str, bool)>>>);

impl Observer for Notes {
    fn room(&self) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn begin(&self, _: &Asked<'_>) -> Box<dyn crate::Record> {
        Box::new(self.clone())
    }

    fn is_last(&self, _: &agent_schema::Rpc) -> bool {
        false
    }
}

impl crate::Record for Notes {
    fn fault(&mut self, kind: FaultKind, passes: bool) {
        self.0.lock().unwrap().push((kind.name(), passes));
    }

    fn message(&mut self, _: Side, _: &[u8]) -> Option<Written> {
        None
    }

    fn end(&mut self, _: Answer<'_>) -> Option<Written> {
        None
    }
}

fn between(rules: &[&str]) -> Ends {
    seen_between(rules, Arc::new(()))
}

fn seen_between(rules: &[&str], observer: Arc<dyn Observer>) -> Ends {
    let faults = Faults::new(agent_api::schema(), 1);
    for rule in rules {
        faults.add_line(rule, &mut NoFiles).unwrap();
    }
    let layer = Layer {
        faults: Arc::new(faults),
        observer,
        load: Arc::new(Load::new(&Budgets::new(256 << 20, 64 << 20))),
    };
    let (client, near_client) = duplex(1 << 20);
    let (server, near_server) = duplex(1 << 20);
    let stop = std::future::pending();
    let end = tokio::spawn(layer.run(near_client, near_server, stop));
    Ends {
        client,
        server,
        end,
    }
}

fn request(stream: u32, method: &str, payload: usize) -> Vec<u8> {
    let mut request = Request::new();
    request.service = "grpc.Health".to_owned();
    request.method = method.to_owned();
    request.payload = vec![0; payload];
    let payload = request.write_to_bytes().unwrap();
    let length = u32::try_from(payload.len()).unwrap();
    let header = MessageHeader::new_request(stream, length);
    bytes(GenMessage { header, payload })
}

async fn answer(server: &mut DuplexStream, stream: u32) {
    let response = refusal(0, String::new());
    let sent = server.write_all(&frame_of(stream, &response)).await;
    sent.unwrap();
}

async fn received(side: &mut DuplexStream) -> GenMessage {
    GenMessage::read_from(side).await.unwrap()
}

#[tokio::test]
async fn no_more_is_read_than_may_wait_for_an_answer() {
    let mut ends = between(&[]);
    let (mut from_client, mut to_client) = split(ends.client);
    let sending = tokio::spawn(async move {
        for number in 0..40 {
            let frame = request(2 * number + 1, "Check", 4_000_000);
            if to_client.write_all(&frame).await.is_err() {
                break;
            }
        }
    });
    let wait = Duration::from_millis(300);
    let mut count = 0;
    while let Ok(frame) = timeout(wait, received(&mut ends.server)).await {
        assert_eq!(frame.header.stream_id, 2 * count + 1);
        count += 1;
    }
    // 64 MiB of them.
    assert_eq!(count, 17);
    answer(&mut ends.server, 1).await;
    let next = received(&mut ends.server).await;
    assert_eq!(next.header.stream_id, 2 * count + 1);
    let answered = GenMessage::read_from(&mut from_client).await.unwrap();
    assert_eq!(answered.header.stream_id, 1);
    sending.abort();
}

#[tokio::test]
async fn a_call_that_is_delayed_holds_up_no_other_and_keeps_its_time_limit() {
    let notes = Notes::default();
    let rules = ["delay Check 50ms", "delay Version 1h"];
    let mut ends = seen_between(&rules, Arc::new(notes.clone()));
    let mut late = Request::parse_from_bytes(&request(1, "Version", 0)[10..]).unwrap();
    late.timeout_nano = 20_000_000;
    let payload = late.write_to_bytes().unwrap();
    let header = MessageHeader::new_request(1, u32::try_from(payload.len()).unwrap());
    let late = bytes(GenMessage { header, payload });
    ends.client.write_all(&late).await.unwrap();
    ends.client
        .write_all(&request(3, "Check", 0))
        .await
        .unwrap();
    ends.client
        .write_all(&request(5, "Other", 0))
        .await
        .unwrap();
    // The RPC that no rule is about comes first, and the one that is too late never.
    assert_eq!(received(&mut ends.server).await.header.stream_id, 5);
    assert_eq!(received(&mut ends.server).await.header.stream_id, 3);
    let answered = received(&mut ends.client).await;
    assert_eq!(answered.header.stream_id, 1);
    let response = Response::parse_from_bytes(&answered.payload).unwrap();
    assert_eq!(response.status.message, "timeout");
    let noted = notes.0.lock().unwrap().clone();
    assert_eq!(noted, [("delay", false), ("delay", true)]);
}

#[tokio::test]
async fn it_is_told_whether_a_call_goes_on_to_the_server() {
    for (rule, passes) in [
        ("fail Check UNAVAILABLE", false),
        ("reply Check", false),
        ("drop Check", false),
        ("close Check", false),
        ("die Check", false),
        ("garbage Check", false),
        ("reply-with Check status=SERVING", true),
        ("truncate Check", true),
    ] {
        let notes = Notes::default();
        let mut ends = seen_between(&[rule], Arc::new(notes.clone()));
        let frame = request(1, "Check", 0);
        ends.client.write_all(&frame).await.unwrap();
        let wait = Duration::from_millis(100);
        let mut byte = [0];
        let came = timeout(wait, ends.server.read(&mut byte)).await;
        assert_eq!(matches!(came, Ok(Ok(1))), passes, "{rule}");
        let kind = rule.split(' ').next().unwrap();
        assert_eq!(notes.0.lock().unwrap()[..], [(kind, passes)], "{rule}");
    }
}

#[tokio::test]
async fn either_side_ends_the_connection() {
    let ends = between(&[]);
    drop(ends.client);
    assert_eq!(ends.end.await.unwrap(), End::Connection);
    let ends = between(&[]);
    drop(ends.server);
    assert_eq!(ends.end.await.unwrap(), End::Connection);
    let mut ends = between(&["die *"]);
    ends.client
        .write_all(&request(1, "Check", 0))
        .await
        .unwrap();
    assert_eq!(ends.end.await.unwrap(), End::Dies);
}
