#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixStream};

use super::*;

/// The address of a socket file.
fn at(path: &Path) -> Address {
    format!("unix://{}", path.display()).parse().unwrap()
}

#[test]
fn a_socket_file_is_private_and_goes_away_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = Listener::bind(&at(&path)).unwrap();
    let metadata = fs::symlink_metadata(&path).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    drop(listener);
    assert!(!path.exists());
}

#[test]
fn an_abstract_name_is_taken_once() {
    let name = format!("kata-agent-ctl-test-{}", std::process::id());
    let uri: Address = format!("unix://@{name}").parse().unwrap();
    let _listener = Listener::bind(&uri).unwrap();
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    assert!(UnixStream::connect_addr(&address).is_ok());
    assert!(matches!(Listener::bind(&uri), Err(BindError::Live)));
}

#[test]
fn a_stale_socket_is_replaced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let bind = || Listener::bind(&at(&path));

    drop(UnixListener::bind(&path).unwrap());
    drop(bind().unwrap());
    assert!(!path.exists());

    let live = UnixListener::bind(&path).unwrap();
    assert!(matches!(bind(), Err(BindError::Live)));
    fs::remove_file(&path).unwrap();
    drop(live);
    let live = UnixDatagram::bind(&path).unwrap();
    assert!(matches!(bind(), Err(BindError::Live)));
    fs::remove_file(&path).unwrap();
    drop(live);

    fs::write(&path, "x").unwrap();
    assert!(matches!(bind(), Err(BindError::NotASocket("file"))));
    assert_eq!(fs::read(&path).unwrap(), b"x");
    let folder_path = at(folder.path());
    assert!(matches!(
        Listener::bind(&folder_path),
        Err(BindError::NotASocket("folder"))
    ));
}

#[test]
fn a_socket_of_somebody_else_is_left_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let ours = Listener::bind(&at(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    let _theirs = UnixListener::bind(&path).unwrap();
    drop(ours);
    assert!(path.exists());
}

#[test]
fn agents_that_start_together_leave_one_listening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    for _ in 0..20 {
        drop(UnixListener::bind(&path).unwrap());
        let address = at(&path);
        let bound: Vec<_> = thread::scope(|scope| {
            let start = || scope.spawn(|| Listener::bind(&address));
            let threads: Vec<_> = (0..4).map(|_| start()).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let listening = bound.iter().filter(|one| one.is_ok()).count();
        assert_eq!(listening, 1);
        assert!(UnixStream::connect(&path).is_ok());
    }
}

#[test]
fn every_form_of_a_socket_is_bound_and_none_within_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let path_text = path.display();
    for uri in [
        format!("hvsock://{path_text}:1024"),
        format!("remote://{path_text}"),
        format!("mock://{path_text}"),
    ] {
        let listener = Listener::bind(&uri.parse().unwrap()).unwrap();
        assert!(UnixStream::connect(&path).is_ok(), "{uri}");
        drop(listener);
    }
    let address = "sim://".parse().unwrap();
    assert!(matches!(Listener::bind(&address), Err(BindError::Scheme)));
}

#[test]
fn a_context_id_of_another_machine_is_refused() {
    // The hypervisor's: no machine has it.
    let error = Listener::bind(&"vsock://0:1024".parse().unwrap()).unwrap_err();
    let text = error.to_string();
    if let BindError::System(error) = error {
        // A kernel without vsock.
        assert_eq!(error.raw_os_error(), Some(Errno::EAFNOSUPPORT as i32));
    } else {
        assert!(matches!(error, BindError::NotOurs(0)), "{text}");
        assert!(text.contains("vsock://-1:PORT"), "{text}");
    }
}
