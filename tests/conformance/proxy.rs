//! A hybrid vsock device: takes `CONNECT PORT` on a Unix socket, as a
//! hypervisor does, and then carries bytes to and from an agent's socket.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;

/// Serves connections to `socket` until the process ends.
pub fn start(socket: &Path, agent: PathBuf) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let agent = agent.clone();
            thread::spawn(move || carry(client, &agent));
        }
    });
    Ok(())
}

fn carry(mut client: UnixStream, agent: &Path) -> io::Result<()> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        line.extend(byte);
    }
    if line != b"CONNECT 1024\n" {
        return Ok(());
    }
    let agent = UnixStream::connect(agent)?;
    client.write_all(b"OK 1073741824\n")?;
    let (from, to) = (client.try_clone()?, agent.try_clone()?);
    thread::spawn(move || one_way(from, to));
    one_way(agent, client)
}

fn one_way(mut from: UnixStream, mut to: UnixStream) -> io::Result<()> {
    let copied = io::copy(&mut from, &mut to);
    // The other way ends too: a vsock connection that is closed is closed.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
    copied.map(drop)
}
