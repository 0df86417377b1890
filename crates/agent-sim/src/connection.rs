//! One connection: the ttrpc crate's server, and the layer between it and the
//! client.

use std::collections::HashMap;
use std::future::ready;
use std::io;

use agent_faults::{Budgets, End, Layer};
use futures_util::stream::{StreamExt as _, once, pending};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use ttrpc::asynchronous::transport::Listener;
use ttrpc::asynchronous::{Server, Service};

/// How many bytes are on their way between the server and the layer.
const ROOM: usize = 16 << 10;

/// How many bytes of requests all connections may keep together until they are answered.
const MOST_REQUESTS: usize = 256 << 20;
/// The same of answers, until they are taken.
const MOST_ANSWERS: usize = 64 << 20;

/// What the connections of an agent may keep.
pub(super) fn kept() -> Budgets {
    Budgets::new(MOST_REQUESTS, MOST_ANSWERS)
}

/// Serves a client to the end of its connection, or until `stop` is done. Why it
/// ended comes back.
pub(super) async fn serve(
    services: HashMap<String, Service>,
    layer: Layer,
    client: impl AsyncRead + AsyncWrite + Send + 'static,
    stop: impl Future<Output = ()>,
) -> End {
    let (server_side, layer_side) = duplex(ROOM);
    // A listener that ends before its server makes that panic.
    let listener =
        once(ready(io::Result::Ok(server_side))).chain(pending::<io::Result<DuplexStream>>());
    let mut server = Server::new()
        .add_listener(Listener::new(listener))
        .register_service(services);
    // It has a listener, which is all that it may lack.
    if server.start().await.is_err() {
        return End::Connection;
    }
    // Dropping the server waits for nothing. The layer has waited for it by then.
    layer.run(client, layer_side, stop).await
}
