//! The relay on a socket that is no Unix one: those of vsock, which few test
//! machines have, are handled in the same way.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;

use super::api::{SCHEMA, SERVICE};
use super::unary::pair;
use super::wire::Wire;
use crate::agent::Agent;
use crate::handlers::services;
use crate::options::GuestOptions;
use crate::private;
use crate::relay::{Connections, Relay};

#[test]
fn a_socket_of_another_family_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let clients = thread::spawn(move || {
        let connect = || {
            let socket = OwnedFd::from(TcpStream::connect(address).unwrap());
            Wire::new(UnixStream::from(socket))
        };
        let mut wires: Vec<_> = (0..3).map(|_| connect()).collect();
        for wire in &mut wires {
            assert_eq!(wire.call(SERVICE, "Plain", &pair("x")).status().0, 0);
        }
        for wire in wires {
            wire.leave();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let agent = Arc::new(Agent::new(GuestOptions::default(), None));
        let (_server, address) = private::start(services(&SCHEMA, &agent)).await.unwrap();
        let relay = Relay::new(&address, Arc::new(Connections::default())).unwrap();
        let served = relay.run(listener.into(), Box::new(|_| {}));
        let over = tokio::task::spawn_blocking(|| clients.join().unwrap());
        tokio::select! {
            ended = served => ended.unwrap(),
            over = over => over.unwrap(),
        }
    });
}
