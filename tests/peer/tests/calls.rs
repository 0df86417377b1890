//! The peer itself, called by the ttrpc crate's own client.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use ttrpc::asynchronous::Client;
use ttrpc::context::{self, Context};
use typed_peer::protos::agent::{CreateSandboxRequest, GuestDetailsResponse, Storage};
use typed_peer::protos::agent_ttrpc::AgentServiceClient;
use typed_peer::protos::health_ttrpc::HealthClient;
use typed_peer::protos::{agent, health};
use typed_peer::{Answer, Peer};

#[test]
fn the_table_has_every_rpc_of_the_protos() {
    let declared: BTreeSet<_> = typed_peer::files()
        .into_iter()
        .flat_map(|file| file.services())
        .flat_map(|service| {
            let package = service.proto().name().to_owned();
            service
                .methods()
                .map(move |method| {
                    let path = format!("grpc.{package}/{}", method.proto().name());
                    let request = method.input_type().full_name().to_owned();
                    let response = method.output_type().full_name().to_owned();
                    (path, request, response)
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let rows: BTreeSet<_> = typed_peer::rpcs()
        .map(|rpc| {
            let request = rpc.request().full_name().to_owned();
            let response = rpc.response().full_name().to_owned();
            (rpc.path(), request, response)
        })
        .collect();
    assert_eq!(rows, declared);
    assert_eq!(rows.len(), 44);
}

#[tokio::test]
async fn a_request_is_recorded_with_its_metadata_and_timeout() {
    let peer = Peer::start();
    let client = AgentServiceClient::new(Client::connect(peer.address()).await.unwrap());
    let request = CreateSandboxRequest {
        hostname: "a b".to_owned(),
        dns: vec!["8.8.8.8".to_owned(), "1.1.1.1".to_owned()],
        storages: vec![Storage {
            driver: "blk".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let values = vec!["1".to_owned(), "2".to_owned()];
    let mut context = context::with_duration(Duration::from_secs(7));
    context.metadata = HashMap::from([("key".to_owned(), values.clone())]);
    client.create_sandbox(context, &request).await.unwrap();

    let received = peer.only();
    assert_eq!(received.name(), "CreateSandbox");
    assert_eq!(received.rpc.path(), "grpc.AgentService/CreateSandbox");
    assert_eq!(received.request::<CreateSandboxRequest>(), &request);
    assert!(received.is(&request));
    assert!(!received.is(&CreateSandboxRequest::default()));
    assert!(!received.is(&health::CheckRequest::default()));
    assert_eq!(
        received.text(),
        r#"hostname: "a b" dns: "8.8.8.8" dns: "1.1.1.1" storages {driver: "blk"}"#
    );
    assert_eq!(
        received.metadata,
        HashMap::from([("key".to_owned(), values)])
    );
    assert_eq!(received.timeout, Some(Duration::from_secs(7)));
    assert!(peer.received().is_empty());
}

#[tokio::test]
async fn an_unprogrammed_rpc_answers_its_empty_response() {
    let peer = Peer::start();
    let client = HealthClient::new(Client::connect(peer.address()).await.unwrap());
    let answer = client
        .check(Context::default(), &health::CheckRequest::default())
        .await
        .unwrap();
    assert_eq!(answer, health::HealthCheckResponse::default());
    let received = peer.only();
    assert_eq!(received.text(), "");
    assert_eq!(received.timeout, None);
}

#[tokio::test]
async fn answers_are_programmed_per_rpc() {
    let peer = Peer::at(&format!("unix://@peer-{}", std::process::id()));
    let client = AgentServiceClient::new(Client::connect(peer.address()).await.unwrap());

    let details = GuestDetailsResponse {
        mem_block_size_bytes: u64::MAX,
        ..Default::default()
    };
    peer.answer("GetGuestDetails", Answer::ok(&details));
    peer.answer("grpc.AgentService/StartContainer", Answer::error(13, "no"));
    let delay = Duration::from_millis(80);
    let empty = typed_peer::protos::empty::Empty::default();
    peer.answer("PauseContainer", Answer::ok(&empty).after(delay));

    let answer = client
        .get_guest_details(Context::default(), &Default::default())
        .await;
    assert_eq!(answer.unwrap(), details);

    let answer = client
        .start_container(Context::default(), &Default::default())
        .await;
    let Err(ttrpc::Error::RpcStatus(status)) = answer else {
        unreachable!("an error status was asked for");
    };
    assert_eq!((status.code.value(), status.message()), (13, "no"));

    let start = Instant::now();
    client
        .pause_container(Context::default(), &Default::default())
        .await
        .unwrap();
    assert!(start.elapsed() >= delay);

    let names: Vec<_> = peer.received().iter().map(|call| call.name()).collect();
    assert_eq!(
        names,
        ["GetGuestDetails", "StartContainer", "PauseContainer"]
    );
}

#[test]
#[should_panic(expected = "the response type of Check")]
fn an_answer_of_another_type_is_refused() {
    Peer::start().answer("Check", Answer::ok(&agent::OOMEvent::default()));
}

#[test]
fn a_dropped_peer_stops_listening() {
    let peer = Peer::start();
    let path = peer.address().trim_start_matches("unix://").to_owned();
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    drop(peer);
    assert!(std::os::unix::net::UnixStream::connect(&path).is_err());
}
